#include <doctest/doctest.h>

#include "cluster/apiserver/api_testing.h"

namespace podo::apiserver {
namespace {

Task<void> discovery(ApiWorld& world) {
  const auto groups = co_await world.ask("/apis");
  CHECK_EQ(groups->status, 200);
  CHECK(groups->answer.starts_with(R"({"kind":"APIGroupList","apiVersion":"v1")"));
  const auto all = co_await world.ask(
      "/apis",
      {{"Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"}});
  CHECK_EQ(all->answer_headers.get("Content-Type"),
           "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  const std::string etag(all->answer_headers.get("Etag"));
  const auto same = co_await world.ask(
      "/apis", {{"Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"},
                {"If-None-Match", etag}});
  CHECK_EQ(same->status, 304);
  CHECK((co_await world.ask("/api/v1"))->answer.contains(R"("name":"pods/log")"));
  CHECK((co_await world.ask("/apis/apps/v1"))->answer.contains(R"("groupVersion":"apps/v1")"));
  CHECK((co_await world.ask("/apis/apps"))->answer.starts_with(R"({"kind":"APIGroup",)"));
  for (const char* path : {"/apis/nothing", "/apis/apps/v9", "/api/v9", "/nowhere"}) {
    const auto none = co_await world.ask(path);
    CHECK_EQ(none->status, 404);
    CHECK_EQ(none->answer, "404 page not found\n");
  }
}

Task<void> unknown(ApiWorld& world) {
  const auto none = co_await world.ask("/api/v1/nothings");
  CHECK_EQ(none->answer,
           "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":"
           "\"the server could not find the requested resource\",\"reason\":\"NotFound\",\"details\":{},"
           "\"code\":404}\n");
  CHECK_EQ((co_await world.ask("/api/v1/namespaces/ns/configmaps", {}, "PUT", "{}"))->status, 405);
  CHECK_EQ((co_await world.ask("/api/v1/namespaces/ns/configmaps/x", {}, "POST", "{}"))->status, 405);
  CHECK_EQ((co_await world.ask("/api/v1/namespaces/ns/bindings"))->status, 405);
  CHECK_EQ((co_await world.ask("/api/v1/namespaces/ns/nodes"))->status, 404);
  CHECK_EQ((co_await world.ask("/version", {}, "POST", "{}"))->status, 405);
}

Task<void> health(ApiWorld& world) {
  CHECK_EQ((co_await world.ask("/healthz"))->answer, "ok");
  CHECK_EQ((co_await world.ask("/livez/ping"))->answer, "ok");
  CHECK_EQ((co_await world.ask("/readyz/nothing"))->status, 404);
  const auto verbose = co_await world.ask("/readyz?verbose&exclude=etcd");
  CHECK(verbose->answer.starts_with("[+]ping ok\n"));
  CHECK(verbose->answer.contains("[+]etcd excluded: ok\n"));
  CHECK(verbose->answer.ends_with("readyz check passed\n"));
  co_await world.store->close();
  CHECK_EQ((co_await world.ask("/readyz"))->status, 500);
}

Task<void> metrics(ApiWorld& world) {
  co_await world.ask("/api/v1/namespaces");
  const auto told = co_await world.ask("/metrics");
  CHECK(
      told->answer.contains("apiserver_request_total{verb=\"LIST\",group=\"\",version=\"v1\",resource="
                            "\"namespaces\",subresource=\"\","
                            "code=\"200\"} 1\n"));
  CHECK(told->answer.contains("apiserver_storage_objects{resource=\"namespaces\"} 4\n"));
  CHECK(told->answer.contains("apiserver_current_inflight_requests{request_kind=\"readOnly\"} 1\n"));
}

Task<void> first_objects(ApiWorld& world) {
  for (const char* path : {"/api/v1/namespaces/kube-system", "/api/v1/namespaces/default/services/kubernetes",
                           "/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical",
                           "/apis/networking.k8s.io/v1/servicecidrs/kubernetes",
                           "/apis/networking.k8s.io/v1/ipaddresses/10.96.0.1",
                           "/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin",
                           "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/catch-all",
                           "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"})
    CHECK_EQ((co_await world.ask(path))->status, 200);
  CHECK((co_await world.ask("/version"))->answer.contains("\"gitVersion\": \"v1.36"));
  CHECK((co_await world.ask("/"))->answer.contains("\"/apis/apps/v1\""));
}

}  // namespace

TEST_CASE("discovery: old and aggregated, with ETags") { in_api(discovery); }
TEST_CASE("what is not there, and methods that are not") { in_api(unknown); }
TEST_CASE("health: whole, verbose, single checks; a store that is gone shows") { in_api(health); }
TEST_CASE("metrics count requests and objects") { in_api(metrics); }
TEST_CASE("a cluster has its first objects from the start") { in_api(first_objects); }

}  // namespace podo::apiserver
