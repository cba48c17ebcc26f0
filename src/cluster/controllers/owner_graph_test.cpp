#include "cluster/controllers/owner_graph.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "model/kube/schema.h"

namespace podo::controllers {
namespace {

using Uids = OwnerGraph::Uids;

Belonging owned_by(std::initializer_list<Belonging::Owner> owners) {
  Belonging object;
  object.owners = owners;
  return object;
}

Uids sorted(Uids uids) {
  std::ranges::sort(uids);
  return uids;
}

}  // namespace

TEST_CASE("what has owners is looked at when it is new, when its owners change, when one of them goes") {
  OwnerGraph graph;
  CHECK(graph.put("pod", owned_by({{"set", true}})) == Uids{"pod"});
  CHECK(graph.put("pod", owned_by({{"set", true}})).empty());
  CHECK(graph.put("pod", owned_by({{"set", true}, {"map", false}})) == Uids{"pod"});
  CHECK(graph.erase("set") == Uids{"pod"});
  CHECK(graph.erase("map") == Uids{"pod"});
  CHECK(graph.erase("pod").empty());
  CHECK(graph.erase("set").empty());
  CHECK(graph.size() == 0);
}

TEST_CASE("what nobody owns, and what does not wait for dependents, is not kept") {
  OwnerGraph graph;
  CHECK(graph.put("set", {}).empty());
  CHECK(graph.size() == 0);
  graph.put("pod", owned_by({{"set", true}}));
  CHECK(graph.put("pod", {}).empty());  // it is nobody's now
  CHECK(graph.size() == 0);
  CHECK(graph.dependents("set").empty());
}

TEST_CASE("who is deleted in the foreground is looked at whenever a dependent changes its owners or goes") {
  OwnerGraph graph;
  graph.put("a", owned_by({{"set", true}}));
  graph.put("b", owned_by({{"set", false}}));
  Belonging ending;
  ending.deleting = ending.foreground = true;
  CHECK(sorted(graph.put("set", ending)) == Uids{"a", "b", "set"});
  CHECK(graph.blocking("set") == Uids{"a"});
  CHECK(graph.put("set", ending) == Uids{"set"});
  CHECK(graph.erase("b") == Uids{"set"});
  CHECK(sorted(graph.put("a", owned_by({{"set", false}}))) == Uids{"a", "set"});
  CHECK(graph.blocking("set").empty());
}

TEST_CASE("owners and finalizers are read from metadata") {
  const schema::Schema schema = kube::parse_schema();
  const schema::Resource& pods = *schema.find_resource("", "v1", "pods");
  const auto metadata =
      json::Tree::parse(R"({"name":"p","namespace":"n","deletionTimestamp":"2026-01-01T00:00:00Z",
    "finalizers":["x/y","foregroundDeletion"],"ownerReferences":[{"uid":"u1","blockOwnerDeletion":true},
    {"uid":"u2"}]})");
  const Belonging pod = belonging_of(pods, metadata->root());
  CHECK(pod.name_space == "n");
  CHECK(pod.owners == std::vector<Belonging::Owner>{{"u1", true}, {"u2", false}});
  CHECK(pod.awaits_dependents());
  CHECK_FALSE(pod.leaves_orphans());
}

}  // namespace podo::controllers
