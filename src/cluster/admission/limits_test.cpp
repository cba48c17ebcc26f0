// LimitRanger and ResourceQuota.
#include "cluster/admission/admission_testing.h"

namespace podo::admission {
namespace {

std::string container_with(std::string_view resources, std::string_view name = "c") {
  return text(R"({{"name":"{}","image":"i","resources":{}}})", name, resources);
}

Task<void> defaults(World& world) {
  co_await world.put("v1", "LimitRange", R"({"metadata":{"name":"l","namespace":"ns"},"spec":{"limits":[
      {"type":"Container","default":{"cpu":"200m"},"defaultRequest":{"cpu":"100m","memory":"1Mi"}}]}})");
  const Outcome pod = co_await world.submit(new_pod(pod_with(plain_container)));
  CHECK_EQ(pod.refused, "");
  CHECK_EQ(pod.at("spec.containers[0].resources.requests"), R"({"cpu":"100m","memory":"1Mi"})");
  CHECK_EQ(pod.at("spec.containers[0].resources.limits"), R"({"cpu":"200m"})");
  CHECK_EQ(pod.object.root().find("metadata", "annotations", "kubernetes.io/limit-ranger")->string(),
           "LimitRanger plugin set: cpu, memory request for container c; cpu limit for container c");
}

Task<void> bounds(World& world) {
  co_await world.put("v1", "LimitRange", R"({"metadata":{"name":"l","namespace":"ns"},"spec":{"limits":[
      {"type":"Container","min":{"cpu":"50m"},"max":{"cpu":"1"},"maxLimitRequestRatio":{"cpu":"4"},
       "default":{"cpu":"100m"},"defaultRequest":{"cpu":"100m"}},
      {"type":"Pod","max":{"cpu":"1500m"}},
      {"type":"PersistentVolumeClaim","max":{"storage":"1Gi"}}]}})");
  const auto refused = [&](std::string containers) -> Task<std::string> {
    co_return (co_await world.submit(new_pod(pod_with(std::move(containers))))).refused;
  };
  CHECK_EQ(co_await refused(plain_container), "");
  CHECK_EQ(
      co_await refused(container_with(R"({"limits":{"cpu":"2"},"requests":{"cpu":"1"}})")),
      "pods \"x\" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum cpu usage per "
      "Pod is 1500m, but limit is 2]");
  CHECK_EQ(
      co_await refused(container_with(R"({"limits":{"cpu":"100m"},"requests":{"cpu":"10m"}})")),
      "pods \"x\" is forbidden: [minimum cpu usage per Container is 50m, but request is 10m, cpu max limit "
      "to request ratio per Container is 4, but provided ratio is 10.000000]");
  const std::string one = container_with(R"({"limits":{"cpu":"1"}})", "a");
  CHECK_EQ(co_await refused(one + "," + container_with(R"({"limits":{"cpu":"1"}})", "b")),
           "pods \"x\" is forbidden: maximum cpu usage per Pod is 1500m, but limit is 2");
  const Outcome claim =
      co_await world.submit({.api_version = "v1",
                             .kind = "PersistentVolumeClaim",
                             .json = R"({"spec":{"resources":{"requests":{"storage":"2Gi"}}}})"});
  CHECK_EQ(claim.refused,
           "persistentvolumeclaims \"x\" is forbidden: maximum storage usage per PersistentVolumeClaim is "
           "1Gi, but "
           "request is 2Gi");
}

Task<std::string> used(World& world, std::string name) {
  const json::Tree quota = co_await world.get("v1", "ResourceQuota", "ns", std::move(name));
  std::string out;
  json::append_text(out, kube::part_at(quota.root(), "status.used"));
  co_return out;
}

Task<void> quotas(World& world) {
  co_await world.put("v1", "Pod", pod_with(plain_container, R"(,"nodeName":"n")", R"(,"uid":"u")"));
  co_await world.put("v1", "ResourceQuota", R"({"metadata":{"name":"q","namespace":"ns"},
      "spec":{"hard":{"pods":"3","requests.cpu":"1","count/pods":"9"}}})");
  CHECK_EQ((co_await world.submit(new_pod(pod_with(plain_container)))).refused,
           "pods \"x\" is forbidden: failed quota: q: must specify requests.cpu for: c");
  const Ask small = new_pod(pod_with(container_with(R"({"requests":{"cpu":"400m"}})")));
  Ask dry = small;
  dry.dry_run = true;
  CHECK_EQ((co_await world.submit(dry)).refused, "");
  CHECK_EQ(co_await used(world, "q"), "null");
  CHECK_EQ((co_await world.submit(small)).refused, "");
  CHECK_EQ(co_await used(world, "q"), R"({"count/pods":"2","pods":"2","requests.cpu":"400m"})");
  const Ask large = new_pod(pod_with(container_with(R"({"requests":{"cpu":"700m"}})")));
  CHECK_EQ(
      (co_await world.submit(large)).refused,
      "pods \"x\" is forbidden: exceeded quota: q, requested: requests.cpu=700m, used: requests.cpu=400m, "
      "limited: requests.cpu=1");
  // A second quota: both are charged, or none.
  co_await world.put("v1", "ResourceQuota",
                     R"({"metadata":{"name":"r","namespace":"ns"},"spec":{"hard":{"count/pods":"2"}}})");
  CHECK_EQ((co_await world.submit(small)).refused, "");
  CHECK_EQ(co_await used(world, "r"), R"({"count/pods":"2"})");
  CHECK_EQ((co_await world.submit(small)).refused,
           "pods \"x\" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=400m, used: "
           "pods=3,requests.cpu=800m, limited: pods=3,requests.cpu=1");
}

// In the way of time: what is made new is counted, what is deleted is given back.
Task<void> recounts(World& world) {
  const auto pod = [](std::string_view name) {
    return text(R"({{"metadata":{{"name":"{}","namespace":"ns","uid":"u"}},"spec":{{"containers":[]}}}})",
                name);
  };
  co_await world.put("v1", "Pod", pod("a"));
  co_await world.put("v1", "ResourceQuota",
                     R"({"metadata":{"name":"q","namespace":"ns"},"spec":{"hard":{"pods":"2"}}})");
  co_await io::sleep(seconds(1));
  CHECK_EQ(co_await used(world, "q"), R"({"pods":"1"})");
  co_await world.put("v1", "Pod", pod("b"));
  co_await io::sleep(seconds(3));
  const objects::Key key{world.schema.find_kind("v1", "Pod"), "ns", "a"};
  co_await world.objects->remove(key, (co_await world.objects->find(key))->revision());
  co_await world.objects->remove({key.resource, "ns", "b"}, 0);
  co_await io::sleep(seconds(1));
  CHECK_EQ(co_await used(world, "q"), R"({"pods":"0"})");
  co_await world.put("v1", "ResourceQuota",
                     R"({"metadata":{"name":"q","namespace":"ns"},"spec":{"hard":{"count/secrets":"2"}}})");
  co_await io::sleep(seconds(1));
  CHECK_EQ(co_await used(world, "q"), R"({"count/secrets":"0"})");
}

Task<void> many_at_once(World& world) {
  co_await world.put("v1", "ResourceQuota",
                     R"({"metadata":{"name":"q","namespace":"ns"},"spec":{"hard":{"configmaps":"5"}}})");
  std::vector<Task<Outcome>> asked;
  for (int i = 0; i < 12; ++i)
    asked.push_back(world.submit({.api_version = "v1", .kind = "ConfigMap", .json = "{}"}));
  int refused = 0;
  for (const Outcome& outcome : co_await io::all(std::move(asked))) {
    if (outcome.refused.empty()) continue;
    ++refused;
    CHECK_EQ(outcome.refused,
             "configmaps \"x\" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=5, "
             "limited: configmaps=5");
  }
  CHECK_EQ(refused, 7);
  CHECK_EQ(co_await used(world, "q"), R"({"configmaps":"5"})");
}

Task<void> scopes(World& world) {
  co_await world.put("v1", "ResourceQuota", R"({"metadata":{"name":"b","namespace":"ns"},
      "spec":{"hard":{"pods":"0"},"scopes":["BestEffort","NotTerminating"]}})");
  const std::string best_effort = pod_with(plain_container);
  CHECK_EQ((co_await world.submit(new_pod(best_effort))).refused,
           "pods \"x\" is forbidden: exceeded quota: b, requested: pods=1, used: pods=0, limited: pods=0");
  CHECK_EQ(
      (co_await world.submit(new_pod(pod_with(plain_container, R"(,"activeDeadlineSeconds":5)")))).refused,
      "");
  CHECK_EQ((co_await world.submit(new_pod(pod_with(container_with(R"({"requests":{"cpu":"1"}})"))))).refused,
           "");
  co_await world.put("v1", "ResourceQuota", R"({"metadata":{"name":"b","namespace":"ns"},
      "spec":{"hard":{"pods":"0"},"scopeSelector":{"matchExpressions":[
        {"scopeName":"PriorityClass","operator":"In","values":["high"]}]}}})");
  co_await world.put("scheduling.k8s.io/v1", "PriorityClass", R"({"metadata":{"name":"high"},"value":9})");
  CHECK_EQ((co_await world.submit(new_pod(best_effort))).refused, "");
  CHECK(!(co_await world.submit(new_pod(pod_with(plain_container, R"(,"priorityClassName":"high")"))))
             .refused.empty());
}

Task<void> other_kinds(World& world) {
  co_await world.put("v1", "ResourceQuota", R"({"metadata":{"name":"q","namespace":"ns"},"spec":{"hard":{
      "services":"5","services.nodeports":"2","services.loadbalancers":"1","count/deployments.apps":"1",
      "requests.storage":"10Gi","gold.storageclass.storage.k8s.io/requests.storage":"1Gi"}}})");
  const auto service = [](std::string_view spec, std::string_view old = "") {
    return Ask{.api_version = "v1", .kind = "Service", .json = std::string(spec), .old = std::string(old)};
  };
  const std::string_view two_ports = R"({"spec":{"type":"NodePort","ports":[{"port":1},{"port":2}]}})";
  CHECK_EQ((co_await world.submit(service(two_ports))).refused, "");
  CHECK_EQ((co_await world.submit(service(two_ports, two_ports))).refused, "");
  CHECK_EQ(
      (co_await world.submit(service(R"({"spec":{"type":"LoadBalancer","ports":[{"port":1}]}})"))).refused,
      "services \"x\" is forbidden: exceeded quota: q, requested: services.nodeports=1, used: "
      "services.nodeports=2, limited: services.nodeports=2");
  const Ask claim{
      .api_version = "v1",
      .kind = "PersistentVolumeClaim",
      .json = R"({"spec":{"storageClassName":"gold","resources":{"requests":{"storage":"2Gi"}}}})"};
  CHECK_EQ((co_await world.submit(claim)).refused,
           "persistentvolumeclaims \"x\" is forbidden: exceeded quota: q, requested: "
           "gold.storageclass.storage.k8s.io/requests.storage=2Gi, used: "
           "gold.storageclass.storage.k8s.io/requests.storage=0, limited: "
           "gold.storageclass.storage.k8s.io/requests.storage=1Gi");
  const Ask deployment{.api_version = "apps/v1", .kind = "Deployment", .json = R"({"spec":{"template":{}}})"};
  CHECK_EQ((co_await world.submit(deployment)).refused, "");
  CHECK_EQ(
      (co_await world.submit(deployment)).refused,
      "deployments.apps \"x\" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: "
      "count/deployments.apps=1, limited: count/deployments.apps=1");
}

}  // namespace

TEST_CASE("containers get a namespace's default amounts") { in_world(defaults); }
TEST_CASE("containers, pods and claims have bounds") { in_world(bounds); }
TEST_CASE("quotas are charged before a pod is stored") { in_world(quotas); }
TEST_CASE("what is deleted is given back") { in_world(recounts); }
TEST_CASE("who asks at the same time does not get more together") { in_world(many_at_once); }
TEST_CASE("quotas with scopes are about some pods only") { in_world(scopes); }
TEST_CASE("services, claims and everything else count, too") { in_world(other_kinds); }

}  // namespace podo::admission
