#include "cluster/control/conditions.h"
#include "cluster/control/plans_testing.h"
#include "cluster/workloads/budget_plan.h"

namespace podo::controllers {

TEST_CASE("a budget of a number counts pods, one of a percentage what their controllers want") {
  PodTable table{"a running ready", "b running ready", "c running", "d running ready deleting"};
  const auto plan = [&](std::string_view spec, std::optional<std::int64_t> expected,
                        std::string_view status = "") {
    const json::Tree budget = tree_of(text(
        R"({{"metadata":{{"name":"b","namespace":"default","generation":3}},"spec":{{{}}},"status":{{{}}}}})",
        spec, status));
    Plan planned = plan_budget(
        {budget.root(), self_of(Kind::budget, budget), table.pods, expected, "no controller", 1000});
    REQUIRE(planned.status);
    return planned;
  };
  const auto numbers = [](const Plan& planned) {
    const json::Item& status = *kube::find_at(planned.status->object.root(), "status");
    return text("{} {} {} {}", kube::number_at(status, "currentHealthy"),
                kube::number_at(status, "desiredHealthy"), kube::number_at(status, "expectedPods"),
                kube::number_at(status, "disruptionsAllowed"));
  };
  CHECK(numbers(plan(R"("minAvailable":1)", std::nullopt)) == "2 1 4 1");
  CHECK(numbers(plan(R"("minAvailable":"50%")", 5)) == "2 3 5 0");
  CHECK(numbers(plan(R"("maxUnavailable":3)", 4)) == "2 1 4 1");
  const Plan evicted = plan(R"("minAvailable":1)", 4,
                            R"("disruptedPods":{"a":"1970-01-01T00:16:00Z","b":"1970-01-01T00:01:00Z",
    "x":"1970-01-01T00:16:00Z"})");
  CHECK(numbers(evicted) == "1 1 4 0");
  CHECK(kube::size_at(evicted.status->object.root(), "status.disruptedPods") == 1);
  CHECK(evicted.again_after == 960 + 120 - 1000);
  CHECK(evicted.said[0].reason == "NotDeleted");
  const Plan failed = plan(R"("maxUnavailable":1)", std::nullopt);
  CHECK(reason_of(*kube::find_at(failed.status->object.root(), "status"), "DisruptionAllowed") ==
        "SyncFailed");
}

}  // namespace podo::controllers
