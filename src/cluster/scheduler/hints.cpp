#include "cluster/scheduler/hints.h"

#include "cluster/scheduler/node_filters.h"

namespace podo::scheduler {
namespace {

constexpr std::uint32_t bit(Obstacle obstacle) { return 1u << static_cast<unsigned>(obstacle); }

constexpr std::uint32_t by_spread = bit(Obstacle::spread) | bit(Obstacle::spread_label);
constexpr std::uint32_t by_others =
    bit(Obstacle::affinity) | bit(Obstacle::anti_affinity) | bit(Obstacle::existing_anti_affinity);
constexpr std::uint32_t by_storage = bit(Obstacle::volume_node) | bit(Obstacle::volume_gone) |
                                     bit(Obstacle::volume_none) | bit(Obstacle::volume_zone);

// The node would take it, or would if less important pods went.
bool may_take(const Waiting& waiting, std::size_t node, const Snapshot& snapshot) {
  const NodeInfo& info = snapshot.nodes()[node];
  if (!info.there) return false;
  const Verdict verdict = check_node(*waiting.pod->shape, info);
  return verdict.fits() || (!verdict.hopeless && !waiting.pod->shape->never_preempts);
}

}  // namespace

bool could_help(Happening what, std::optional<std::size_t> node, const Waiting& waiting,
                const Snapshot& snapshot) {
  const auto was_in_the_way = [&](std::uint32_t which) { return (waiting.obstacles & which) != 0; };
  switch (what) {
    case Happening::node_changed:
      return was_in_the_way(by_spread | by_others | by_storage) ||
             (node && !waiting.refused && may_take(waiting, *node, snapshot));
    case Happening::node_gone: return was_in_the_way(by_spread);
    case Happening::pod_placed: return was_in_the_way(by_spread | bit(Obstacle::affinity));
    case Happening::pod_gone:
      return was_in_the_way(by_spread | by_others | bit(Obstacle::exclusive_claim)) ||
             (node && !waiting.refused && may_take(waiting, *node, snapshot));
    case Happening::storage: return waiting.refused || was_in_the_way(by_storage);
    case Happening::namespaces: return was_in_the_way(by_others);
  }
  return true;
}

}  // namespace podo::scheduler
