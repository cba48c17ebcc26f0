#include "cluster/workloads/budget_plan.h"

#include <algorithm>
#include <map>

#include "cluster/control/conditions.h"
#include "cluster/workloads/pod_template.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

constexpr Seconds eviction_lasts = 120;

struct Counts {
  std::int64_t expected = 0, desired = 0;
};

// A number that must stay counts against those that are there; all else against what was wanted.
std::optional<Counts> counts_of(const BudgetInput& in) {
  const auto there = static_cast<std::int64_t>(in.pods.size());
  if (const json::Item* most = kube::find_at(in.wanted, "spec.maxUnavailable")) {
    if (!in.expected) return std::nullopt;
    return Counts{*in.expected,
                  std::max<std::int64_t>(0, *in.expected - resolve(most, *in.expected, Round::up))};
  }
  const json::Item* least = kube::find_at(in.wanted, "spec.minAvailable");
  if (least == nullptr) return Counts{there, 0};
  if (!least->is(json::Kind::string)) return Counts{there, least->as_int64().value_or(0)};
  if (!in.expected) return std::nullopt;
  return Counts{*in.expected, resolve(least, *in.expected, Round::up)};
}

// Those that are being evicted, and have not been seen to go.
json::Tree disrupted_of(const BudgetInput& in, Plan& plan) {
  json::Tree disrupted;
  disrupted.root().set_object();
  for (const json::Item& item : kube::children_at(in.wanted, "status.disruptedPods")) {
    const auto pod =
        std::ranges::find(in.pods, item.key(), [](const Pod* each) { return std::string_view(each->name); });
    if (pod == in.pods.end() || (*pod)->deleting()) continue;
    json::Tree holder;
    holder.root().member("at").set_string(item.string_or(""));
    const Seconds end = time_at(holder.root(), "at") + eviction_lasts;
    if (end <= in.now) {
      plan.said.push_back({"NotDeleted",
                           text("Pod was expected by PDB {} to be deleted but it wasn't", in.self.key()),
                           true});
      continue;
    }
    plan.look_again(end - in.now);
    disrupted.root().member(item.key()).copy(item);
  }
  return disrupted;
}

void set_allowed(json::Item& status, std::int64_t allowed, Seconds now) {
  status.member("disruptionsAllowed").set_number(allowed);
  set_condition(status,
                {"DisruptionAllowed", allowed > 0 ? "True" : "False",
                 allowed > 0 ? "SufficientPods" : "InsufficientPods"},
                now);
}

}  // namespace

Plan plan_budget(const BudgetInput& in) {
  Plan plan;
  json::Tree tree = json::Tree::copy_of(kube::part_at(in.wanted, "status"));
  json::Item& status = tree.root();
  const json::Tree disrupted = disrupted_of(in, plan);
  const std::optional<Counts> counts = counts_of(in);
  if (!counts) {
    plan.said.push_back({"CalculateExpectedPodCountFailed",
                         text("Failed to calculate the number of expected pods: {}", in.problem), true});
    status.member("disruptionsAllowed").set_number(0);
    set_condition(status, {"DisruptionAllowed", "False", "SyncFailed", in.problem}, in.now);
  } else {
    if (in.pods.empty()) plan.said.push_back({"NoPods", "No matching pods found"});
    std::int64_t healthy = 0;
    for (const Pod* pod : in.pods)
      healthy += pod->ready && !pod->deleting() && disrupted.root().find(pod->name) == nullptr;
    status.member("currentHealthy").set_number(healthy);
    status.member("desiredHealthy").set_number(counts->desired);
    status.member("expectedPods").set_number(counts->expected);
    set_allowed(status, counts->expected <= 0 ? 0 : std::max<std::int64_t>(0, healthy - counts->desired),
                in.now);
  }
  if (disrupted.root().size() != 0) status.member("disruptedPods").copy(disrupted.root());
  else status.remove("disruptedPods");
  status.member("observedGeneration").set_number(kube::number_at(in.wanted, "metadata.generation"));
  plan.status = update_status(Kind::budget, in.wanted, status);
  return plan;
}

}  // namespace podo::controllers
