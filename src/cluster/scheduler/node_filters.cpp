#include "cluster/scheduler/node_filters.h"

#include <algorithm>

namespace podo::scheduler {
namespace {

// What is asked for, and there is not: absent room is short only of what is asked for at all.
struct Shortage {
  Verdict verdict;
  void ask(std::int64_t wanted, std::int64_t allocatable, std::int64_t taken, std::uint32_t lack) {
    if (wanted == 0 || wanted <= allocatable - taken) return;
    verdict.obstacle = Obstacle::resources;
    verdict.lacks |= lack;
    verdict.hopeless = verdict.hopeless || wanted > allocatable;  // the empty node would be too small
  }
};

}  // namespace

bool is_unschedulable_for(const PodShape& shape, const Node& node) {
  return node.unschedulable &&
         !kube::is_tolerated({"node.kubernetes.io/unschedulable", "", "NoSchedule"}, shape.tolerations);
}

bool has_free_ports(const PodShape& shape, const NodeInfo& info) {
  return std::ranges::none_of(shape.ports, [&](const HostPort& wanted) {
    return std::ranges::any_of(info.ports, [&](const HostPort& taken) { return wanted.clashes(taken); });
  });
}

Verdict check_room(const PodShape& shape, const NodeInfo& info) {
  const Resources& wanted = shape.requests;
  const Resources& there = info.node.allocatable;
  Shortage shortage;
  if (static_cast<std::int64_t>(info.pods.size()) + 1 > info.node.pods_max)
    shortage.verdict = {.obstacle = Obstacle::resources, .lacks = lacks_pods};
  shortage.ask(wanted.cpu_m, there.cpu_m, info.requested.cpu_m, lacks_cpu);
  shortage.ask(wanted.memory, there.memory, info.requested.memory, lacks_memory);
  shortage.ask(wanted.storage, there.storage, info.requested.storage, lacks_storage);
  for (std::size_t i = 0; i < wanted.others.size(); ++i) {
    const auto& [name, amount] = wanted.others[i];
    shortage.ask(amount, there.other(name), info.requested.other(name), lacks_other(i));
  }
  return shortage.verdict;
}

Verdict check_node(const PodShape& shape, const NodeInfo& info) {
  const Node& node = info.node;
  if (is_unschedulable_for(shape, node)) return {.obstacle = Obstacle::unschedulable, .hopeless = true};
  if (kube::find_untolerated(node.taints, shape.tolerations, kube::refuses_new) != nullptr)
    return {.obstacle = Obstacle::taint, .hopeless = true};
  if (!shape.choice.is_any() && !shape.choice.admits(node.name, node.labels))
    return {.obstacle = Obstacle::node_choice, .hopeless = true};
  if (!shape.ports.empty() && !has_free_ports(shape, info)) return {.obstacle = Obstacle::ports};
  return check_room(shape, info);
}

}  // namespace podo::scheduler
