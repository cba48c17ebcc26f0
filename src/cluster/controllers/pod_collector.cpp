// Pods that nobody else takes away: of nodes that are no more, deleted before they had a node, and the oldest
// of too many that have ended.
#include <algorithm>
#include <map>

#include "cluster/controllers/controllers.h"
#include "cluster/controllers/taint_eviction_plan.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

constexpr Seconds node_absent_for = 40;  // it may come back, or not have come yet
constexpr std::string_view sweep = "sweep";
constexpr Duration gather = seconds(20);

class PodCollector final : public Controller {
 public:
  PodCollector(World& world, std::size_t ended_max)
      : Controller(world, Kind::pod, "pod-garbage-collector"), ended_max_(ended_max) {
    world_.of(Kind::pod).on_change([this](const Facts* before, const Facts* now) { see(before, now); });
    world_.of(Kind::node).on_change([this](const Facts*, const Facts* now) {
      if (now == nullptr) queue_.add_after(sweep, gather);
      else if (is_out_of_service(*now)) queue_.add_after(sweep, seconds(1));
    });
  }

 private:
  // A person says that the machine does not run any more: what was to end there has ended.
  static bool is_out_of_service(const Facts& node) {
    const Node& self = static_cast<const Node&>(node);
    return self.ready != "True" && std::ranges::any_of(self.taints, [](const kube::Taint& taint) {
             return taint.key == "node.kubernetes.io/out-of-service";
           });
  }

  std::vector<Pod> of_dead_machines() const {
    std::vector<Pod> pods;
    for (const Pod* pod : as_pods(world_.of(kind_).all())) {
      const Facts* node = pod->node.empty() ? nullptr : world_.of(Kind::node).find("", pod->node);
      if (node != nullptr && pod->deleting() && is_out_of_service(*node)) pods.push_back(*pod);
    }
    return pods;
  }

  void see(const Facts* before, const Facts* now) {
    if (before != nullptr && as_pod(*before).ended()) --ended_;
    if (now == nullptr) return;
    const Pod& pod = as_pod(*now);
    if (pod.ended()) ++ended_;
    const bool lost = !pod.node.empty() && world_.of(Kind::node).find("", pod.node) == nullptr;
    const bool never_ran = pod.node.empty() && pod.deleting();
    const Facts* node = pod.deleting() && !lost ? world_.of(Kind::node).find("", pod.node) : nullptr;
    const bool soon = never_ran || (node != nullptr && is_out_of_service(*node));
    if (lost || soon || ended_ > ended_max_) queue_.add_after(sweep, soon ? seconds(1) : gather);
  }

  Task<void> reconcile(std::string) override {
    co_await remove_all(never_ran());
    co_await remove_all(of_dead_machines());
    co_await remove_all(co_await of_lost_nodes());
    co_await remove_all(too_many());
  }

  std::vector<Pod> never_ran() const {
    std::vector<Pod> pods;
    for (const Pod* pod : as_pods(world_.of(kind_).all()))
      if (pod->node.empty() && pod->deleting()) pods.push_back(*pod);
    return pods;
  }

  std::vector<Pod> too_many() const {
    if (ended_ <= ended_max_) return {};
    std::vector<Pod> pods;
    for (const Pod* pod : as_pods(world_.of(kind_).all()))
      if (pod->ended() && !pod->deleting()) pods.push_back(*pod);
    std::ranges::sort(pods, {}, [](const Pod& pod) { return std::pair(pod.created, pod.name); });
    pods.resize(pods.size() - std::min(pods.size(), ended_max_));
    return pods;
  }

  // A node is lost when it has been absent for a while, and the API says so, too.
  Task<std::vector<Pod>> of_lost_nodes() {
    std::map<std::string, std::vector<Pod>> by_node;
    for (const Pod* pod : as_pods(world_.of(kind_).all()))
      if (!pod->node.empty() && world_.of(Kind::node).find("", pod->node) == nullptr)
        by_node[pod->node].push_back(*pod);
    std::erase_if(absent_, [&](const auto& one) { return !by_node.contains(one.first); });
    std::vector<Pod> pods;
    for (auto& [node, its] : by_node) {
      const Seconds due = absent_.try_emplace(node, world_.now()).first->second + node_absent_for;
      if (world_.now() < due) {
        queue_.add_after(sweep, seconds(due - world_.now()));
        continue;
      }
      const auto there =
          co_await world_.ground.client.find({.resource = &world_.of(Kind::node).resource(), .name = node});
      if (!there) std::ranges::move(its, std::back_inserter(pods));
    }
    co_return pods;
  }

  // One that fails does not keep the others.
  Task<void> remove_all(std::vector<Pod> pods) {
    std::optional<Error> problem;
    for (const Pod& pod : pods) {
      const Result<void> done = co_await perform(pod, removal_of(pod)).result();
      if (!done) problem = done.error();
    }
    if (problem) co_await Failure(*std::move(problem));
  }

  std::vector<Write> removal_of(const Pod& pod) const {
    std::vector<Write> writes;
    const bool lost = world_.of(Kind::node).find("", pod.node) == nullptr;
    if (!pod.node.empty() && !pod.ended() && lost)
      writes.push_back(
          mark_disrupted(pod, "DeletionByPodGC", "PodGC: node no longer exists", world_.now(), "Failed"));
    Write write = remove(kind_, pod);
    write.grace_s = 0;
    writes.push_back(std::move(write));
    return writes;
  }

  const std::size_t ended_max_;
  std::size_t ended_ = 0;
  std::map<std::string, Seconds> absent_;  // nodes of pods, since when
};

}  // namespace

std::unique_ptr<Controller> make_pod_collector(World& world, std::size_t ended_max) {
  return std::make_unique<PodCollector>(world, ended_max);
}

}  // namespace podo::controllers
