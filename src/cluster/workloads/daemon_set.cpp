#include "cluster/workloads/daemon_set_plan.h"
#include "cluster/workloads/revised_controller.h"
#include "cluster/workloads/workloads.h"

namespace podo::controllers {
namespace {

constexpr Seconds first_rest = 1, longest_rest = 15 * 60;

class DaemonSetController final : public RevisedController {
 public:
  explicit DaemonSetController(World& world)
      : RevisedController(world, Kind::daemon_set, "daemonset-controller") {
    world_.of(Kind::node).on_change([this](const Facts* before, const Facts* now) {
      if (before != nullptr && now != nullptr && is_same_place(*before, *now)) return;  // its heart beats
      for (const Facts* set : world_.of(Kind::daemon_set).all()) queue_.add(set->key());
    });
  }

 private:
  struct Rest {
    std::map<std::string, Seconds> until;   // by node
    std::map<std::string, Seconds> length;  // the last one
  };

  static bool is_same_place(const Facts& before, const Facts& now) {
    return before.labels == now.labels &&
           static_cast<const Node&>(before).taints == static_cast<const Node&>(now).taints;
  }

  void forget(const std::string& key) override { rests_.erase(key); }

  Plan plan(const Facts& self, const json::Item& wanted, const Pods& pods,
            const Revisions& revisions) override {
    std::vector<const Node*> nodes;
    for (const Facts* node : world_.of(Kind::node).all()) nodes.push_back(static_cast<const Node*>(node));
    Rest& rest = rests_[self.key()];
    const Seconds now = world_.now();
    DaemonSetPlan planned = plan_daemon_set({wanted, self, nodes, pods, revisions, rest.until, now});
    for (const std::string& node : planned.failed_on) lengthen(rest, node, now);
    return std::move(planned.plan);
  }

  // Twice as long each time; forgotten when nothing failed for twice the longest.
  static void lengthen(Rest& rest, const std::string& node, Seconds now) {
    Seconds& length = rest.length[node];
    if (length == 0 || now - rest.until[node] > 2 * longest_rest) length = first_rest;
    else length = std::min(2 * length, longest_rest);
    rest.until[node] = now + length;
  }

  std::map<std::string, Rest, std::less<>> rests_;  // by key
};

}  // namespace

std::unique_ptr<Controller> make_daemon_set_controller(World& world) {
  return std::make_unique<DaemonSetController>(world);
}

}  // namespace podo::controllers
