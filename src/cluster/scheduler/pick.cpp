#include "cluster/scheduler/pick.h"

#include <algorithm>

#include "cluster/scheduler/scores.h"

namespace podo::scheduler {

std::size_t Picker::enough_of(std::size_t nodes) {
  constexpr std::size_t least = 100, least_percent = 5;
  if (nodes < least) return nodes;
  const std::size_t falling = nodes / 125;
  const std::size_t percent = falling >= 50 - least_percent ? least_percent : 50 - falling;
  return std::max(least, nodes * percent / 100);
}

std::vector<std::uint32_t> Picker::candidates(const Fitting& fitting, Diagnosis& diagnosis) {
  const std::vector<std::uint32_t>& order = fitting.snapshot().order();
  std::vector<std::uint32_t> fitting_ones;
  const auto look = [&](std::uint32_t node) {
    const Verdict verdict = fitting.check_beside_nominated(node);
    if (verdict.fits()) fitting_ones.push_back(node);
    else diagnosis.verdicts.emplace_back(node, verdict);
  };
  if (fitting.shape().has_only_nodes) {
    for (const std::string& name : fitting.shape().only_nodes)
      if (const auto node = fitting.snapshot().find(name)) look(static_cast<std::uint32_t>(*node));
    return fitting_ones;
  }
  const std::size_t enough = enough_of(order.size());
  std::size_t looked = 0;
  for (; looked < order.size() && fitting_ones.size() < enough; ++looked)
    look(order[(start_ + looked) % order.size()]);
  if (!order.empty()) start_ = (start_ + looked) % order.size();
  return fitting_ones;
}

// Of equally good ones, any.
std::size_t Picker::best_of(const Fitting& fitting, const std::vector<std::uint32_t>& nodes) {
  if (nodes.size() == 1) return nodes.front();
  const Scores scores = total_scores(fitting, nodes);
  const std::int64_t top = std::ranges::max(scores);
  const auto equals = static_cast<std::uint64_t>(std::ranges::count(scores, top));
  std::uint64_t chosen = random_.below(equals);  // drawn once: the kernel's random numbers are not cheap
  std::size_t place = 0;
  while (scores[place] != top || chosen-- != 0) ++place;
  return nodes[place];
}

Picked Picker::pick(const Fitting& fitting, std::string_view nominated) {
  Picked picked;
  picked.diagnosis.nodes = fitting.snapshot().nodes_there();
  picked.diagnosis.refused = fitting.refused();
  if (!fitting.refused().empty() || picked.diagnosis.nodes == 0) return picked;
  if (const auto node = fitting.snapshot().find(nominated);
      node && fitting.check_beside_nominated(*node).fits()) {
    picked.node = *node;
    return picked;
  }
  const std::vector<std::uint32_t> nodes = candidates(fitting, picked.diagnosis);
  if (!nodes.empty()) picked.node = best_of(fitting, nodes);
  return picked;
}

}  // namespace podo::scheduler
