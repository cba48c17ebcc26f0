#include "cluster/access/node_authorizer.h"

#include <doctest/doctest.h>

namespace podo::access {
namespace {

constexpr std::string_view pod = R"({"metadata":{"name":"web","namespace":"shop"},"spec":{"nodeName":"n1",
  "serviceAccountName":"seller","imagePullSecrets":[{"name":"pull"}],
  "containers":[{"env":[{"valueFrom":{"secretKeyRef":{"name":"env-secret"}}},
                        {"valueFrom":{"configMapKeyRef":{"name":"env-map"}}}],
                 "envFrom":[{"secretRef":{"name":"from-secret"}}]}],
  "volumes":[{"name":"a","secret":{"secretName":"volume-secret"}},
             {"name":"b","persistentVolumeClaim":{"claimName":"disk"}},
             {"name":"c","ephemeral":{"volumeClaimTemplate":{}}},
             {"name":"d","projected":{"sources":[{"configMap":{"name":"projected-map"}}]}}]}})";
constexpr std::string_view volume =
    R"({"metadata":{"name":"pv1"},"spec":{"claimRef":{"namespace":"shop","name":"disk"},
  "csi":{"nodeStageSecretRef":{"name":"stage","namespace":"storage"}}}})";

struct Graph {
  NodeGraph graph;
  NodeAuthorizer nodes{graph};
  User n1{.name = "system:node:n1", .groups = {"system:nodes"}},
      n2{.name = "system:node:n2", .groups = {"system:nodes"}};
  Graph() { graph.put_pod(parse(pod).root()); }
  static json::Tree parse(std::string_view text) { return *json::Tree::parse(std::string(text)); }
  bool may(const User& user, const Attributes& wanted) const {
    return nodes.authorize(user, wanted).decision == Decision::allow;
  }
};

Attributes get(std::string_view resource, std::string_view name, std::string_view name_space = "shop") {
  return {.verb = "get", .version = "v1", .resource = resource, .name_space = name_space, .name = name};
}

TEST_CASE("a node reads what its pods name, and nothing else") {
  Graph world;
  for (const std::string_view secret : {"pull", "env-secret", "from-secret", "volume-secret"}) {
    CHECK(world.may(world.n1, get("secrets", secret)));
    CHECK_FALSE(world.may(world.n2, get("secrets", secret)));
  }
  CHECK(world.may(world.n1, get("configmaps", "env-map")));
  CHECK(world.may(world.n1, get("configmaps", "projected-map")));
  CHECK(world.may(world.n1, get("persistentvolumeclaims", "web-c")));
  CHECK(world.may(world.n1, get("pods", "web")));
  CHECK_FALSE(world.may(world.n1, get("secrets", "pull", "other")));
  const Verdict verdict = world.nodes.authorize(world.n1, get("secrets", "strange"));
  CHECK(verdict.decision == Decision::no_opinion);
  CHECK(verdict.reason == "no relationship found between node 'n1' and this object");
  Attributes all = get("secrets", "");
  all.verb = "list";
  CHECK_FALSE(world.may(world.n1, all));
}

TEST_CASE("what a pod named is forgotten with it") {
  Graph world;
  world.graph.remove_pod("shop", "web");
  CHECK_FALSE(world.may(world.n1, get("secrets", "pull")));
}

TEST_CASE("volumes and their secrets are reached through claims") {
  Graph world;
  CHECK_FALSE(world.may(world.n1, get("persistentvolumes", "pv1", "")));
  world.graph.put_volume(Graph::parse(volume).root());
  CHECK(world.may(world.n1, get("persistentvolumes", "pv1", "")));
  CHECK(world.may(world.n1, get("secrets", "stage", "storage")));
  CHECK_FALSE(world.may(world.n2, get("secrets", "stage", "storage")));
  world.graph.remove_volume("pv1");
  CHECK_FALSE(world.may(world.n1, get("secrets", "stage", "storage")));
}

TEST_CASE("a mirror pod gives its node nothing but itself") {
  Graph world;
  json::Tree mirror = Graph::parse(pod);
  mirror.root()
      .member("metadata")
      .member("annotations")
      .member("kubernetes.io/config.mirror")
      .set_string("x");
  world.graph.put_pod(mirror.root());
  CHECK(world.may(world.n1, get("pods", "web")));
  CHECK_FALSE(world.may(world.n1, get("secrets", "pull")));
}

TEST_CASE("tokens are for accounts of the node's pods; leases and nodes for its own") {
  Graph world;
  Attributes token{.verb = "create",
                   .version = "v1",
                   .resource = "serviceaccounts",
                   .subresource = "token",
                   .name_space = "shop",
                   .name = "seller"};
  CHECK(world.may(world.n1, token));
  CHECK_FALSE(world.may(world.n2, token));
  Attributes lease{.verb = "update",
                   .group = "coordination.k8s.io",
                   .version = "v1",
                   .resource = "leases",
                   .name_space = "kube-node-lease",
                   .name = "n1"};
  CHECK(world.may(world.n1, lease));
  CHECK_FALSE(world.may(world.n2, lease));
  CHECK(world.may(world.n1, get("nodes", "n1", "")));
  CHECK(world.nodes.authorize(world.n1, get("nodes", "n2", "")).reason ==
        "node 'n1' cannot read 'n2', only its own Node object");
}

TEST_CASE("pods are listed by the node's own name") {
  Graph world;
  Attributes pods{.verb = "watch", .version = "v1", .resource = "pods"};
  CHECK_FALSE(world.may(world.n1, pods));
  pods.field_selector = "spec.nodeName=n1";
  CHECK(world.may(world.n1, pods));
  CHECK_FALSE(world.may(world.n2, pods));
}

TEST_CASE("the rest is by the role of nodes; who is no node gets nothing here") {
  Graph world;
  CHECK(world.may(world.n1, {.verb = "list", .version = "v1", .resource = "services"}));
  CHECK_FALSE(world.may(world.n1, {.verb = "create", .version = "v1", .resource = "services"}));
  const User jane{.name = "jane"}, pretender{.name = "system:node:n1", .groups = {"devs"}};
  CHECK_FALSE(world.may(jane, get("secrets", "pull")));
  CHECK_FALSE(world.may(pretender, get("secrets", "pull")));
}

}  // namespace
}  // namespace podo::access
