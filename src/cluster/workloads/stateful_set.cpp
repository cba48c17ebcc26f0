#include "cluster/workloads/stateful_set_plan.h"
#include "cluster/workloads/workloads.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

class StatefulSetController final : public Controller {
 public:
  explicit StatefulSetController(World& world)
      : Controller(world, Kind::stateful_set, "statefulset-controller") {
    watch_own();
    watch_owned(Kind::pod);
    watch_owned(Kind::revision);
    world_.of(Kind::claim).on_change([this](const Facts* before, const Facts* now) {
      if (before != nullptr && now == nullptr) wake_users_of(*before);
    });
  }

 private:
  // A pod with that name may be made now.
  void wake_users_of(const Facts& claim) {
    for (const Facts* set : world_.of(Kind::stateful_set).all(claim.name_space))
      if (claim.name.contains(set->name)) queue_.add(set->key());
  }

  Task<void> reconcile(std::string key) override {
    if (!copy_of_own(key)) co_return;
    const Facts self = *copy_of_own(key);
    co_await claim(self, Kind::pod);
    co_await claim(self, Kind::revision);
    const std::optional<json::Tree> wanted = world_.of(kind_).read(key);
    if (!wanted || kube::text_at(wanted->root(), "metadata.uid") != self.uid) co_return;
    co_await perform(self, plan_now(self, wanted->root()));
  }

  Plan plan_now(const Facts& self, const json::Item& wanted) {
    std::vector<json::Tree> there;
    for (const Facts* revision : world_.of(Kind::revision).owned_by(self.uid))
      if (auto tree = world_.of(Kind::revision).read(revision->key())) there.push_back(*std::move(tree));
    std::map<std::string, const Facts*, std::less<>> volume_claims;
    for (const Facts* claim : world_.of(Kind::claim).all(self.name_space)) volume_claims[claim->name] = claim;
    const Pods pods = as_pods(world_.of(Kind::pod).owned_by(self.uid));
    const Revisions revisions(wanted, Kind::stateful_set, self, std::move(there));
    return plan_stateful_set({wanted, self, pods, volume_claims, revisions, world_.now()});
  }
};

}  // namespace

std::unique_ptr<Controller> make_stateful_set_controller(World& world) {
  return std::make_unique<StatefulSetController>(world);
}

}  // namespace podo::controllers
