#include "cluster/workloads/revised_controller.h"
#include "cluster/workloads/stateful_set_plan.h"
#include "cluster/workloads/workloads.h"

namespace podo::controllers {
namespace {

class StatefulSetController final : public RevisedController {
 public:
  explicit StatefulSetController(World& world)
      : RevisedController(world, Kind::stateful_set, "statefulset-controller") {
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

  Plan plan(const Facts& self, const json::Item& wanted, const Pods& pods,
            const Revisions& revisions) override {
    std::map<std::string, const Facts*, std::less<>> volume_claims;
    for (const Facts* claim : world_.of(Kind::claim).all(self.name_space)) volume_claims[claim->name] = claim;
    return plan_stateful_set({wanted, self, pods, volume_claims, revisions, world_.now()});
  }
};

}  // namespace

std::unique_ptr<Controller> make_stateful_set_controller(World& world) {
  return std::make_unique<StatefulSetController>(world);
}

}  // namespace podo::controllers
