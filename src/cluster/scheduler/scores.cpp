#include "cluster/scheduler/scores.h"

#include <algorithm>
#include <cmath>

namespace podo::scheduler {
namespace {

constexpr std::int64_t most = 100;
constexpr std::int64_t taint_weight = 3, choice_weight = 2, spread_weight = 2, neighbour_weight = 2;
constexpr std::int64_t image_least = 23 << 20, image_most_each = 1000 << 20;

void add(Scores& to, const Scores& more, std::int64_t weight) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += weight * more[i];
}

std::int64_t least_of(std::int64_t wanted, std::int64_t allocatable) {
  return wanted > allocatable ? 0 : (allocatable - wanted) * most / allocatable;
}

bool prefers_away(const kube::Taint& taint) { return taint.effect == "PreferNoSchedule"; }

void score_taints(const Fitting& fitting, const std::vector<std::uint32_t>& nodes, Scores& totals) {
  const std::vector<NodeInfo>& all = fitting.snapshot().nodes();
  Scores scores(nodes.size(), 0);
  bool any = false;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const kube::Taint& taint : all[nodes[i]].node.taints) {
      if (!prefers_away(taint) || kube::is_tolerated(taint, fitting.shape().tolerations)) continue;
      ++scores[i];
      any = true;
    }
  if (!any) return;
  normalize_reversed(scores);
  add(totals, scores, taint_weight);
}

void score_choice(const Fitting& fitting, const std::vector<std::uint32_t>& nodes, Scores& totals) {
  const std::vector<NodeInfo>& all = fitting.snapshot().nodes();
  if (fitting.shape().preferred_nodes.empty()) return;
  Scores scores(nodes.size(), 0);
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const PreferredNodes& each : fitting.shape().preferred_nodes)
      if (each.term.selects(all[nodes[i]].node.name, all[nodes[i]].node.labels)) scores[i] += each.weight;
  normalize(scores);
  add(totals, scores, choice_weight);
}

void score_pods(const Fitting& fitting, const std::vector<std::uint32_t>& nodes, Scores& totals) {
  if (!fitting.shape().soft_spread.empty()) {
    Scores costs = spread_costs(fitting.snapshot(), fitting.shape(), nodes);
    normalize_spread(costs);
    add(totals, costs, spread_weight);
  }
  Scores neighbours = neighbour_scores(fitting.snapshot(), fitting.shape(), nodes);
  if (neighbours.empty()) return;
  normalize_between(neighbours);
  add(totals, neighbours, neighbour_weight);
}

}  // namespace

std::int64_t least_allocated(const PodShape& shape, const NodeInfo& info) {
  const Resources& there = info.node.allocatable;
  std::int64_t sum = 0, counted = 0;
  const auto count = [&](std::int64_t wanted, std::int64_t allocatable) {
    if (allocatable == 0) return;
    sum += least_of(wanted, allocatable);
    ++counted;
  };
  count(info.scored_cpu_m + shape.scored_cpu_m, there.cpu_m);
  count(info.scored_memory + shape.scored_memory, there.memory);
  return counted == 0 ? 0 : sum / counted;
}

// The nearer to each other the shares of cpu and memory are, the better.
std::int64_t balanced_allocation(const PodShape& shape, const NodeInfo& info) {
  const Resources& there = info.node.allocatable;
  if (there.cpu_m == 0 || there.memory == 0) return most;
  const auto share = [](std::int64_t wanted, std::int64_t allocatable) {
    return std::min(1.0, static_cast<double>(wanted) / static_cast<double>(allocatable));
  };
  const double cpu = share(info.requested.cpu_m + shape.requests.cpu_m, there.cpu_m);
  const double memory = share(info.requested.memory + shape.requests.memory, there.memory);
  return static_cast<std::int64_t>((1 - std::abs(cpu - memory) / 2) * static_cast<double>(most));
}

// Big images that are there already; one that few nodes have counts less, so that it does not draw all pods.
std::int64_t image_locality(const PodShape& shape, const NodeInfo& info, const Snapshot& snapshot) {
  const auto& images = info.node.images;
  std::int64_t sum = 0;
  for (const std::string& image : shape.images) {
    const auto found = std::ranges::lower_bound(
        images, image, {}, [](const auto& item) -> const std::string& { return item.first; });
    if (found == images.end() || found->first != image) continue;
    const double spread =
        static_cast<double>(snapshot.nodes_with(image)) / static_cast<double>(snapshot.nodes_there());
    sum += static_cast<std::int64_t>(static_cast<double>(found->second) * spread);
  }
  const std::int64_t top = image_most_each * static_cast<std::int64_t>(shape.containers);
  return most * (std::clamp(sum, image_least, top) - image_least) / (top - image_least);
}

void normalize(Scores& scores) {
  const std::int64_t top = scores.empty() ? 0 : std::ranges::max(scores);
  if (top == 0) return;
  for (std::int64_t& score : scores) score = most * score / top;
}

void normalize_reversed(Scores& scores) {
  normalize(scores);
  for (std::int64_t& score : scores) score = most - score;
}

void normalize_between(Scores& scores) {
  const auto [low, high] = std::ranges::minmax(scores);
  for (std::int64_t& score : scores) score = high == low ? 0 : most * (score - low) / (high - low);
}

// Nodes that take no part cost -1 and score 0.
void normalize_spread(Scores& costs) {
  std::int64_t low = -1, high = 0;
  for (const std::int64_t cost : costs) {
    if (cost < 0) continue;
    low = low < 0 ? cost : std::min(low, cost);
    high = std::max(high, cost);
  }
  for (std::int64_t& cost : costs) cost = cost < 0 ? 0 : high == 0 ? most : most * (high + low - cost) / high;
}

Scores total_scores(const Fitting& fitting, const std::vector<std::uint32_t>& nodes) {
  const Snapshot& snapshot = fitting.snapshot();
  const PodShape& shape = fitting.shape();
  Scores totals(nodes.size(), 0);
  score_taints(fitting, nodes, totals);
  score_choice(fitting, nodes, totals);
  score_pods(fitting, nodes, totals);
  const bool has_images = std::ranges::any_of(
      shape.images, [&](const std::string& image) { return snapshot.nodes_with(image) != 0; });
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const NodeInfo& info = snapshot.nodes()[nodes[i]];
    totals[i] += least_allocated(shape, info);
    if (!shape.requests.is_nothing()) totals[i] += balanced_allocation(shape, info);
    if (has_images) totals[i] += image_locality(shape, info, snapshot);
  }
  return totals;
}

}  // namespace podo::scheduler
