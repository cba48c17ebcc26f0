#include "cluster/scheduler/affinity.h"

#include <algorithm>

namespace podo::scheduler {
namespace {

// What somebody's required affinity is worth to those whom it means.
constexpr std::int64_t hard_affinity_weight = 1;

std::int64_t weight_of(const Holder& holder) {
  switch (holder.sort) {
    case Holder::Sort::required: return hard_affinity_weight;
    case Holder::Sort::anti: return 0;
    case Holder::Sort::preferred: return holder.weight;
    case Holder::Sort::preferred_anti: return -holder.weight;
  }
  return 0;
}

}  // namespace

void Neighbours::Pairs::change(std::size_t node, int by) {
  const std::int32_t domain = topology->at(node);
  if (domain < 0) return;
  if (static_cast<std::size_t>(domain) >= pods.size()) pods.resize(topology->domains.size());
  pods[static_cast<std::size_t>(domain)] += by;
  total += by;
}

void Neighbours::Pairs::count(const Count& count) {
  if (count.total == 0) return;
  for (std::size_t node = 0; node < count.on.size(); ++node)
    if (count.on[node] != 0) change(node, count.on[node]);
}

std::int32_t Neighbours::Pairs::at(std::size_t node) const {
  const std::int32_t domain = topology->at(node);
  if (domain < 0) return -1;
  return static_cast<std::size_t>(domain) < pods.size() ? pods[static_cast<std::size_t>(domain)] : 0;
}

Neighbours::Pairs Neighbours::pairs_of(Snapshot& snapshot, std::string_view key,
                                       const PodQuery* query) const {
  return {.topology_key = key, .query = query, .topology = &snapshot.topology(key)};
}

Neighbours::Pairs& Neighbours::existing_of(Snapshot& snapshot, std::string_view key) {
  for (Pairs& pairs : existing_)
    if (pairs.topology_key == key) return pairs;
  return existing_.emplace_back(pairs_of(snapshot, key, nullptr));
}

Neighbours::Neighbours(Snapshot& snapshot, const PodShape& shape)
    : shape_(&shape), census_(&snapshot.census()), snapshot_(&snapshot) {
  for (const AffinityTerm& term : shape.affinity) {
    wanted_.push_back(pairs_of(snapshot, term.topology_key, &shape.queries[shape.affinity_query]));
    wanted_.back().count(census_->count(shape, shape.affinity_query));
  }
  for (const AffinityTerm& term : shape.anti_affinity) {
    unwanted_.push_back(pairs_of(snapshot, term.topology_key, &shape.queries[term.query]));
    unwanted_.back().count(census_->count(shape, term.query));
  }
  for (const Holder* holder : census_->felt_by(shape))
    if (holder->sort == Holder::Sort::anti && holder->count.total != 0)
      existing_of(snapshot, holder->topology_key).count(holder->count);
}

void Neighbours::shift(const Pod& pod, std::size_t node, int by) {
  for (std::vector<Pairs>* list : {&wanted_, &unwanted_})
    for (Pairs& pairs : *list)
      if (census_->means(*pairs.query, *pod.shape)) pairs.change(node, by);
  for (const AffinityTerm& term : pod.shape->anti_affinity)
    if (census_->means(pod.shape->queries[term.query], *shape_))
      existing_of(*snapshot_, term.topology_key).change(node, by);
}

// The first of pods that want each other may go anywhere where there are such domains.
bool Neighbours::has_wanted(std::size_t node) const {
  bool all = true, any_pod = false;
  for (const Pairs& pairs : wanted_) {
    const std::int32_t pods = pairs.at(node);
    if (pods < 0) return false;
    all = all && pods > 0;
    any_pod = any_pod || pairs.total > 0;
  }
  return all || (!any_pod && census_->means(shape_->queries[shape_->affinity_query], *shape_));
}

Verdict Neighbours::check(std::size_t node) const {
  if (!wanted_.empty() && !has_wanted(node)) return {.obstacle = Obstacle::affinity, .hopeless = true};
  const auto has_pods = [node](const Pairs& pairs) { return pairs.at(node) > 0; };
  if (std::ranges::any_of(unwanted_, has_pods)) return {.obstacle = Obstacle::anti_affinity};
  if (std::ranges::any_of(existing_, has_pods)) return {.obstacle = Obstacle::existing_anti_affinity};
  return {};
}

namespace {

class Preferences {
 public:
  explicit Preferences(Snapshot& snapshot) : snapshot_(snapshot) {}

  void add(std::string_view key, const Count& count, std::int64_t weight) {
    if (count.total == 0 || weight == 0) return;
    auto [place, is_new] = by_key_.try_emplace(key);
    if (is_new) place->second.topology = &snapshot_.topology(key);
    std::vector<std::int64_t>& sums = place->second.sums;
    sums.resize(place->second.topology->domains.size());
    for (std::size_t node = 0; node < count.on.size(); ++node) {
      const std::int32_t domain = count.on[node] != 0 ? place->second.topology->at(node) : -1;
      if (domain >= 0) sums[static_cast<std::size_t>(domain)] += weight * count.on[node];
    }
  }

  std::vector<std::int64_t> scores(const std::vector<std::uint32_t>& nodes) const {
    if (by_key_.empty()) return {};
    std::vector<std::int64_t> scores(nodes.size(), 0);
    for (const auto& [key, weights] : by_key_)
      for (std::size_t i = 0; i < nodes.size(); ++i)
        if (const std::int32_t domain = weights.topology->at(nodes[i]); domain >= 0)
          scores[i] += weights.sums[static_cast<std::size_t>(domain)];
    return scores;
  }

 private:
  struct Weights {
    const Topology* topology = nullptr;
    std::vector<std::int64_t> sums;  // by domain
  };
  Snapshot& snapshot_;
  std::map<std::string_view, Weights> by_key_;
};

}  // namespace

std::vector<std::int64_t> neighbour_scores(Snapshot& snapshot, const PodShape& shape,
                                           const std::vector<std::uint32_t>& nodes) {
  const Census& census = snapshot.census();
  Preferences all(snapshot);
  for (const AffinityTerm& term : shape.preferred)
    all.add(term.topology_key, census.count(shape, term.query), term.weight);
  for (const AffinityTerm& term : shape.preferred_anti)
    all.add(term.topology_key, census.count(shape, term.query), -term.weight);
  for (const Holder* holder : census.felt_by(shape))
    all.add(holder->topology_key, holder->count, weight_of(*holder));
  return all.scores(nodes);
}

}  // namespace podo::scheduler
