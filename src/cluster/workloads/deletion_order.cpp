#include "cluster/workloads/deletion_order.h"

#include <algorithm>
#include <bit>
#include <map>

namespace podo::controllers {
namespace {

struct Ranked {
  const Pod* pod;
  std::int64_t neighbours;  // related pods on its node
};

// -1: a comes first; 0: they are alike. An unknown time comes first, as the youngest.
int compare_age(Seconds a, Seconds b, Seconds now) {
  if (a == 0 || b == 0) return a == b ? 0 : (a == 0 ? -1 : 1);
  const auto magnitude = [now](Seconds since) {
    return now > since ? static_cast<int>(std::bit_width(static_cast<std::uint64_t>(now - since))) : -1;
  };
  const int left = magnitude(a), right = magnitude(b);
  return left == right ? 0 : (left < right ? -1 : 1);
}

bool goes_first(const Ranked& left, const Ranked& right, Seconds now) {
  const Pod &a = *left.pod, &b = *right.pod;
  if (a.node.empty() != b.node.empty()) return a.node.empty();
  if (a.phase != b.phase) return a.phase < b.phase;
  if (a.ready != b.ready) return !a.ready;
  if (a.deletion_cost != b.deletion_cost) return a.deletion_cost < b.deletion_cost;
  if (left.neighbours != right.neighbours) return left.neighbours > right.neighbours;
  if (a.ready && a.ready_since != b.ready_since) {
    const int order = compare_age(a.ready_since, b.ready_since, now);
    return order != 0 ? order < 0 : a.uid < b.uid;
  }
  if (a.restarts != b.restarts) return a.restarts > b.restarts;
  if (a.sidecar_restarts != b.sidecar_restarts) return a.sidecar_restarts > b.sidecar_restarts;
  const int order = a.created == b.created ? 0 : compare_age(a.created, b.created, now);
  return order != 0 ? order < 0 : a.uid < b.uid;
}

}  // namespace

void sort_for_deletion(Pods& pods, const Pods& related, Seconds now) {
  std::map<std::string_view, std::int64_t> on_node;
  for (const Pod* pod : related) ++on_node[pod->node];
  std::vector<Ranked> ranked;
  for (const Pod* pod : pods) ranked.push_back({pod, on_node[pod->node]});
  std::ranges::stable_sort(ranked, [now](const Ranked& a, const Ranked& b) { return goes_first(a, b, now); });
  std::ranges::transform(ranked, pods.begin(), &Ranked::pod);
}

}  // namespace podo::controllers
