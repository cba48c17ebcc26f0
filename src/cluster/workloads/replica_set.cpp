#include "cluster/workloads/replica_set_plan.h"

#include "cluster/workloads/workloads.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

class ReplicaSetController final : public Controller {
 public:
  ReplicaSetController(World& world, Kind kind)
      : Controller(world, kind,
                   kind == Kind::replica_set ? "replicaset-controller" : "replication-controller") {
    watch_own();
    watch_owned(Kind::pod);
  }

 private:
  // Active pods of the siblings: the load is spread over all of them.
  Pods related_to(const Facts& self) const {
    Pods related;
    const auto add_pods_of = [&](const Facts& set) {
      for (const Pod* pod : as_pods(world_.of(Kind::pod).owned_by(set.uid)))
        if (pod->active()) related.push_back(pod);
    };
    if (!self.owner) add_pods_of(self);
    else
      for (const Facts* sibling : world_.of(kind_).owned_by(self.owner->uid)) add_pods_of(*sibling);
    return related;
  }

  Task<void> reconcile(std::string key) override {
    if (!copy_of_own(key)) co_return;
    const Facts self = *copy_of_own(key);
    co_await claim(self, Kind::pod);
    const std::optional<json::Tree> wanted = world_.of(kind_).read(key);
    if (!wanted || kube::text_at(wanted->root(), "metadata.uid") != self.uid) co_return;
    Plan plan;
    {
      const Pods pods = as_pods(world_.of(Kind::pod).owned_by(self.uid)), related = related_to(self);
      plan = plan_replicas({kind_, wanted->root(), self, pods, related, world_.now()});
    }
    const Result<void> performed = co_await perform(self, std::move(plan)).result();
    co_await write_status(self, wanted->root(), performed ? std::string() : performed.error().message());
    co_await Result<void>(performed);
  }

  Task<void> write_status(const Facts& self, const json::Item& wanted, std::string problem) {
    Plan plan;
    const Pods pods = as_pods(world_.of(Kind::pod).owned_by(self.uid));
    const Seconds now = world_.now();
    if (auto status = plan_replica_status({kind_, wanted, self, pods, {}, now}, problem))
      plan.writes.push_back(*std::move(status));
    if (const auto next = next_available(pods, kube::number_at(wanted, "spec.minReadySeconds"), now))
      plan.look_again(*next);
    co_await perform(self, std::move(plan));
  }
};

}  // namespace

std::unique_ptr<Controller> make_replica_set_controller(World& world) {
  return std::make_unique<ReplicaSetController>(world, Kind::replica_set);
}
std::unique_ptr<Controller> make_replication_controller(World& world) {
  return std::make_unique<ReplicaSetController>(world, Kind::replication_controller);
}

}  // namespace podo::controllers
