#include "cluster/scheduler/spread.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace podo::scheduler {
namespace {

constexpr std::string_view host_label = "kubernetes.io/hostname";

bool counts(const SpreadRule& rule, const PodShape& shape, const Node& node) {
  if (rule.honors_choice && !shape.choice.is_any() && !shape.choice.admits(node.name, node.labels))
    return false;
  return !rule.honors_taints ||
         kube::find_untolerated(node.taints, shape.tolerations, kube::refuses_new) == nullptr;
}

std::vector<const Topology*> topologies_of(Snapshot& snapshot, const std::vector<SpreadRule>& rules) {
  std::vector<const Topology*> topologies;
  for (const SpreadRule& rule : rules) topologies.push_back(&snapshot.topology(rule.topology_key));
  return topologies;
}

bool has_all(const std::vector<const Topology*>& topologies, std::size_t node) {
  return std::ranges::all_of(topologies, [&](const Topology* each) { return each->at(node) >= 0; });
}

}  // namespace

Spreading::Spreading(Snapshot& snapshot, const PodShape& shape) {
  if (shape.hard_spread.empty()) return;
  const std::vector<const Topology*> topologies = topologies_of(snapshot, shape.hard_spread);
  for (std::size_t i = 0; i < shape.hard_spread.size(); ++i) {
    const SpreadRule& rule = shape.hard_spread[i];
    Domains made{.rule = &rule, .query = &shape.queries[rule.query], .topology = topologies[i]};
    made.pods.assign(made.topology->domains.size(), -1);
    const bool all_count = (!rule.honors_choice || shape.choice.is_any()) && !rule.honors_taints;
    const Count& count = snapshot.census().count(shape, rule.query);
    if (!all_count) made.node_counts.assign(snapshot.nodes().size(), false);
    for (const std::uint32_t node : snapshot.order()) {
      if (!has_all(topologies, node)) continue;
      if (!all_count && !counts(rule, shape, snapshot.nodes()[node].node)) continue;
      if (!all_count) made.node_counts[node] = true;
      std::int64_t& pods = made.pods[static_cast<std::size_t>(made.topology->at(node))];
      pods = std::max<std::int64_t>(pods, 0) + count.at(node);
    }
    made.emptiest = find_emptiest(made);
    rules_.push_back(std::move(made));
  }
}

std::int64_t Spreading::find_emptiest(const Domains& domains) {
  std::int64_t least = std::numeric_limits<std::int64_t>::max(), known = 0;
  for (const std::int64_t pods : domains.pods) {
    if (pods < 0) continue;
    ++known;
    least = std::min(least, pods);
  }
  return known == 0 || known < domains.rule->min_domains ? 0 : least;
}

Verdict Spreading::check(std::size_t node) const {
  for (const Domains& each : rules_) {
    const std::int32_t domain = each.topology->at(node);
    if (domain < 0) return {.obstacle = Obstacle::spread_label, .hopeless = true};
    const std::int64_t there = std::max<std::int64_t>(0, each.pods[static_cast<std::size_t>(domain)]);
    if (there + each.rule->counts_itself - each.emptiest > each.rule->max_skew)
      return {.obstacle = Obstacle::spread};
  }
  return {};
}

void Spreading::shift(const Pod& pod, std::size_t node, int by) {
  for (Domains& each : rules_) {
    const std::int32_t domain = each.topology->at(node);
    if (domain < 0 || pod.ending || !each.query->matches(*pod.shape, nullptr)) continue;
    if (!each.node_counts.empty() && !each.node_counts[node]) continue;
    std::int64_t& pods = each.pods[static_cast<std::size_t>(domain)];
    if (pods < 0) continue;  // a node without another rule's label
    pods += by;
    each.emptiest = find_emptiest(each);
  }
}

namespace {

// One soft rule over the nodes that are scored.
class SoftRule {
 public:
  SoftRule(Snapshot& snapshot, const PodShape& shape, const SpreadRule& rule)
      : rule_(rule),
        topology_(snapshot.topology(rule.topology_key)),
        count_(snapshot.census().count(shape, rule.query)),
        by_host_(rule.topology_key == host_label) {}

  // Pods of the domains of `nodes`, over all nodes that count; hosts are counted as they are asked for.
  void count(Snapshot& snapshot, const PodShape& shape, const std::vector<std::uint32_t>& nodes,
             const std::vector<const Topology*>& must_have) {
    pods_.assign(topology_.domains.size(), -1);
    std::size_t domains = 0;
    for (const std::uint32_t node : nodes) {
      const std::int32_t domain = topology_.at(node);
      if (!has_all(must_have, node)) continue;
      if (by_host_) ++domains;
      else if (domain >= 0 && std::exchange(pods_[static_cast<std::size_t>(domain)], 0) < 0) ++domains;
    }
    weight_ = std::log(static_cast<double>(domains + 2));
    if (by_host_ || domains == 0) return;
    for (const std::uint32_t node : snapshot.order()) {
      const std::int32_t domain = topology_.at(node);
      if (domain < 0 || count_.at(node) == 0 || pods_[static_cast<std::size_t>(domain)] < 0) continue;
      if (has_all(must_have, node) && counts(rule_, shape, snapshot.nodes()[node].node))
        pods_[static_cast<std::size_t>(domain)] += count_.at(node);
    }
  }

  double cost(std::size_t node) const {
    const std::int32_t domain = topology_.at(node);
    if (domain < 0) return 0;
    const std::int64_t pods = by_host_ ? count_.at(node) : pods_[static_cast<std::size_t>(domain)];
    return static_cast<double>(pods) * weight_ + static_cast<double>(rule_.max_skew - 1);
  }

 private:
  const SpreadRule& rule_;
  const Topology& topology_;
  const Count& count_;
  const bool by_host_;
  std::vector<std::int64_t> pods_;  // by domain; -1: none of the nodes that are scored
  double weight_ = 0;               // the more domains, the more each pod matters
};

}  // namespace

std::vector<std::int64_t> spread_costs(Snapshot& snapshot, const PodShape& shape,
                                       const std::vector<std::uint32_t>& nodes) {
  std::vector<const Topology*> must_have;
  if (!shape.default_spread) must_have = topologies_of(snapshot, shape.soft_spread);
  std::vector<double> sums(nodes.size(), 0);
  for (const SpreadRule& rule : shape.soft_spread) {
    SoftRule soft(snapshot, shape, rule);
    soft.count(snapshot, shape, nodes, must_have);
    for (std::size_t i = 0; i < nodes.size(); ++i) sums[i] += soft.cost(nodes[i]);
  }
  std::vector<std::int64_t> costs(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i)
    costs[i] = has_all(must_have, nodes[i]) ? std::llround(sums[i]) : -1;
  return costs;
}

}  // namespace podo::scheduler
