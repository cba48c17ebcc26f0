#include "cluster/workloads/daemon_set_plan.h"
#include "cluster/workloads/workloads.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

constexpr Seconds first_rest = 1, longest_rest = 15 * 60;

class DaemonSetController final : public Controller {
 public:
  explicit DaemonSetController(World& world) : Controller(world, Kind::daemon_set, "daemonset-controller") {
    watch_own();
    watch_owned(Kind::pod);
    watch_owned(Kind::revision);
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

  Task<void> reconcile(std::string key) override {
    if (!copy_of_own(key)) {
      rests_.erase(key);
      co_return;
    }
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
    std::vector<const Node*> nodes;
    for (const Facts* node : world_.of(Kind::node).all()) nodes.push_back(static_cast<const Node*>(node));
    const Pods pods = as_pods(world_.of(Kind::pod).owned_by(self.uid));
    const Revisions revisions(wanted, Kind::daemon_set, self, std::move(there));
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
