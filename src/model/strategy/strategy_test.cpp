#include "model/strategy/strategy.h"

#include <doctest/doctest.h>

#include "model/kube/defaults.h"
#include "model/kube/path.h"
#include "model/kube/schema.h"
#include "model/schema/convert.h"
#include "model/strategy/pod_resources.h"

namespace podo::strategy {
namespace {

constexpr Wall at_noon = {1'767'355'200'000'000'000};  // 2026-01-02T12:00:00Z

struct Kinds {
  schema::Schema schema = kube::parse_schema();

  const schema::Resource& resource(std::string_view api_version, std::string_view kind) const {
    const schema::Resource* found = schema.find_kind(api_version, kind);
    REQUIRE(found != nullptr);
    return *found;
  }
  static json::Tree shaped(std::string text, const schema::Resource& resource) {
    auto tree = json::Tree::parse(std::move(text));
    REQUIRE(tree);
    REQUIRE(schema::shape(tree->root(), *resource.type));
    kube::apply_defaults(tree->root(), *resource.type, at_noon);
    return std::move(*tree);
  }
};

json::Tree created(std::string text, const schema::Resource& resource) {
  json::Tree tree = Kinds::shaped(std::move(text), resource);
  prepare_create(tree.root(), resource, at_noon);
  return tree;
}

json::Tree updated(std::string text, const json::Tree& old, const schema::Resource& resource,
                   std::string_view subresource = "") {
  json::Tree tree = Kinds::shaped(std::move(text), resource);
  prepare_update(tree.root(), old.root(), resource, subresource, at_noon);
  return tree;
}

std::string at(const json::Tree& tree, std::string_view path) {
  const json::Item* item = kube::find_at(tree.root(), path);
  if (item == nullptr) return "-";
  std::string out;
  json::append_text(out, *item);
  return out;
}

}  // namespace

TEST_CASE("a new pod is pending, has a class of service, and waits at its gates") {
  const Kinds kinds;
  const schema::Resource& pods = kinds.resource("v1", "Pod");
  const json::Tree pod = created(
      R"({"metadata":{"name":"a","labels":{"app":"web"},"deletionTimestamp":"2026-01-01T00:00:00Z"},
          "spec":{"schedulingGates":[{"name":"g"}],"containers":[{"name":"c","image":"i"}],
            "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"z","whenUnsatisfiable":"DoNotSchedule",
              "labelSelector":{},"matchLabelKeys":["app"]}]},
          "status":{"phase":"Running","podIP":"1.2.3.4"}})",
      pods);
  json::Tree again = json::Tree::copy_of(pod.root());
  prepare_create(again.root(), pods, at_noon);
  CHECK_EQ(again.to_text(), pod.to_text());
  CHECK_EQ(at(pod, "status.phase"), "\"Pending\"");
  CHECK_EQ(at(pod, "status.podIP"), "-");
  CHECK_EQ(at(pod, "status.qosClass"), "\"BestEffort\"");
  CHECK_EQ(at(pod, "status.conditions[0].reason"), "\"SchedulingGated\"");
  CHECK_EQ(at(pod, "metadata.generation"), "1");
  CHECK_EQ(at(pod, "metadata.deletionTimestamp"), "-");
  CHECK_EQ(at(pod, "spec.topologySpreadConstraints[0].labelSelector.matchExpressions"),
           R"([{"key":"app","operator":"In","values":["web"]}])");
}

TEST_CASE("status is dropped where it is a subresource, and kept where it is not") {
  const Kinds kinds;
  const json::Tree deployment =
      created(R"({"spec":{"replicas":2},"status":{"replicas":7}})", kinds.resource("apps/v1", "Deployment"));
  CHECK_EQ(at(deployment, "status"), "-");
  CHECK_EQ(at(deployment, "metadata.generation"), "1");
  const json::Tree node =
      created(R"({"status":{"nodeInfo":{"kubeletVersion":"v1"}}})", kinds.resource("v1", "Node"));
  CHECK_EQ(at(node, "status.nodeInfo.kubeletVersion"), "\"v1\"");
  CHECK_EQ(at(node, "metadata.generation"), "-");
  const json::Tree space = created(R"({"metadata":{"name":"x"},"spec":{"finalizers":["a/b"]}})",
                                   kinds.resource("v1", "Namespace"));
  CHECK_EQ(at(space, "spec.finalizers"), R"(["a/b","kubernetes"])");
  CHECK_EQ(at(space, "status"), R"({"phase":"Active"})");
  const json::Tree claim = created(R"({"spec":{"dataSource":{"kind":"PersistentVolumeClaim","name":"p"}}})",
                                   kinds.resource("v1", "PersistentVolumeClaim"));
  CHECK_EQ(at(claim, "status.phase"), "\"Pending\"");
  CHECK_EQ(at(claim, "spec.dataSourceRef.name"), "\"p\"");
}

TEST_CASE("a job selects its pods by its uid, unless it says how") {
  const Kinds kinds;
  const schema::Resource& jobs = kinds.resource("batch/v1", "Job");
  const json::Tree job = created(R"({"metadata":{"name":"j","uid":"u-1"},"spec":{"template":{}}})", jobs);
  CHECK_EQ(at(job, "spec.selector.matchLabels"), R"({"batch.kubernetes.io/controller-uid":"u-1"})");
  CHECK_EQ(job.root().find("spec", "template", "metadata", "labels", "job-name")->string(), "j");
  CHECK_EQ(job.root().find("spec", "template", "metadata", "labels")->size(), 4);
  const json::Tree manual =
      created(R"({"metadata":{"name":"j","uid":"u"},"spec":{"manualSelector":true,"template":{}}})", jobs);
  CHECK_EQ(at(manual, "spec.selector"), "-");
}

TEST_CASE("a secret's text becomes its data") {
  const Kinds kinds;
  const json::Tree secret =
      created(R"({"data":{"a":"eA==","b":"eQ=="},"stringData":{"a":"new"}})", kinds.resource("v1", "Secret"));
  CHECK_EQ(at(secret, "data"), R"({"a":"bmV3","b":"eQ=="})");
  CHECK_EQ(at(secret, "stringData"), "-");
}

TEST_CASE("generation rises with the wanted state only") {
  const Kinds kinds;
  const schema::Resource& deployments = kinds.resource("apps/v1", "Deployment");
  json::Tree old = created(R"({"metadata":{"name":"d","uid":"u"},"spec":{"replicas":2}})", deployments);
  REQUIRE(old.root().member("status").copy_text(R"({"replicas":2})"));
  const json::Tree same = updated(R"({"metadata":{"name":"d","labels":{"a":"b"},"generation":9},
                                      "spec":{"replicas":2},"status":{"replicas":5}})",
                                  old, deployments);
  CHECK_EQ(at(same, "metadata.generation"), "1");
  CHECK_EQ(at(same, "metadata.uid"), "\"u\"");
  CHECK_EQ(at(same, "status.replicas"), "2");
  CHECK_EQ(at(updated(R"({"spec":{"replicas":3}})", old, deployments), "metadata.generation"), "2");
  CHECK_EQ(at(updated(R"({"metadata":{"annotations":{"a":"b"}},"spec":{"replicas":2}})", old, deployments),
              "metadata.generation"),
           "2");
  const json::Tree status = updated(R"({"metadata":{"labels":{"x":"y"},"annotations":{"k":"v"}},
                                        "spec":{"replicas":9},"status":{"replicas":1}})",
                                    old, deployments, "status");
  CHECK_EQ(at(status, "metadata.generation"), "1");
  CHECK_EQ(at(status, "spec.replicas"), "2");
  CHECK_EQ(at(status, "status.replicas"), "1");
  CHECK_EQ(at(status, "metadata.labels"), "-");
  CHECK_EQ(at(status, "metadata.annotations.k"), "\"v\"");
}

TEST_CASE("a daemon set notes the generation of its template") {
  const Kinds kinds;
  const schema::Resource& sets = kinds.resource("apps/v1", "DaemonSet");
  const json::Tree old = created(R"({"spec":{"template":{"metadata":{"labels":{"a":"1"}}}}})", sets);
  const auto noted = [](const json::Tree& set) {
    return set.root().find("metadata", "annotations", "deprecated.daemonset.template.generation")->string();
  };
  CHECK_EQ(noted(old), "1");
  const json::Tree now = updated(R"({"spec":{"template":{"metadata":{"labels":{"a":"2"}}}}})", old, sets);
  CHECK_EQ(noted(now), "2");
  CHECK_EQ(at(now, "metadata.generation"), "2");
}

TEST_CASE("a service keeps what was allocated for it while its type needs it") {
  const Kinds kinds;
  const schema::Resource& services = kinds.resource("v1", "Service");
  const json::Tree old = Kinds::shaped(
      R"({"spec":{"type":"NodePort","clusterIP":"10.0.0.7","clusterIPs":["10.0.0.7"],"ipFamilies":["IPv4"],
          "ipFamilyPolicy":"SingleStack","ports":[{"port":80,"nodePort":30080}]}})",
      services);
  const json::Tree kept =
      updated(R"({"spec":{"type":"NodePort","ports":[{"port":80},{"port":81}]}})", old, services);
  CHECK_EQ(at(kept, "spec.clusterIPs"), R"(["10.0.0.7"])");
  CHECK_EQ(at(kept, "spec.ports[0].nodePort"), "30080");
  CHECK_EQ(at(kept, "spec.ports[1].nodePort"), "-");
  CHECK_EQ(at(kept, "spec.ipFamilies"), R"(["IPv4"])");
  const json::Tree inside =
      updated(R"({"spec":{"type":"ClusterIP","ports":[{"port":80,"nodePort":30080}]}})", old, services);
  CHECK_EQ(at(inside, "spec.ports[0].nodePort"), "-");
  CHECK_EQ(at(inside, "spec.clusterIP"), "\"10.0.0.7\"");
  const json::Tree alias = updated(
      R"({"spec":{"type":"ExternalName","externalName":"x.y",
          "clusterIP":"10.0.0.7","clusterIPs":["10.0.0.7"]}})",
      old, services);
  CHECK_EQ(at(alias, "spec.clusterIP"), "-");
  CHECK_EQ(at(alias, "spec.clusterIPs"), "-");
  CHECK_EQ(at(created(R"({"spec":{"clusterIP":"None"}})", services), "spec.clusterIPs"), R"(["None"])");
}

TEST_CASE("who signs a certificate request does not approve it") {
  const Kinds kinds;
  const schema::Resource& requests = kinds.resource("certificates.k8s.io/v1", "CertificateSigningRequest");
  const json::Tree old = created(R"({"spec":{"signerName":"a/b"}})", requests);
  const std::string body = R"({"spec":{"signerName":"c/d"},"status":{"certificate":"eA==",
                              "conditions":[{"type":"Approved","status":"True"}]}})";
  const json::Tree signed_one = updated(body, old, requests, "status");
  CHECK_EQ(at(signed_one, "spec.signerName"), "\"a/b\"");
  CHECK_EQ(at(signed_one, "status.conditions"), "[]");
  const json::Tree approved = updated(body, old, requests, "approval");
  CHECK_EQ(at(approved, "status.certificate"), "-");
  CHECK_EQ(at(approved, "status.conditions[0].lastUpdateTime"), "\"2026-01-02T12:00:00Z\"");
  CHECK_EQ(at(updated(body, approved, requests), "status.conditions[0].type"), "\"Approved\"");
}

TEST_CASE("a namespace loses finalizers through finalize only") {
  const Kinds kinds;
  const schema::Resource& namespaces = kinds.resource("v1", "Namespace");
  const json::Tree old = created(R"({"metadata":{"name":"n"}})", namespaces);
  CHECK_EQ(at(updated(R"({"metadata":{"name":"n"}})", old, namespaces), "spec.finalizers"),
           R"(["kubernetes"])");
  CHECK_EQ(at(updated(R"({"metadata":{"name":"n"}})", old, namespaces, "finalize"), "spec.finalizers"), "-");
}

TEST_CASE("subresources of pods change what is theirs") {
  const Kinds kinds;
  const schema::Resource& pods = kinds.resource("v1", "Pod");
  const json::Tree old =
      created(R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"one"}]}})", pods);
  const std::string body = R"({"metadata":{"name":"p","labels":{"a":"b"}},"spec":{
      "containers":[{"name":"c","image":"two","resources":{"requests":{"cpu":"1"}}}],
      "ephemeralContainers":[{"name":"debug","image":"busybox"}]}})";
  const json::Tree debugged = updated(body, old, pods, "ephemeralcontainers");
  CHECK_EQ(at(debugged, "spec.ephemeralContainers[0].name"), "\"debug\"");
  CHECK_EQ(at(debugged, "spec.containers[0].image"), "\"one\"");
  CHECK_EQ(at(debugged, "metadata.labels"), "-");
  CHECK_EQ(at(debugged, "metadata.generation"), "2");
  const json::Tree resized = updated(body, old, pods, "resize");
  CHECK_EQ(at(resized, "spec.containers[0].resources.requests.cpu"), "\"1\"");
  CHECK_EQ(at(resized, "spec.containers[0].image"), "\"one\"");
  CHECK_EQ(at(resized, "spec.ephemeralContainers"), "-");
}

TEST_CASE("classes of service and sums of a pod's needs") {
  const auto spec = [](std::string text) { return std::move(*json::Tree::parse(std::move(text))); };
  CHECK_EQ(qos_class(spec(R"({"containers":[{"resources":{"limits":{"cpu":"1","memory":"1Gi"},
                              "requests":{"cpu":"1","memory":"1Gi"}}}]})")
                         .root()),
           "Guaranteed");
  CHECK_EQ(qos_class(spec(R"({"containers":[{"resources":{"limits":{"cpu":"1"}}}]})").root()), "Burstable");
  CHECK_EQ(qos_class(spec(R"({"containers":[{"resources":{"requests":{"x.y/z":"1"}}}]})").root()),
           "BestEffort");
  const json::Tree pod = spec(R"({"overhead":{"cpu":"50m"},
      "containers":[{"resources":{"requests":{"cpu":"100m"}}},{"resources":{"requests":{"cpu":"200m"}}}],
      "initContainers":[{"restartPolicy":"Always","resources":{"requests":{"cpu":"10m"}}},
                        {"resources":{"requests":{"cpu":"1","memory":"1Mi"}}}]})");
  const Amounts requests = pod_amounts(pod.root(), "requests");
  CHECK_EQ(requests.at("cpu").text(), "1060m");
  CHECK_EQ(requests.at("memory").text(), "1Mi");
  CHECK(pod_amounts(pod.root(), "limits").empty());
}

TEST_CASE("grace of deletion") {
  const Kinds kinds;
  const schema::Resource& pods = kinds.resource("v1", "Pod");
  const auto pod = [](std::string text) { return std::move(*json::Tree::parse(std::move(text))); };
  const json::Tree runs = pod(R"({"spec":{"nodeName":"n","terminationGracePeriodSeconds":30}})");
  CHECK_EQ(grace_of(runs.root(), pods, {}), 30);
  CHECK_EQ(grace_of(runs.root(), pods, 5), 5);
  CHECK_EQ(grace_of(runs.root(), pods, -3), 1);
  CHECK_EQ(grace_of(pod(R"({"spec":{"terminationGracePeriodSeconds":30}})").root(), pods, 9), 0);
  CHECK_EQ(grace_of(pod(R"({"spec":{"nodeName":"n"},"status":{"phase":"Failed"}})").root(), pods, 9), 0);
  CHECK_EQ(grace_of(runs.root(), kinds.resource("v1", "Service"), 9), -1);
  CHECK(creates_on_update(kinds.resource("coordination.k8s.io/v1", "Lease")));
  CHECK_FALSE(creates_on_update(pods));
  CHECK(updates_unconditionally(pods));
  CHECK_FALSE(updates_unconditionally(kinds.resource("coordination.k8s.io/v1", "Lease")));
}

TEST_CASE("an autoscaler keeps in v1 what only v2 can say") {
  const Kinds kinds;
  const schema::Resource& v1 = kinds.resource("autoscaling/v1", "HorizontalPodAutoscaler");
  const schema::Resource& v2 = kinds.resource("autoscaling/v2", "HorizontalPodAutoscaler");
  const std::string body = R"({"kind":"HorizontalPodAutoscaler","apiVersion":"autoscaling/v2",
      "metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},"maxReplicas":3,
        "metrics":[{"type":"Pods","pods":{"metric":{"name":"rps"},
                      "target":{"type":"AverageValue","averageValue":"10"}}},
                   {"type":"Resource","resource":{"name":"cpu",
                      "target":{"type":"Utilization","averageUtilization":70}}}],
        "behavior":{"scaleUp":{"stabilizationWindowSeconds":5,"selectPolicy":"Max",
                    "policies":[{"type":"Pods","value":1,"periodSeconds":15}]}}},
      "status":{"currentMetrics":[{"type":"Resource","resource":{"name":"cpu",
                   "current":{"averageUtilization":50,"averageValue":"100m"}}}],
                "conditions":[{"type":"AbleToScale","status":"True"}],"desiredReplicas":0}})";
  json::Tree tree = std::move(*json::Tree::parse(body));
  REQUIRE(convert(tree.root(), v2, v1));
  CHECK_EQ(at(tree, "apiVersion"), "\"autoscaling/v1\"");
  CHECK_EQ(at(tree, "spec.targetCPUUtilizationPercentage"), "70");
  CHECK_EQ(at(tree, "status.currentCPUUtilizationPercentage"), "50");
  const auto annotation = [&](std::string_view key) {
    return tree.root().find("metadata", "annotations", key)->string();
  };
  CHECK_EQ(annotation("autoscaling.alpha.kubernetes.io/metrics"),
           R"([{"type":"Pods","pods":{"metricName":"rps","targetAverageValue":"10"}}])");
  CHECK(annotation("autoscaling.alpha.kubernetes.io/behavior").starts_with(R"({"ScaleUp":{"Stab)"));
  REQUIRE(convert(tree.root(), v1, v2));
  const json::Tree original = std::move(*json::Tree::parse(body));
  CHECK_EQ(schema::canonical(tree.root(), *v2.type), schema::canonical(original.root(), *v2.type));

  json::Tree bare = std::move(*json::Tree::parse(R"({"spec":{"targetCPUUtilizationPercentage":60}})"));
  REQUIRE(convert(bare.root(), v1, v2));
  CHECK_EQ(at(bare, "spec.metrics[0].resource.target"), R"({"type":"Utilization","averageUtilization":60})");
  CHECK_FALSE(convert(bare.root(), v2, kinds.resource("v1", "Pod")));
}

TEST_CASE("events have two names for each thing") {
  const Kinds kinds;
  const schema::Resource& core = kinds.resource("v1", "Event");
  const schema::Resource& events = kinds.resource("events.k8s.io/v1", "Event");
  json::Tree event = std::move(*json::Tree::parse(
      R"({"apiVersion":"v1","involvedObject":{"kind":"Pod"},"message":"m","count":3,"series":{"count":2},
          "reportingComponent":"kubelet"})"));
  REQUIRE(convert(event.root(), core, events));
  CHECK_EQ(at(event, "note"), "\"m\"");
  CHECK_EQ(at(event, "regarding.kind"), "\"Pod\"");
  CHECK_EQ(at(event, "deprecatedCount"), "3");
  CHECK_EQ(at(event, "reportingController"), "\"kubelet\"");
  CHECK_EQ(at(event, "message"), "-");
  REQUIRE(convert(event.root(), events, core));
  CHECK_EQ(at(event, "count"), "3");
  CHECK_EQ(at(event, "apiVersion"), "\"v1\"");
}

TEST_CASE("scales") {
  const Kinds kinds;
  const schema::Resource& sets = kinds.resource("apps/v1", "ReplicaSet");
  json::Tree set = std::move(*json::Tree::parse(
      R"({"metadata":{"name":"r","uid":"u","labels":{"x":"y"}},"spec":{"replicas":2,
          "selector":{"matchLabels":{"app":"web"}}},"status":{"replicas":1}})"));
  const json::Tree scale = std::move(*scale_of(set.root(), sets));
  CHECK_EQ(scale.to_text(),
           R"({"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"r","uid":"u"},)"
           R"("spec":{"replicas":2},"status":{"replicas":1,"selector":"app=web"}})");
  apply_scale(set.root(), json::Tree::parse(R"({"spec":{"replicas":5}})")->root());
  CHECK_EQ(at(set, "spec.replicas"), "5");
  CHECK_FALSE(scale_of(set.root(), kinds.resource("v1", "Pod")));
}

}  // namespace podo::strategy
