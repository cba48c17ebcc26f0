#include <doctest/doctest.h>

#include "base/format/inflate.h"
#include "cluster/apiserver/api_testing.h"
#include "model/schema/convert.h"

namespace podo::apiserver {
namespace {

constexpr std::string_view pods = "/api/v1/namespaces/ns/pods";

Task<void> make_pods(ApiWorld& world, std::initializer_list<const char*> names) {
  for (const char* name : names)
    co_await world.objects->create(world.pod(name), world.pod_json(name, name[0] == 'a' ? "red" : "blue"));
}

std::string names_in(const Asked& asked) {
  const json::Document list = asked.document();
  std::string out;
  for (const json::Value item : list.root().find("items").items())
    out.append(out.empty() ? "" : " ").append(item.find("metadata").find("name").string());
  return out;
}

std::string continue_in(const Asked& asked) {
  const json::Document list = asked.document();
  const json::Value token = list.root().find("metadata").find("continue");
  return token.present() ? std::string(token.string()) : "";
}

std::string message_in(const Asked& asked) {
  const json::Document status = asked.document();
  return std::string(status.root().find("message").string());
}

Task<void> list_pods(ApiWorld& world) {
  auto empty = co_await world.ask(std::string(pods));
  CHECK_EQ(empty->answer,
           text(R"({{"kind":"PodList","apiVersion":"v1","metadata":{{"resourceVersion":"{}"}},)"
                R"("items":[]}}{})",
                co_await world.objects->newest(), "\n"));
  co_await make_pods(world, {"b", "a1"});
  auto all = co_await world.ask(std::string(pods));
  CHECK_EQ(all->status, 200);
  CHECK_EQ(all->answer_headers.get("Content-Type"), "application/json");
  CHECK_EQ(names_in(*all), "a1 b");
  const std::string item = all->answer.substr(all->answer.find("[") + 1);
  CHECK(item.starts_with(R"({"metadata":{"name":"a1","namespace":"ns","resourceVersion":")"));  // no kind
  CHECK_EQ(names_in(*co_await world.ask("/api/v1/pods")), "a1 b");
  CHECK_EQ(names_in(*co_await world.ask("/api/v1/namespaces/other/pods")), "");
}

Task<void> select(ApiWorld& world) {
  co_await make_pods(world, {"a1", "a2", "b", "c"});
  const std::string base(pods);
  CHECK_EQ(names_in(*co_await world.ask(base + "?labelSelector=color%3Dred")), "a1 a2");
  CHECK_EQ(names_in(*co_await world.ask(base + "?labelSelector=color!%3Dred,!x")), "b c");
  CHECK_EQ(names_in(*co_await world.ask(base + "?fieldSelector=metadata.name%3Db")), "b");
  CHECK_EQ(names_in(*co_await world.ask(base + "?fieldSelector=metadata.name%3Dx")), "");
  CHECK_EQ(names_in(*co_await world.ask("/api/v1/pods?fieldSelector=metadata.name%3Db")), "b");
  CHECK_EQ(names_in(*co_await world.ask(base + "?fieldSelector=metadata.name!%3Db,status.phase%3DRunning")),
           "a1 a2 c");
  CHECK_EQ(names_in(*co_await world.ask(base + "?fieldSelector=status.phase%3DPending")), "");
  auto wrong = co_await world.ask(base + "?fieldSelector=spec.foo%3Dx");
  CHECK_EQ(wrong->status, 400);
  CHECK_EQ(message_in(*wrong), "field label not supported: spec.foo");
}

Task<void> list_in_parts(ApiWorld& world) {
  co_await make_pods(world, {"a1", "a2", "b", "c", "d"});
  const std::string base(pods);
  auto first = co_await world.ask(base + "?limit=2");
  CHECK_EQ(names_in(*first), "a1 a2");
  CHECK_EQ(first->document().root().find("metadata").find("remainingItemCount").number(), "3");
  co_await world.objects->remove(world.pod("b"), 0);
  const std::string token = continue_in(*first);
  auto second = co_await world.ask(base + "?limit=2&continue=" + token);
  CHECK_EQ(names_in(*second), "b c");
  auto third = co_await world.ask(base + "?limit=2&continue=" + continue_in(*second));
  CHECK_EQ(names_in(*third), "d");
  CHECK_EQ(continue_in(*third), "");
  // With a selector nobody counts what remains.
  auto some = co_await world.ask(base + "?limit=1&labelSelector=color%3Dred");
  CHECK_EQ(names_in(*some), "a1");
  CHECK_FALSE(some->document().root().find("metadata").find("remainingItemCount").present());
  CHECK_EQ(names_in(*co_await world.ask(base + "?labelSelector=color%3Dred&continue=" + continue_in(*some))),
           "a2");
  // When its revision is gone, a list may go on at the newest one.
  co_await world.store->compact(co_await world.objects->newest());
  auto late = co_await world.ask(base + "?limit=2&continue=" + token);
  CHECK_EQ(late->status, 410);
  CHECK(message_in(*late).starts_with("The provided continue parameter is too old to display a consistent"));
  CHECK_EQ(names_in(*co_await world.ask(base + "?continue=" + continue_in(*late))), "c d");
  auto nonsense = co_await world.ask(base + "?continue=x");
  CHECK_EQ(nonsense->status, 400);
  CHECK(message_in(*nonsense).starts_with("invalid continue token: continue key is not valid"));
}

Task<void> list_at(ApiWorld& world) {
  co_await make_pods(world, {"a1"});
  const objects::Revision then = co_await world.objects->newest();
  co_await make_pods(world, {"b"});
  const std::string base = text("{}?resourceVersion={}", pods, then);
  CHECK_EQ(names_in(*co_await world.ask(base)), "a1 b");
  CHECK_EQ(names_in(*co_await world.ask(base + "&resourceVersionMatch=NotOlderThan")), "a1 b");
  CHECK_EQ(names_in(*co_await world.ask(base + "&resourceVersionMatch=Exact")), "a1");
  CHECK_EQ(names_in(*co_await world.ask(base + "&limit=5")), "a1");
  CHECK_EQ(names_in(*co_await world.ask(text("{}?resourceVersion=0", pods))), "a1 b");
  auto future = co_await world.ask(text("{}?resourceVersion={}", pods, then + 100));
  CHECK_EQ(future->status, 504);
  CHECK_EQ(future->document().root().find("details").find("causes").at(0).find("reason").string(),
           "ResourceVersionTooLarge");
  co_await world.store->compact(co_await world.objects->newest());
  auto old = co_await world.ask(base + "&resourceVersionMatch=Exact");
  CHECK_EQ(old->status, 410);
  CHECK_EQ(message_in(*old), "The resourceVersion for the provided list is too old.");
  auto wrong = co_await world.ask(text("{}?resourceVersionMatch=Exact", pods));
  CHECK_EQ(wrong->status, 422);
  CHECK_EQ(
      message_in(*wrong),
      "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is "
      "forbidden unless resourceVersion is provided");
}

Task<void> list_in_forms(ApiWorld& world) {
  co_await make_pods(world, {"a1", "b"});
  const std::string base(pods);
  auto partial = co_await world.ask(
      base, {{"Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}});
  CHECK(partial->answer.starts_with(R"({"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1",)"));
  CHECK(partial->answer.contains(
      R"("items":[{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"a1",)"));
  CHECK_FALSE(partial->answer.contains("containers"));

  auto table = co_await world.ask(base, {{"Accept", "application/json;as=Table;g=meta.k8s.io;v=v1"}});
  CHECK(table->answer.starts_with(R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resource)"));
  const json::Document rows = table->document();
  CHECK_EQ(rows.root().find("rows").size(), 2);
  CHECK_EQ(rows.root().find("rows").at(1).find("cells").at(0).string(), "b");
  CHECK_EQ(rows.root().find("rows").at(1).find("object").find("kind").string(), "PartialObjectMetadata");
  auto none = co_await world.ask(base + "?includeObject=None",
                                 {{"Accept", "application/json;as=Table;g=meta.k8s.io;v=v1"}});
  CHECK(none->answer.contains(R"("object":null)"));

  auto binary = co_await world.ask(base, {{"Accept", "application/vnd.kubernetes.protobuf"}});
  const auto tree = co_await schema::from_protobuf(binary->answer, world.schema, nullptr);
  CHECK_EQ(tree.root().find("kind")->string(), "PodList");
  CHECK_EQ(tree.root().find("items")->at(1)->find("spec", "containers")->at(0)->find("name")->string(), "c");

  auto yaml = co_await world.ask(base, {{"Accept", "application/yaml"}});
  CHECK(yaml->answer.starts_with("apiVersion: v1\nitems:\n- metadata:\n"));
  auto pretty = co_await world.ask(base + "?pretty=true");
  CHECK(pretty->answer.starts_with(
      "{\n  \"kind\": \"PodList\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {\n"));
  CHECK_EQ(names_in(*pretty), "a1 b");
}

Task<void> list_much(ApiWorld& world) {
  const std::string note(1000, 'n');
  for (int i = 0; i < 600; ++i)
    co_await world.objects->create(world.pod(text("p{}", i)), world.pod_json(text("p{}", i), "red", note));
  auto plain = co_await world.ask(std::string(pods));
  CHECK_GT(plain->writes, 3);
  CHECK_EQ(plain->document().root().find("items").size(), 600);
  auto packed = co_await world.ask(std::string(pods), {{"Accept-Encoding", "gzip"}});
  CHECK_EQ(packed->answer_headers.get("Content-Encoding"), "gzip");
  CHECK_LT(packed->answer.size(), plain->answer.size() / 8);
  gzip::Inflater inflater;
  inflater.feed(packed->answer);
  inflater.finish();
  std::string unpacked;
  for (std::string_view piece = co_await inflater.next(); !piece.empty(); piece = co_await inflater.next())
    unpacked += piece;
  CHECK(unpacked == plain->answer);
}

}  // namespace

TEST_CASE("a list is what is stored, in one piece of JSON") { in_api(list_pods); }
TEST_CASE("lists are narrowed by labels and fields") { in_api(select); }
TEST_CASE("a list in parts is of one moment") { in_api(list_in_parts); }
TEST_CASE("a list is as new as it is asked to be") { in_api(list_at); }
TEST_CASE("lists come whole, as metadata, as Tables; as JSON, YAML, protobuf") { in_api(list_in_forms); }
TEST_CASE("a long list comes in pieces, and compressed if the client likes that") { in_api(list_much); }

}  // namespace podo::apiserver
