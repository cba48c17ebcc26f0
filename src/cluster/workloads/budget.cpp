#include "cluster/workloads/budget_plan.h"
#include "cluster/workloads/workloads.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

std::optional<Kind> scalable_kind(std::string_view name) {
  for (const Kind kind :
       {Kind::replica_set, Kind::replication_controller, Kind::stateful_set, Kind::deployment})
    if (names_of(kind).kind == name) return kind;
  return std::nullopt;
}

class BudgetController final : public Controller {
 public:
  explicit BudgetController(World& world) : Controller(world, Kind::budget, "controllermanager") {
    watch_own();
    world_.of(Kind::pod).on_change([this](const Facts* before, const Facts* now) {
      if (before != nullptr && now != nullptr && as_pod(*before).ready == as_pod(*now).ready &&
          before->deleting() == now->deleting() && before->labels == now->labels)
        return;
      for (const Facts* budget : world_.of(kind_).all((now != nullptr ? now : before)->name_space)) {
        if (!budget->selector) continue;
        if ((before != nullptr && matches(*budget->selector, before->labels)) ||
            (now != nullptr && matches(*budget->selector, now->labels)))
          queue_.add(budget->key());
      }
    });
    for (const Kind kind :
         {Kind::replica_set, Kind::replication_controller, Kind::stateful_set, Kind::deployment})
      world_.of(kind).on_change([this](const Facts*, const Facts* now) {
        if (now == nullptr) return;
        for (const Facts* budget : world_.of(kind_).all(now->name_space)) queue_.add(budget->key());
      });
  }

 private:
  Task<void> reconcile(std::string key) override {
    const std::optional<Facts> self = copy_of_own(key);
    const std::optional<json::Tree> wanted = world_.of(kind_).read(key);
    if (!self || !wanted || self->deleting()) co_return;
    co_await perform(*self, plan_now(*self, wanted->root()));
  }

  Plan plan_now(const Facts& self, const json::Item& wanted) const {
    BudgetInput in{.wanted = wanted, .self = self, .pods = {}, .expected = 0, .now = world_.now()};
    for (const Pod* pod : as_pods(world_.of(Kind::pod).all(self.name_space)))
      if (self.selector && matches(*self.selector, pod->labels) && !pod->ended()) in.pods.push_back(pod);
    std::map<std::string, std::int64_t> wanted_by;  // by the uid of the controller
    for (const Pod* pod : in.pods) {
      const auto replicas = add_controller(*pod, wanted_by);
      if (replicas) continue;
      in.expected.reset();
      in.problem = replicas.error().message();
      break;
    }
    for (const auto& [uid, replicas] : wanted_by)
      if (in.expected) *in.expected += replicas;
    return plan_budget(in);
  }

  Result<void> add_controller(const Pod& pod, std::map<std::string, std::int64_t>& wanted_by) const {
    if (!pod.owner) return invalid("found no controller ref for pod \"{}\"", pod.name);
    const Facts* controller = find(pod.name_space, *pod.owner);
    if (controller == nullptr) return invalid("found no controllers for pod \"{}\"", pod.name);
    Kind kind = *scalable_kind(pod.owner->kind);
    if (controller->owner && scalable_kind(controller->owner->kind)) {
      const Facts* above = find(pod.name_space, *controller->owner);
      if (above != nullptr) {
        kind = *scalable_kind(controller->owner->kind);
        controller = above;
      }
    }
    const std::optional<json::Tree> object = world_.of(kind).read(controller->key());
    const json::Item* replicas = object ? kube::find_at(object->root(), "spec.replicas") : nullptr;
    wanted_by[controller->uid] = replicas != nullptr ? replicas->as_int64().value_or(0) : 1;
    return {};
  }

  const Facts* find(std::string_view name_space, const Owner& owner) const {
    const std::optional<Kind> kind = scalable_kind(owner.kind);
    const Facts* found = kind ? world_.of(*kind).find(name_space, owner.name) : nullptr;
    return found != nullptr && found->uid == owner.uid ? found : nullptr;
  }
};

}  // namespace

std::unique_ptr<Controller> make_budget_controller(World& world) {
  return std::make_unique<BudgetController>(world);
}

}  // namespace podo::controllers
