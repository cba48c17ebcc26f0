#include "cluster/workloads/deployment_plan.h"
#include "cluster/workloads/pod_template.h"
#include "cluster/workloads/workloads.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

class DeploymentController final : public Controller {
 public:
  explicit DeploymentController(World& world) : Controller(world, Kind::deployment, "deployment-controller") {
    watch_own();
    watch_owned(Kind::replica_set);
    // A Recreate waits for the last old pod to go.
    world_.of(Kind::pod).on_change([this](const Facts* before, const Facts* now) {
      const Facts& pod = now != nullptr ? *now : *before;
      const bool ends = now == nullptr || as_pod(*now).ended();
      if (!ends || !pod.owner || pod.owner->kind != "ReplicaSet") return;
      const Facts* set = world_.of(Kind::replica_set).find(pod.name_space, pod.owner->name);
      if (set != nullptr && set->owner) queue_.add(set->name_space + "/" + set->owner->name);
    });
  }

 private:
  Task<void> reconcile(std::string key) override {
    if (!copy_of_own(key)) co_return;
    const Facts self = *copy_of_own(key);
    co_await claim(self, Kind::replica_set);
    const std::optional<json::Tree> wanted = world_.of(kind_).read(key);
    if (!wanted || kube::text_at(wanted->root(), "metadata.uid") != self.uid) co_return;
    Plan plan = plan_now(self, wanted->root());
    const bool makes_set = !plan.writes.empty() && plan.writes.front().verb == Write::Verb::create;
    const std::string set = makes_set ? plan.writes.front().name : std::string();
    const Result<void> performed = co_await perform(self, std::move(plan)).result();
    if (!performed && makes_set) co_await note_failure(self, wanted->root(), set, performed.error());
    co_await Result<void>(performed);
  }

  Plan plan_now(const Facts& self, const json::Item& wanted) {
    std::vector<json::Tree> sets;
    Pods pods;
    for (const Facts* set : world_.of(Kind::replica_set).owned_by(self.uid)) {
      if (auto tree = world_.of(Kind::replica_set).read(set->key())) sets.push_back(*std::move(tree));
      for (const Pod* pod : as_pods(world_.of(Kind::pod).owned_by(set->uid))) pods.push_back(pod);
    }
    return plan_deployment({wanted, self, std::move(sets), pods, world_.now()});
  }

  // The name may be taken by our own ReplicaSet, whose answer was lost; then nothing is wrong.
  Task<void> note_failure(const Facts& self, const json::Item& wanted, std::string set, Error error) {
    if (error.kind() == ErrorKind::conflict || error.kind() == ErrorKind::cancelled) co_return;
    const bool taken = error.kind() == ErrorKind::already_exists;
    if (taken) {
      const client::Where where{
          .resource = &world_.of(Kind::replica_set).resource(), .name_space = self.name_space, .name = set};
      const json::Tree there = co_await world_.ground.client.get(where);
      const auto facts = facts_of(Kind::replica_set, there.root());
      if (facts->owner && facts->owner->uid == self.uid &&
          same_template(kube::part_at(there.root(), "spec.template"), kube::part_at(wanted, "spec.template")))
        co_return;
    }
    std::vector<Write> writes;
    if (auto status = plan_create_failure(wanted, set, taken, error.message(), world_.now()))
      writes.push_back(*std::move(status));
    co_await perform(self, std::move(writes));
  }
};

}  // namespace

std::unique_ptr<Controller> make_deployment_controller(World& world) {
  return std::make_unique<DeploymentController>(world);
}

}  // namespace podo::controllers
