#include "model/kube/defaults.h"

#include <doctest/doctest.h>

#include "model/kube/path.h"
#include "model/kube/schema.h"
#include "model/schema/convert.h"

namespace podo::kube {
namespace {

// The defaulted object, shaped first; a second round must change nothing.
class Defaulted {
 public:
  Defaulted(std::string_view type_name, std::string text) : schema_(parse_schema()) {
    const schema::Struct& type = *schema_.find_type(type_name);
    auto parsed = json::Tree::parse(std::move(text));
    REQUIRE(parsed);
    tree_ = std::move(*parsed);
    REQUIRE(schema::shape(tree_.root(), type));
    apply_defaults(tree_.root(), type, {1'700'000'000'900'000'000});
    const std::string once = schema::canonical(tree_.root(), type);
    apply_defaults(tree_.root(), type, {0});
    CHECK_EQ(schema::canonical(tree_.root(), type), once);
    auto again = json::Tree::parse(once);
    REQUIRE(schema::shape(again->root(), type));
    CHECK_EQ(schema::canonical(again->root(), type), once);
  }
  std::string at(std::string_view path) const {
    const json::Item* found = find_at(tree_.root(), path);
    std::string out;
    if (found != nullptr) append_text(out, *found);
    return found ? out : "none";
  }

 private:
  schema::Schema schema_;
  json::Tree tree_;
};

std::string pod_with(std::string containers) { return R"({"spec":{"containers":[)" + containers + "]}}"; }

}  // namespace

TEST_CASE("an image's tag decides when it is pulled") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"web", "\"Always\""},
      {"web:latest", "\"Always\""},
      {"host:5000/web", "\"Always\""},
      {"web:1.2", "\"IfNotPresent\""},
      {"host:5000/web:latest", "\"Always\""},
      {"web@sha256:0000000000000000000000000000000000000000000000000000000000000000", "\"IfNotPresent\""},
      {"web:latest@sha256:00", "\"IfNotPresent\""},
  };
  for (const auto& [image, policy] : cases) {
    CAPTURE(image);
    const Defaulted pod("core.v1.Pod", pod_with(text(R"({{"name":"a","image":"{}"}})", image)));
    CHECK_EQ(pod.at("spec.containers[0].imagePullPolicy"), policy);
  }
  CHECK_EQ(Defaulted("core.v1.Pod", pod_with(R"({"image":"a","imagePullPolicy":"Never"})"))
               .at("spec.containers[0].imagePullPolicy"),
           "\"Never\"");
  CHECK_EQ(Defaulted("core.v1.Pod", R"({"spec":{"ephemeralContainers":[{"image":"a:1"}]}})")
               .at("spec.ephemeralContainers[0].imagePullPolicy"),
           "\"IfNotPresent\"");
  CHECK_EQ(Defaulted("core.v1.Volume", R"({"name":"v","image":{"reference":"a"}})").at("image.pullPolicy"),
           "\"Always\"");
}

TEST_CASE("a volume without a source is an empty folder") {
  CHECK_EQ(Defaulted("core.v1.Volume", R"({"name":"v"})").at("emptyDir"), "{}");
  CHECK_EQ(Defaulted("core.v1.Volume", R"({"name":"v","configMap":{"name":"c"}})").at("emptyDir"), "none");
  CHECK_EQ(Defaulted("core.v1.Volume", R"({"name":"v","configMap":{}})").at("configMap.defaultMode"), "420");
  CHECK_EQ(Defaulted("core.v1.Volume", R"({"name":"v","hostPath":{"path":"/"}})").at("hostPath.type"),
           "\"\"");
}

TEST_CASE("amounts of resources are rounded up to thousandths") {
  const Defaulted pod("core.v1.Pod", pod_with(R"({"resources":{"limits":{"cpu":"1n","memory":"1Gi"}}})"));
  CHECK_EQ(pod.at("spec.containers[0].resources.limits"), R"({"cpu":"1m","memory":"1Gi"})");
}

TEST_CASE("a pod's requests are its limits where they are not told, templates keep theirs open") {
  const std::string container =
      R"({"resources":{"limits":{"cpu":"2","memory":"1Gi"},"requests":{"cpu":"1"}}})";
  CHECK_EQ(Defaulted("core.v1.Pod", pod_with(container)).at("spec.containers[0].resources.requests"),
           R"({"cpu":"1","memory":"1Gi"})");
  CHECK_EQ(Defaulted("core.v1.Pod", R"({"spec":{"initContainers":[)" + container + "]}}")
               .at("spec.initContainers[0].resources.requests.memory"),
           "\"1Gi\"");
  CHECK_EQ(Defaulted("apps.v1.Deployment", R"({"spec":{"template":)" + pod_with(container) + "}}")
               .at("spec.template.spec.containers[0].resources.requests"),
           R"({"cpu":"1"})");
}

TEST_CASE("resources of a whole pod are completed from its containers") {
  const Defaulted pod("core.v1.Pod",
                      R"({"spec":{"resources":{"limits":{"cpu":"4","memory":"2Gi"}},"containers":[
      {"resources":{"requests":{"cpu":"1"},"limits":{"hugepages-2Mi":"4Mi"}}},)"
           R"({"resources":{"requests":{"cpu":"500m"}}}]}})");
  CHECK_EQ(pod.at("spec.resources.requests.cpu"), "\"1500m\"");
  CHECK_EQ(pod.at("spec.resources.requests.memory"), "\"2Gi\"");
  CHECK_EQ(pod.at("spec.resources.limits.hugepages-2Mi"), "\"4Mi\"");
  CHECK_EQ(Defaulted("core.v1.Pod", pod_with("{}")).at("spec.resources"), "none");
}

TEST_CASE("pods get service links, and host ports on the host's network") {
  const Defaulted pod("core.v1.Pod",
                      R"({"spec":{"hostNetwork":true,"containers":[{"ports":[{"containerPort":80},
      {"containerPort":81,"hostPort":82}]}]}})");
  CHECK_EQ(pod.at("spec.enableServiceLinks"), "true");
  CHECK_EQ(pod.at("spec.containers[0].ports[0].hostPort"), "80");
  CHECK_EQ(pod.at("spec.containers[0].ports[1].hostPort"), "82");
  CHECK_EQ(pod.at("spec.containers[0].ports[0].protocol"), "\"TCP\"");
  CHECK_EQ(Defaulted("core.v1.Pod", pod_with(R"({"ports":[{"containerPort":80}]})"))
               .at("spec.containers[0].ports[0].hostPort"),
           "none");
  CHECK_EQ(Defaulted("core.v1.Pod", R"({"spec":{"enableServiceLinks":false}})").at("spec.enableServiceLinks"),
           "false");
  CHECK_EQ(Defaulted("apps.v1.DeploymentSpec", "{}").at("template.spec.enableServiceLinks"), "none");
}

TEST_CASE("both names of a pod's account are told") {
  CHECK_EQ(Defaulted("core.v1.Pod", R"({"spec":{"serviceAccount":"a"}})").at("spec.serviceAccountName"),
           "\"a\"");
  CHECK_EQ(Defaulted("core.v1.Pod", R"({"spec":{"serviceAccountName":"b","serviceAccount":"a"}})")
               .at("spec.serviceAccount"),
           "\"b\"");
  CHECK_EQ(Defaulted("core.v1.Pod", R"({"spec":{}})").at("spec.serviceAccountName"), "none");
}

TEST_CASE("a replication controller takes selector and labels from its template") {
  const Defaulted controller("core.v1.ReplicationController",
                             R"({"spec":{"template":{"metadata":{"labels":{"a":"b"}},"spec":{}}}})");
  CHECK_EQ(controller.at("spec.selector"), R"({"a":"b"})");
  CHECK_EQ(controller.at("metadata.labels"), R"({"a":"b"})");
  CHECK_EQ(controller.at("spec.replicas"), "1");
  CHECK_EQ(Defaulted("core.v1.ReplicationController",
                     R"({"spec":{"selector":{"x":"y"},"template":{"metadata":{"labels":{"a":"b"}}}}})")
               .at("spec.selector"),
           R"({"x":"y"})");
}

TEST_CASE("a service is completed by its type") {
  const auto service = [](std::string spec) {
    return Defaulted("core.v1.Service", R"({"spec":)" + spec + "}");
  };
  const Defaulted plain = service(R"({"ports":[{"port":80},{"port":81,"targetPort":"http"}]})");
  CHECK_EQ(plain.at("spec.type"), "\"ClusterIP\"");
  CHECK_EQ(plain.at("spec.sessionAffinity"), "\"None\"");
  CHECK_EQ(plain.at("spec.ports[0].targetPort"), "80");
  CHECK_EQ(plain.at("spec.ports[1].targetPort"), "\"http\"");
  CHECK_EQ(plain.at("spec.internalTrafficPolicy"), "\"Cluster\"");
  CHECK_EQ(plain.at("spec.externalTrafficPolicy"), "none");
  CHECK_EQ(service(R"({"externalIPs":["1.2.3.4"]})").at("spec.externalTrafficPolicy"), "\"Cluster\"");
  CHECK_EQ(service(R"({"type":"NodePort"})").at("spec.externalTrafficPolicy"), "\"Cluster\"");
  CHECK_EQ(service(R"({"type":"NodePort"})").at("spec.allocateLoadBalancerNodePorts"), "none");
  CHECK_EQ(service(R"({"type":"LoadBalancer"})").at("spec.allocateLoadBalancerNodePorts"), "true");
  CHECK_EQ(service(R"({"type":"ExternalName"})").at("spec.internalTrafficPolicy"), "none");
  CHECK_EQ(service(R"({"sessionAffinity":"ClientIP"})").at("spec.sessionAffinityConfig"),
           R"({"clientIP":{"timeoutSeconds":10800}})");
  CHECK_EQ(service(R"({"sessionAffinityConfig":{"clientIP":{}}})").at("spec.sessionAffinityConfig"), "none");
  CHECK_EQ(
      Defaulted("core.v1.Service", R"({"spec":{"type":"LoadBalancer"},"status":{"loadBalancer":{"ingress":
      [{"ip":"1.2.3.4"},{"hostname":"h"}]}}})")
          .at("status.loadBalancer.ingress"),
      R"([{"ip":"1.2.3.4","ipMode":"VIP"},{"hostname":"h"}])");
}

TEST_CASE("namespaces, nodes and limit ranges") {
  CHECK_EQ(Defaulted("core.v1.Namespace",
                     R"({"metadata":{"name":"n","labels":{"kubernetes.io/metadata.name":"x"}}})")
               .at("metadata.labels"),
           R"({"kubernetes.io/metadata.name":"n"})");
  CHECK_EQ(Defaulted("core.v1.Namespace", R"({"metadata":{"generateName":"n"}})").at("metadata.labels"),
           "none");
  CHECK_EQ(Defaulted("core.v1.Node", R"({"status":{"capacity":{"cpu":"2"}}})").at("status.allocatable"),
           R"({"cpu":"2"})");
  CHECK_EQ(Defaulted("core.v1.Node", R"({"status":{"capacity":{"cpu":"2"},"allocatable":{"cpu":"1"}}})")
               .at("status.allocatable"),
           R"({"cpu":"1"})");
  const Defaulted range("core.v1.LimitRange", R"({"spec":{"limits":[{"type":"Container","max":{"cpu":"2"},
      "min":{"cpu":"1","memory":"1Mi"}},{"type":"Pod","max":{"cpu":"4"}}]}})");
  CHECK_EQ(range.at("spec.limits[0].default"), R"({"cpu":"2"})");
  CHECK_EQ(range.at("spec.limits[0].defaultRequest"), R"({"cpu":"2","memory":"1Mi"})");
  CHECK_EQ(range.at("spec.limits[1].default"), "none");
}

TEST_CASE("workloads roll by default") {
  CHECK_EQ(Defaulted("apps.v1.Deployment", "{}").at("spec.strategy"),
           R"({"rollingUpdate":{"maxUnavailable":"25%","maxSurge":"25%"},"type":"RollingUpdate"})");
  CHECK_EQ(
      Defaulted("apps.v1.Deployment", R"({"spec":{"strategy":{"type":"Recreate"}}})").at("spec.strategy"),
      R"({"type":"Recreate"})");
  CHECK_EQ(Defaulted("apps.v1.Deployment", R"({"spec":{"strategy":{"rollingUpdate":{"maxSurge":0}}}})")
               .at("spec.strategy.rollingUpdate"),
           R"({"maxSurge":0,"maxUnavailable":"25%"})");
  CHECK_EQ(Defaulted("apps.v1.DaemonSet", "{}").at("spec.updateStrategy.rollingUpdate"),
           R"({"maxUnavailable":1,"maxSurge":0})");
  CHECK_EQ(Defaulted("apps.v1.DaemonSet", R"({"spec":{"updateStrategy":{"type":"OnDelete"}}})")
               .at("spec.updateStrategy.rollingUpdate"),
           "none");
  const Defaulted set("apps.v1.StatefulSet",
                      R"({"spec":{"volumeClaimTemplates":[{"metadata":{"name":"d"}}]}})");
  CHECK_EQ(set.at("spec.updateStrategy.rollingUpdate"), R"({"partition":0})");
  CHECK_EQ(set.at("spec.persistentVolumeClaimRetentionPolicy"),
           R"({"whenDeleted":"Retain","whenScaled":"Retain"})");
  CHECK_EQ(set.at("spec.volumeClaimTemplates[0].kind"), "\"PersistentVolumeClaim\"");
  CHECK_EQ(set.at("spec.volumeClaimTemplates[0].status.phase"), "\"Pending\"");
  CHECK_EQ(Defaulted("apps.v1.StatefulSet", R"({"spec":{"updateStrategy":{"type":"RollingUpdate"}}})")
               .at("spec.updateStrategy.rollingUpdate"),
           "none");
}

TEST_CASE("jobs count their completions, a CronJob's template stays open") {
  const auto job = [](std::string spec) { return Defaulted("batch.v1.Job", R"({"spec":)" + spec + "}"); };
  CHECK_EQ(job("{}").at("spec.completions"), "1");
  CHECK_EQ(job("{}").at("spec.parallelism"), "1");
  CHECK_EQ(job(R"({"completions":5})").at("spec.parallelism"), "1");
  CHECK_EQ(job(R"({"parallelism":2})").at("spec.completions"), "none");
  CHECK_EQ(job(R"({"parallelism":0})").at("spec.parallelism"), "0");
  CHECK_EQ(job("{}").at("spec.backoffLimit"), "6");
  CHECK_EQ(job(R"({"backoffLimit":0})").at("spec.backoffLimit"), "0");
  CHECK_EQ(job(R"({"backoffLimitPerIndex":1})").at("spec.backoffLimit"), "2147483647");
  CHECK_EQ(job("{}").at("spec.podReplacementPolicy"), "\"TerminatingOrFailed\"");
  CHECK_EQ(job(R"({"podFailurePolicy":{}})").at("spec.podReplacementPolicy"), "\"Failed\"");
  CHECK_EQ(job("{}").at("spec.suspend"), "false");
  CHECK_EQ(job("{}").at("spec.completionMode"), "\"NonIndexed\"");
  CHECK_EQ(job(R"({"template":{"metadata":{"labels":{"a":"b"}}}})").at("metadata.labels"), R"({"a":"b"})");
  const Defaulted cron("batch.v1.CronJob", "{}");
  CHECK_EQ(cron.at("spec.jobTemplate.spec.backoffLimit"), "none");
  CHECK_EQ(cron.at("spec.jobTemplate.spec.suspend"), "none");
  CHECK_EQ(cron.at("spec.jobTemplate.spec.template.spec.dnsPolicy"), "\"ClusterFirst\"");
  CHECK_EQ(cron.at("spec.concurrencyPolicy"), "\"Allow\"");
}

TEST_CASE("autoscalers look at the processor unless told otherwise") {
  const Defaulted scaler("autoscaling.v2.HorizontalPodAutoscaler", R"({"spec":{"behavior":{}}})");
  CHECK_EQ(
      scaler.at("spec.metrics"),
      R"([{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization",)"
      R"("averageUtilization":80}}}])");
  CHECK_EQ(scaler.at("spec.minReplicas"), "1");
  CHECK_EQ(scaler.at("spec.behavior.scaleUp.policies[1].value"), "100");
  CHECK_EQ(scaler.at("spec.behavior.scaleUp.stabilizationWindowSeconds"), "0");
  CHECK_EQ(scaler.at("spec.behavior.scaleDown.stabilizationWindowSeconds"), "none");
  CHECK_EQ(scaler.at("spec.behavior.scaleDown.selectPolicy"), "\"Max\"");
  CHECK_EQ(Defaulted("autoscaling.v2.HorizontalPodAutoscaler", "{}").at("spec.behavior"), "none");
  CHECK_EQ(
      Defaulted("autoscaling.v1.HorizontalPodAutoscaler", "{}").at("spec.targetCPUUtilizationPercentage"),
      "80");
}

TEST_CASE("rules of the other groups") {
  CHECK_EQ(Defaulted("networking.v1.NetworkPolicySpec", "{}").at("policyTypes"), R"(["Ingress"])");
  CHECK_EQ(Defaulted("networking.v1.NetworkPolicySpec", R"({"egress":[{}]})").at("policyTypes"),
           R"(["Ingress","Egress"])");
  CHECK_EQ(Defaulted("networking.v1.NetworkPolicySpec", R"({"policyTypes":["Egress"]})").at("policyTypes"),
           R"(["Egress"])");
  CHECK_EQ(Defaulted("networking.v1.IngressClass", R"({"spec":{"parameters":{"kind":"x"}}})")
               .at("spec.parameters.scope"),
           "\"Cluster\"");
  CHECK_EQ(Defaulted("rbac.v1.Subject", R"({"kind":"User"})").at("apiGroup"),
           "\"rbac.authorization.k8s.io\"");
  CHECK_EQ(Defaulted("rbac.v1.Subject", R"({"kind":"ServiceAccount"})").at("apiGroup"), "none");
  CHECK_EQ(Defaulted("resource.v1.ExactDeviceRequest", "{}").at("count"), "1");
  CHECK_EQ(Defaulted("resource.v1.ExactDeviceRequest", R"({"allocationMode":"All"})").at("count"), "none");
  CHECK_EQ(Defaulted("resource.v1.DeviceTaint", "{}").at("timeAdded"), "\"2023-11-14T22:13:20Z\"");
  const Defaulted definition(
      "apiextensions.v1.CustomResourceDefinition",
      R"({"spec":{"names":{"kind":"Crate"},"versions":[{"name":"v1"},{"name":"v2","storage":true}]}})");
  CHECK_EQ(definition.at("spec.names.singular"), "\"crate\"");
  CHECK_EQ(definition.at("spec.names.listKind"), "\"CrateList\"");
  CHECK_EQ(definition.at("spec.conversion"), R"({"strategy":"None"})");
  CHECK_EQ(definition.at("status.storedVersions"), R"(["v2"])");
}

}  // namespace podo::kube
