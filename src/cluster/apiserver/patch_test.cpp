#include <doctest/doctest.h>

#include "cluster/apiserver/api_testing.h"

namespace podo::apiserver {
namespace {

constexpr const char* map = "/api/v1/namespaces/ns/configmaps/m";

Task<std::unique_ptr<Asked>> patch(ApiWorld& world, std::string type, std::string body,
                                   std::string query = "") {
  return world.ask(map + query, {{"Content-Type", "application/" + type}, {"User-Agent", "tester/1.0"}},
                   "PATCH", std::move(body));
}
Task<std::unique_ptr<Asked>> apply(ApiWorld& world, std::string body, std::string query) {
  return patch(world, "apply-patch+yaml", std::move(body), std::move(query));
}
Task<void> make(ApiWorld& world) {
  co_await world.ask("/api/v1/namespaces/ns/configmaps", {{"User-Agent", "maker/1.0"}}, "POST",
                     R"({"metadata":{"name":"m"},"data":{"a":"1","b":"2"}})");
}
std::string data_of(const Asked& asked) {
  const std::string& answer = asked.answer;
  const std::size_t begin = answer.find("\"data\":");
  return begin == std::string::npos ? answer : answer.substr(begin + 7, answer.find('}', begin) - begin - 6);
}
std::string member_of(const Asked& asked, std::string_view key) {
  const json::Document document = asked.document();
  const json::Value value = document.root().find(key);
  return value.is(json::Kind::string) ? std::string(value.string()) : "";
}

Task<void> types(ApiWorld& world) {
  co_await make(world);
  CHECK_EQ(data_of(*co_await patch(world, "merge-patch+json", R"({"data":{"a":null,"c":"3"}})")),
           R"({"b":"2","c":"3"})");
  CHECK_EQ(data_of(*co_await patch(world, "strategic-merge-patch+json", R"({"data":{"b":"4"}})")),
           R"({"b":"4","c":"3"})");
  CHECK_EQ(data_of(*co_await patch(world, "json-patch+json", R"([{"op":"remove","path":"/data/c"}])")),
           R"({"b":"4"})");
  CHECK_EQ((co_await patch(world, "json", "{}"))->status, 415);
}

Task<void> problems(ApiWorld& world) {
  CHECK_EQ((co_await patch(world, "merge-patch+json", "{}"))->status, 404);
  co_await make(world);
  CHECK_EQ((co_await patch(world, "merge-patch+json", "{"))->status, 400);
  const auto test =
      co_await patch(world, "json-patch+json", R"([{"op":"test","path":"/data/a","value":"9"}])");
  CHECK_EQ(test->status, 422);
  CHECK_EQ(member_of(*test, "message"), "the server rejected our request due to an error in our request");
  const auto late = co_await patch(world, "merge-patch+json", R"({"metadata":{"resourceVersion":"1"}})");
  CHECK_EQ(late->status, 409);
  const auto strict =
      co_await patch(world, "merge-patch+json", R"({"nothing":1})", "?fieldValidation=Strict");
  CHECK_EQ(strict->status, 422);
  CHECK(member_of(*strict, "message").contains("strict decoding error: unknown field \"nothing\""));
  CHECK_EQ(
      member_of(*co_await patch(world, "merge-patch+json", "{}", "?force=true"), "message"),
      "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch");
  CHECK_EQ((co_await patch(world, "merge-patch+json", R"({"metadata":{"name":"other"}})"))->status, 422);
}

constexpr const char* wanted = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: '7'}\n";

Task<void> apply_it(ApiWorld& world) {
  CHECK_EQ((co_await apply(world, wanted, ""))->status, 422);  // who applies has a name
  const auto made = co_await apply(world, wanted, "?fieldManager=one");
  CHECK_EQ(made->status, 201);
  CHECK(made->answer.contains(R"("manager":"one","operation":"Apply")"));
  const auto again = co_await apply(world, wanted, "?fieldManager=one");
  CHECK_EQ(again->status, 200);
  CHECK_EQ(again->answer, made->answer);  // nothing was written
  const std::string other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: '8'}\n";
  const auto conflict = co_await apply(world, other, "?fieldManager=two");
  CHECK_EQ(conflict->status, 409);
  CHECK_EQ(member_of(*conflict, "message"), "Apply failed with 1 conflict: conflict with \"one\": .data.a");
  CHECK(conflict->answer.contains(
      R"("causes":[{"reason":"FieldManagerConflict","message":"conflict with \"one\"","field":".data.a"}])"));
  CHECK_EQ(data_of(*co_await apply(world, other, "?fieldManager=two&force=true")), R"({"a":"8"})");
}

}  // namespace

TEST_CASE("patch: merge, strategic merge, JSON patch") { in_api(types); }
TEST_CASE("patch: what cannot be done is told") { in_api(problems); }
TEST_CASE("apply: creates, repeats, conflicts, and takes over by force") { in_api(apply_it); }

}  // namespace podo::apiserver
