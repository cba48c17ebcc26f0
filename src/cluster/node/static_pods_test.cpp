#include "cluster/node/static_pods.h"

#include <doctest/doctest.h>

#include "model/kube/path.h"
#include "model/kube/schema.h"

namespace podo::node {
namespace {

using kube::text_at;

constexpr std::string_view file =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers: [{name: c, image: i}]\n";

Result<json::Tree> pod_of(std::string_view text, std::string_view node = "n1") {
  static const schema::Schema schema = kube::parse_schema();
  return static_pod_of(text, node, *schema.find_type("core.v1.Pod"), Wall{});
}

}  // namespace

TEST_CASE("a file becomes a pod of this node, with defaults, under a uid of its own") {
  const auto pod = pod_of(file);
  REQUIRE(pod);
  CHECK(text_at(pod->root(), "metadata.name") == "web-n1");
  CHECK(text_at(pod->root(), "metadata.namespace") == "default");
  CHECK(text_at(pod->root(), "spec.nodeName") == "n1");
  CHECK(text_at(pod->root(), "spec.restartPolicy") == "Always");
  CHECK(text_at(pod->root(), "metadata.uid").size() == 32);
  CHECK(is_static(pod->root()));
  const auto changed = pod_of(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers: [{name: c, image: j}]\n");
  CHECK(text_at(changed->root(), "metadata.uid") != text_at(pod->root(), "metadata.uid"));
  CHECK(text_at(pod_of(file, "n2")->root(), "metadata.uid") != text_at(pod->root(), "metadata.uid"));
}

TEST_CASE("what is no Pod is refused") {
  CHECK_FALSE(pod_of("kind: Service\napiVersion: v1\n"));
  CHECK_FALSE(pod_of("apiVersion: v1\nkind: Pod\nmetadata: {}\nspec: {containers: []}\n"));
  CHECK_FALSE(pod_of("a: b\n---\nc: d\n"));
}

TEST_CASE("a mirror pod is owned by the node, and knows the pod's hash") {
  const auto pod = pod_of(file);
  json::Tree node;
  node.root().member("metadata").member("name").set_string("n1");
  node.root().member("metadata").member("uid").set_string("node-uid");
  const json::Tree mirror = mirror_of(pod->root(), node.root());
  CHECK(is_mirror(mirror.root()));
  CHECK_FALSE(is_static(mirror.root()));
  CHECK(text_at(mirror.root(), "metadata.uid").empty());
  CHECK(text_at(mirror.root(), "metadata.ownerReferences[0].uid") == "node-uid");
  CHECK(mirror.root().find("metadata", "annotations")->find("kubernetes.io/config.mirror")->string() ==
        text_at(pod->root(), "metadata.uid"));
}

}  // namespace podo::node
