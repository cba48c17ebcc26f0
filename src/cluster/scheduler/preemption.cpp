#include "cluster/scheduler/preemption.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "model/kube/path.h"

namespace podo::scheduler {
namespace {

constexpr std::size_t candidates_least = 100, candidates_percent = 10;
constexpr Verdict nobody_lesser{.obstacle = Obstacle::no_victims, .hopeless = true};

std::int64_t start_of(const Pod& pod) {
  return pod.started != 0 ? pod.started : std::numeric_limits<std::int64_t>::max();
}

bool is_more_important(const PodPtr& a, const PodPtr& b) {
  if (a->priority() != b->priority()) return a->priority() > b->priority();
  return std::tuple(start_of(*a), a->uid) < std::tuple(start_of(*b), b->uid);
}

// Those whose going would break a budget, when all of them go in this order.
std::vector<bool> breaking(const std::vector<PodPtr>& pods, std::vector<Budget> budgets) {
  std::vector<bool> broken(pods.size(), false);
  for (std::size_t i = 0; i < pods.size(); ++i)
    for (Budget& budget : budgets) {
      if (budget.name_space != pods[i]->name_space() || budget.selector.empty()) continue;
      if (!budget.selector.matches(pods[i]->shape->labels)) continue;
      if (std::ranges::contains(budget.disrupted, pods[i]->name)) continue;
      if (--budget.allowed < 0) broken[i] = true;
    }
  return broken;
}

// What may be thought away and brought back on one node.
class WhatIf {
 public:
  WhatIf(const Fitting& fitting, std::size_t node)
      : node_(node), info_(fitting.snapshot().nodes()[node]), fitting_(fitting) {}
  void remove(const PodPtr& pod) {
    info_.remove(pod->uid);
    fitting_.shift(*pod, node_, -1);
  }
  void add(const PodPtr& pod) {
    info_.add(pod);
    fitting_.shift(*pod, node_, 1);
  }
  Verdict check() const { return fitting_.check_beside_nominated(node_, info_); }

 private:
  std::size_t node_;
  NodeInfo info_;
  Fitting fitting_;
};

// Lower is better.
using Cost = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::size_t, std::int64_t>;

Cost cost_of(const Victims& victims) {
  const std::int64_t highest = victims.pods.empty() ? 0 : victims.pods.front()->priority();
  std::int64_t sum = 0, earliest = std::numeric_limits<std::int64_t>::max();
  for (const PodPtr& pod : victims.pods) {
    sum += pod->priority() + std::numeric_limits<std::int32_t>::max() + 1LL;  // each of them counts
    if (pod->priority() == highest) earliest = std::min(earliest, start_of(*pod));
  }
  return {victims.broken_budgets, highest, sum, victims.pods.size(), -earliest};
}

std::string why_not_eligible(const Fitting& fitting) {
  const Pod& pod = fitting.pod();
  if (pod.shape->never_preempts) return "not eligible due to preemptionPolicy=Never.";
  const auto node = fitting.snapshot().find(fitting.snapshot().nominated_node(pod));
  if (!node) return {};
  const auto goes = [&](const PodPtr& other) {
    return other->ending && other->preempted && other->priority() < pod.priority();
  };
  if (std::ranges::any_of(fitting.snapshot().nodes()[*node].pods, goes))
    return "not eligible due to a terminating pod on the nominated node.";
  return {};
}

}  // namespace

Budget budget_of(const json::Item& object) {
  Budget budget{.name_space = std::string(kube::text_at(object, "metadata.namespace")),
                .selector = {},
                .allowed = kube::number_at(object, "status.disruptionsAllowed"),
                .disrupted = {}};
  auto selector = kube::LabelSelector::of(kube::find_at(object, "spec.selector"));
  if (selector) budget.selector = *std::move(selector);
  for (const json::Item& pod : kube::children_at(object, "status.disruptedPods"))
    budget.disrupted.emplace_back(pod.key());
  return budget;
}

std::optional<Victims> find_victims(const Fitting& fitting, std::size_t node,
                                    const std::vector<Budget>& budgets, Verdict& refused) {
  std::vector<PodPtr> lesser;
  for (const PodPtr& pod : fitting.snapshot().nodes()[node].pods)
    if (pod->priority() < fitting.pod().priority()) lesser.push_back(pod);
  refused = nobody_lesser;
  if (lesser.empty()) return std::nullopt;
  WhatIf what_if(fitting, node);
  for (const PodPtr& pod : lesser) what_if.remove(pod);
  refused = what_if.check();
  if (!refused.fits()) return std::nullopt;

  std::ranges::sort(lesser, is_more_important);
  const std::vector<bool> breaks = breaking(lesser, budgets);
  Victims victims;
  for (const bool those_that_break : {true, false})
    for (std::size_t i = 0; i < lesser.size(); ++i) {
      if (breaks[i] != those_that_break) continue;
      what_if.add(lesser[i]);
      if (what_if.check().fits()) continue;  // it may stay
      what_if.remove(lesser[i]);
      victims.pods.push_back(lesser[i]);
      victims.broken_budgets += breaks[i];
    }
  std::ranges::sort(victims.pods, is_more_important);
  return victims;
}

Preemption plan_preemption(const Fitting& fitting, const Diagnosis& diagnosis,
                           const std::vector<Budget>& budgets, Random& random) {
  Preemption plan;
  plan.refused = why_not_eligible(fitting);
  if (!plan.refused.empty()) return plan;
  std::vector<std::uint32_t> hopeful;
  for (const auto& [node, verdict] : diagnosis.verdicts)
    if (!verdict.hopeless) hopeful.push_back(node);
  const std::size_t enough = std::max(candidates_least, diagnosis.nodes * candidates_percent / 100);
  const std::size_t offset = hopeful.empty() ? 0 : random.below(hopeful.size());
  Diagnosis tried{.nodes = diagnosis.nodes, .refused = {}, .verdicts = {}, .preemption = {}};
  if (fitting.snapshot().lowest_priority() >= fitting.pod().priority()) {  // in the whole cluster
    for (const std::uint32_t node : hopeful) tried.verdicts.emplace_back(node, nobody_lesser);
    hopeful.clear();
  }
  std::optional<Cost> least;
  for (std::size_t i = 0, found = 0; i < hopeful.size() && found < enough; ++i) {
    const std::uint32_t node = hopeful[(offset + i) % hopeful.size()];
    Verdict refused;
    std::optional<Victims> victims = find_victims(fitting, node, budgets, refused);
    if (!victims) {
      tried.verdicts.emplace_back(node, refused);
      continue;
    }
    ++found;
    const Cost cost = cost_of(*victims);
    if (least && *least <= cost) continue;
    least = cost;
    plan.node = node;
    plan.victims = std::move(victims->pods);
  }
  if (!plan.node) plan.refused = describe(tried, fitting.shape(), Obstacle::not_helpful);
  return plan;
}

}  // namespace podo::scheduler
