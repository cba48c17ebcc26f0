#include <doctest/doctest.h>

#include "cluster/apiserver/api_testing.h"
#include "cluster/apiserver/delete.h"
#include "model/kube/path.h"

namespace podo::apiserver {
namespace {

constexpr const char* map = "/api/v1/namespaces/ns/configmaps/m";

Task<std::unique_ptr<Asked>> remove(ApiWorld& world, std::string target, std::string body = "") {
  return world.ask(std::move(target), {{"Content-Type", "application/json"}}, "DELETE", std::move(body));
}
Task<void> make(ApiWorld& world, std::string more = "") {
  co_await world.ask("/api/v1/namespaces/ns/configmaps", {}, "POST",
                     text(R"({{"metadata":{{"name":"m","labels":{{"a":"b"}}{}}}}})", more));
}
std::string message_of(const Asked& asked) {
  const json::Document document = asked.document();
  return std::string(document.root().find("message").string());
}

Task<void> at_once(ApiWorld& world) {
  co_await make(world);
  const auto gone = co_await remove(world, map);
  CHECK_EQ(gone->status, 200);
  CHECK(gone->answer.starts_with(R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success",)"
                                 R"("details":{"name":"m","kind":"configmaps","uid":")"));
  CHECK_EQ((co_await remove(world, map))->status, 404);
}

Task<void> conditions(ApiWorld& world) {
  co_await make(world);
  const auto other = co_await remove(world, map, R"({"preconditions":{"uid":"u"}})");
  CHECK_EQ(other->status, 409);
  CHECK(message_of(*other).contains("the UID in the precondition (u) does not match the UID in record ("));
  CHECK_EQ((co_await remove(world, map, R"({"propagationPolicy":"Sideways"})"))->status, 422);
  CHECK_EQ((co_await remove(world, std::string(map) + "?dryRun=All"))->status, 200);
  CHECK_EQ((co_await world.ask(map))->status, 200);
}

Task<void> propagate(ApiWorld& world) {
  co_await make(world);
  const auto marked = co_await remove(world, map, R"({"propagationPolicy":"Foreground"})");
  CHECK_EQ(marked->status, 202);
  CHECK(marked->answer.contains(R"("finalizers":["foregroundDeletion"])"));
  const auto changed = co_await remove(world, std::string(map) + "?propagationPolicy=Background");
  CHECK_EQ(changed->status, 200);
  CHECK_EQ((co_await world.ask(map))->status, 404);
}

Task<void> collection(ApiWorld& world) {
  co_await make(world);
  const std::string all = "/api/v1/namespaces/ns/configmaps";
  const auto none = co_await remove(world, all + "?labelSelector=a%3Dc");
  CHECK(none->answer.ends_with("\"items\":[]}\n"));
  const auto one = co_await remove(world, all + "?labelSelector=a%3Db");
  CHECK_EQ(one->status, 200);
  CHECK(one->answer.starts_with(R"({"kind":"ConfigMapList","apiVersion":"v1",)"));
  CHECK(one->answer.contains(R"("name":"m")"));
  CHECK_EQ((co_await world.ask(map))->status, 404);
}

struct Kinds {
  schema::Schema schema = kube::parse_schema();
  const schema::Resource& of(std::string_view group, std::string_view version, std::string_view plural) {
    return *schema.find_resource(group, version, plural);
  }
};

}  // namespace

TEST_CASE("delete: at once, with a Status that says what is gone") { in_api(at_once); }
TEST_CASE("delete: preconditions, wrong policies, dry runs") { in_api(conditions); }
TEST_CASE("delete: a foreground deletion waits for dependents, until told otherwise") { in_api(propagate); }
TEST_CASE("delete: of a selection, answered with what went") { in_api(collection); }

TEST_CASE("a pod on a node has its time of grace, another one goes at once") {
  Kinds kinds;
  const schema::Resource& pods = kinds.of("", "v1", "pods");
  json::Tree pod = *json::Tree::parse(
      R"({"metadata":{"name":"p"},"spec":{"nodeName":"n","terminationGracePeriodSeconds":30}})");
  CHECK_FALSE(mark_deleted(pod.root(), pods, {}, {seconds(100).ns}));
  CHECK_EQ(kube::text_at(pod.root(), "metadata.deletionTimestamp"), "1970-01-01T00:02:10Z");
  CHECK_EQ(kube::number_at(pod.root(), "metadata.deletionGracePeriodSeconds"), 30);
  // A second deletion may shorten it, and not prolong it.
  DeleteWish shorter;
  shorter.grace_s = 5;
  CHECK_FALSE(mark_deleted(pod.root(), pods, shorter, {seconds(110).ns}));
  CHECK_EQ(kube::number_at(pod.root(), "metadata.deletionGracePeriodSeconds"), 5);
  CHECK_FALSE(mark_deleted(pod.root(), pods, {}, {seconds(111).ns}));
  CHECK_EQ(kube::number_at(pod.root(), "metadata.deletionGracePeriodSeconds"), 5);
  json::Tree idle =
      *json::Tree::parse(R"({"metadata":{"name":"p"},"spec":{"terminationGracePeriodSeconds":30}})");
  CHECK(mark_deleted(idle.root(), pods, {}, {}));
}

TEST_CASE("a namespace is marked, and stays until it is empty") {
  Kinds kinds;
  json::Tree name_space =
      *json::Tree::parse(R"({"metadata":{"name":"n"},"spec":{"finalizers":["kubernetes"]}})");
  CHECK_FALSE(mark_deleted(name_space.root(), kinds.of("", "v1", "namespaces"), {}, {}));
  CHECK_EQ(kube::text_at(name_space.root(), "status.phase"), "Terminating");
}

TEST_CASE("jobs keep their pods unless told otherwise") {
  Kinds kinds;
  json::Tree job = *json::Tree::parse(R"({"metadata":{"name":"j"}})");
  CHECK_FALSE(mark_deleted(job.root(), kinds.of("batch", "v1", "jobs"), {}, {}));
  CHECK_EQ(kube::text_at(job.root(), "metadata.finalizers[0]"), "orphan");
}

}  // namespace podo::apiserver
