#include "cluster/admission/admission_testing.h"

namespace podo::admission {
namespace {

access::User node(std::string_view name) {
  return {.name = "system:node:" + std::string(name), .groups = {"system:nodes"}};
}

Ask as_node(Ask ask) {
  ask.user = node("n1");
  return ask;
}

Task<std::string> told(World& world, Ask ask) {
  co_return (co_await world.submit(as_node(std::move(ask)))).refused;
}

std::string mirror_pod(std::string_view owners, std::string_view more = "") {
  return pod_with(
      plain_container, text(R"(,"nodeName":"n1"{})", more),
      text(R"(,"annotations":{{"kubernetes.io/config.mirror":"m"}},"ownerReferences":{})", owners));
}

Task<void> nodes(World& world) {
  Ask ask{.api_version = "v1", .kind = "Node", .json = "{}", .name = "n2"};
  CHECK_EQ(co_await told(world, ask),
           "nodes \"n2\" is forbidden: node \"n1\" is not allowed to modify node \"n2\"");
  ask.name = "n1";
  ask.json = R"({"metadata":{"labels":{"kubernetes.io/hostname":"n1","node-restriction.kubernetes.io/a":"b",
                 "node-role.kubernetes.io/x":""}}})";
  CHECK_EQ(co_await told(world, ask),
           "nodes \"n1\" is forbidden: node \"n1\" is not allowed to set the following labels: "
           "node-restriction.kubernetes.io/a, node-role.kubernetes.io/x");
  ask.json = R"({"spec":{"taints":[]}})";
  ask.old = R"({"spec":{"taints":[{"key":"k","effect":"NoSchedule"}]}})";
  CHECK_EQ(co_await told(world, ask),
           "nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify taints");
  ask.json = R"({"metadata":{"labels":{"example.com/a":"b"}}})";
  ask.old = R"({"metadata":{"labels":{"topology.kubernetes.io/zone":"z"}}})";
  CHECK_EQ(co_await told(world, ask), "");
  ask.old = R"({"metadata":{"labels":{"app.kubernetes.io/name":"z"}}})";
  CHECK_EQ(co_await told(world, ask),
           "nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify labels: app.kubernetes.io/name");
  ask.user = node("n1");
  ask.user.groups.clear();  // the name alone makes no node
  CHECK_EQ((co_await world.submit(ask)).refused, "");
}

Task<void> pods(World& world) {
  co_await world.put("v1", "Node", R"({"metadata":{"name":"n1","uid":"u1"}})");
  const std::string_view owner =
      R"([{"apiVersion":"v1","kind":"Node","name":"n1","uid":"u1","controller":true}])";
  CHECK_EQ(co_await told(world, new_pod(mirror_pod(owner))), "");
  CHECK_EQ(co_await told(world, new_pod(pod_with(plain_container))),
           "pods \"x\" is forbidden: pod does not have \"kubernetes.io/config.mirror\" annotation, node "
           "\"n1\" can "
           "only create mirror pods");
  CHECK_EQ(co_await told(world, new_pod(mirror_pod("[]"))),
           "pods \"x\" is forbidden: node \"n1\" can only create pods with an owner reference set to itself");
  CHECK_EQ(
      co_await told(world,
                    new_pod(mirror_pod(
                        R"([{"apiVersion":"v1","kind":"Node","name":"n1","uid":"u9","controller":true}])"))),
      "pods \"x\" is forbidden: node n1 UID mismatch: expected u9 got u1");
  CHECK_EQ(co_await told(world,
                         new_pod(mirror_pod(owner, R"(,"volumes":[{"name":"v","configMap":{"name":"m"}}])"))),
           "pods \"x\" is forbidden: node \"n1\" can not create pods that reference configmaps");

  Ask status{.api_version = "v1", .kind = "Pod", .json = "{}", .old = R"({"spec":{"nodeName":"n2"}})"};
  status.subresource = "status";
  CHECK_EQ(
      co_await told(world, status),
      "pods \"x\" is forbidden: node \"n1\" can only update pod status for pods with spec.nodeName set to "
      "itself");
  status.old = R"({"spec":{"nodeName":"n1"}})";
  CHECK_EQ(co_await told(world, status), "");
  co_await world.put("v1", "Pod", pod_with(plain_container, R"(,"nodeName":"n2")"));
  CHECK_EQ(co_await told(world, {.api_version = "v1", .kind = "Pod", .old = "{}"}),
           "pods \"x\" is forbidden: node \"n1\" can only delete pods with spec.nodeName set to itself");
  Ask update = new_pod("{}");
  update.old = "{}";
  CHECK_EQ(co_await told(world, update),
           "pods \"x\" is forbidden: unexpected operation \"UPDATE\", node \"n1\" can only create and delete "
           "mirror pods");
}

Task<void> leases(World& world) {
  co_await world.put("v1", "Namespace", R"({"metadata":{"name":"kube-node-lease"}})");
  Ask ask{.api_version = "coordination.k8s.io/v1", .kind = "Lease", .json = "{}", .name = "n1"};
  CHECK_EQ(
      co_await told(world, ask),
      "leases.coordination.k8s.io \"n1\" is forbidden: can only access leases in the \"kube-node-lease\" "
      "system namespace");
  ask.name_space = "kube-node-lease";
  CHECK_EQ(co_await told(world, ask), "");
  ask.name = "n2";
  CHECK_EQ(
      co_await told(world, ask),
      "leases.coordination.k8s.io \"n2\" is forbidden: can only access node lease with the same name as the "
      "requesting node");
}

}  // namespace

TEST_CASE("a node changes itself only, and not what it is for") { in_world(nodes); }
TEST_CASE("a node makes mirror pods and tells its own pods' status") { in_world(pods); }
TEST_CASE("a node renews its own lease") { in_world(leases); }

}  // namespace podo::admission
