#include <doctest/doctest.h>

#include "cluster/apiserver/api_testing.h"

namespace podo::apiserver {
namespace {

constexpr const char* sets = "/apis/apps/v1/namespaces/ns/replicasets";
constexpr const char* pods = "/api/v1/namespaces/ns/pods";

Task<std::unique_ptr<Asked>> send(ApiWorld& world, std::string method, std::string target, std::string body,
                                  std::string type = "application/json") {
  return world.ask(std::move(target), {{"Content-Type", std::move(type)}}, std::move(method),
                   std::move(body));
}
Task<void> make_set(ApiWorld& world) {
  const auto made = co_await send(
      world, "POST", sets,
      R"({"metadata":{"name":"s"},"spec":{"replicas":1,"selector":{"matchLabels":{"a":"b"}},"template":)"
      R"({"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})");
  CHECK_EQ(made->status, 201);
}
Task<void> make_pod(ApiWorld& world) {
  const auto made = co_await send(world, "POST", pods,
                                  R"({"metadata":{"name":"p","labels":{"a":"b"}},"spec":{"containers":)"
                                  R"([{"name":"c","image":"i"}]}})");
  CHECK_EQ(made->status, 201);
}

Task<void> scale(ApiWorld& world) {
  co_await make_set(world);
  const std::string path = text("{}/s/scale", sets);
  const auto shown = co_await world.ask(path);
  CHECK(shown->answer.starts_with(R"({"kind":"Scale","apiVersion":"autoscaling/v1")"));
  const auto patched =
      co_await send(world, "PATCH", path, R"({"spec":{"replicas":5}})", "application/merge-patch+json");
  CHECK_EQ(patched->status, 200);
  CHECK(patched->answer.contains(R"("spec":{"replicas":5})"));
  const auto put = co_await send(world, "PUT", path,
                                 R"({"metadata":{"name":"s","namespace":"ns"},"spec":{"replicas":7}})");
  CHECK_EQ(put->status, 200);
  const auto set = co_await world.ask(text("{}/s", sets));
  CHECK(set->answer.contains(R"("replicas":7,)"));
  CHECK(set->answer.contains(R"("generation":3)"));
  CHECK(set->answer.contains(R"("subresource":"scale")"));
}

Task<void> status(ApiWorld& world) {
  co_await make_set(world);
  const auto changed =
      co_await send(world, "PATCH", text("{}/s/status", sets),
                    R"({"spec":{"replicas":9},"status":{"replicas":2}})", "application/merge-patch+json");
  CHECK_EQ(changed->status, 200);
  CHECK(changed->answer.contains(R"("status":{"replicas":2})"));
  CHECK(changed->answer.contains(R"("spec":{"replicas":1,)"));
  CHECK(changed->answer.contains(R"("generation":1)"));
}

Task<void> bind(ApiWorld& world) {
  co_await make_pod(world);
  const std::string path = text("{}/p/binding", pods);
  const std::string body = R"({"metadata":{"name":"p"},"target":{"kind":"Node","name":"n"}})";
  const auto bound = co_await send(world, "POST", path, body);
  CHECK_EQ(
      bound->answer,
      "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Success\",\"code\":201}\n");
  const auto pod = co_await world.ask(text("{}/p", pods));
  CHECK(pod->answer.contains(R"("nodeName":"n")"));
  CHECK(pod->answer.contains(R"("type":"PodScheduled","status":"True")"));
  const auto again = co_await send(world, "POST", path, body);
  CHECK_EQ(again->status, 409);
  CHECK(again->answer.contains("pod p is already assigned to node"));
}

Task<void> evict(ApiWorld& world) {
  co_await make_pod(world);
  co_await send(world, "POST", text("{}/p/binding", pods),
                R"({"metadata":{"name":"p"},"target":{"name":"n"}})");
  co_await send(world, "PATCH", text("{}/p/status", pods), R"({"status":{"phase":"Running"}})",
                "application/merge-patch+json");
  const std::string budgets = "/apis/policy/v1/namespaces/ns/poddisruptionbudgets";
  co_await send(
      world, "POST", budgets,
      R"({"metadata":{"name":"b"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"a":"b"}}}})");
  const auto evict_it = [](ApiWorld& a_world) {
    return send(a_world, "POST", text("{}/p/eviction", pods),
                R"({"kind":"Eviction","apiVersion":"policy/v1","metadata":{"name":"p"}})");
  };
  const auto refused = co_await evict_it(world);
  CHECK_EQ(refused->status, 429);
  CHECK(refused->answer.contains("Cannot evict pod as it would violate the pod's disruption budget."));
  co_await send(
      world, "PATCH", budgets + "/b/status",
      R"({"status":{"observedGeneration":1,"disruptionsAllowed":1,"currentHealthy":2,"desiredHealthy":1,)"
      R"("expectedPods":2}})",
      "application/merge-patch+json");
  CHECK_EQ((co_await evict_it(world))->status, 201);
  CHECK((co_await world.ask(text("{}/p", pods)))->answer.contains("\"deletionTimestamp\""));
  CHECK((co_await world.ask(budgets + "/b"))->answer.contains(R"("disruptionsAllowed":0)"));
}

Task<void> versions(ApiWorld& world) {
  const std::string v2 = "/apis/autoscaling/v2/namespaces/ns/horizontalpodautoscalers";
  const auto made =
      co_await send(world, "POST", "/apis/autoscaling/v1/namespaces/ns/horizontalpodautoscalers",
                    R"({"metadata":{"name":"h"},"spec":{"maxReplicas":3,"targetCPUUtilizationPercentage":50,)"
                    R"("scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"}}})");
  CHECK_EQ(made->status, 201);
  CHECK(made->answer.contains(R"("targetCPUUtilizationPercentage":50)"));
  const auto other = co_await world.ask(v2 + "/h");
  CHECK(other->answer.contains(R"("apiVersion":"autoscaling/v2")"));
  CHECK(other->answer.contains(R"("averageUtilization":50)"));
  CHECK_EQ((co_await send(world, "POST", v2, other->answer))->status, 500);  // its resourceVersion is set
}

}  // namespace

TEST_CASE("scale is shown, patched and put, and counts as a change of what is wanted") { in_api(scale); }
TEST_CASE("status changes alone, and nothing else with it") { in_api(status); }
TEST_CASE("a pod is bound once") { in_api(bind); }
TEST_CASE("an eviction asks the disruption budget, and takes from it") { in_api(evict); }
TEST_CASE("one object in two versions of its kind") { in_api(versions); }

}  // namespace podo::apiserver
