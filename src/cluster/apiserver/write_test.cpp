#include <doctest/doctest.h>

#include "cluster/apiserver/api_testing.h"

namespace podo::apiserver {
namespace {

constexpr const char* maps = "/api/v1/namespaces/ns/configmaps";
const http::Headers as_json = {{"Content-Type", "application/json"}, {"User-Agent", "tester/1.0"}};

std::string_view text_in(const Asked& asked, std::initializer_list<std::string_view> path,
                         std::string& kept) {
  const json::Document document = asked.document();
  json::Value value = document.root();
  for (const std::string_view key : path) value = value.find(key);
  kept = value.is(json::Kind::string) ? value.string() : "";
  return kept;
}
std::string message_of(const Asked& asked) {
  std::string kept;
  return std::string(text_in(asked, {"message"}, kept));
}
std::string revision_of(const Asked& asked) {
  std::string kept;
  return std::string(text_in(asked, {"metadata", "resourceVersion"}, kept));
}

std::string map_json(std::string_view name, std::string_view value, std::string_view more = "") {
  return text(R"({{"kind":"ConfigMap","apiVersion":"v1","metadata":{{"name":"{}"{}}},"data":{{"a":"{}"}}}})",
              name, more, value);
}
Task<std::unique_ptr<Asked>> post(ApiWorld& world, std::string body, std::string query = "") {
  return world.ask(maps + query, as_json, "POST", std::move(body));
}
Task<std::unique_ptr<Asked>> put(ApiWorld& world, std::string name, std::string body) {
  return world.ask(text("{}/{}", maps, name), as_json, "PUT", std::move(body));
}

Task<void> create(ApiWorld& world) {
  const auto made = co_await post(world, map_json("one", "1"));
  CHECK_EQ(made->status, 201);
  std::string kept;
  CHECK_EQ(text_in(*made, {"metadata", "namespace"}, kept), "ns");
  CHECK_EQ(text_in(*made, {"metadata", "uid"}, kept).size(), 36);
  CHECK(text_in(*made, {"metadata", "creationTimestamp"}, kept).ends_with("Z"));
  CHECK(made->answer.contains(R"("manager":"tester","operation":"Update")"));
  const auto read = co_await world.ask(text("{}/one", maps));
  CHECK_EQ(read->answer, made->answer);
  const auto again = co_await post(world, map_json("one", "1"));
  CHECK_EQ(again->status, 409);
  CHECK_EQ(message_of(*again), "configmaps \"one\" already exists");
}

Task<void> generate(ApiWorld& world) {
  const auto made = co_await post(world, R"({"metadata":{"generateName":"x-"}})");
  CHECK_EQ(made->status, 201);
  std::string kept;
  const std::string_view name = text_in(*made, {"metadata", "name"}, kept);
  CHECK(name.starts_with("x-"));
  CHECK_EQ(name.size(), 7);
  CHECK_EQ(name.find_first_not_of("bcdfghjklmnpqrstvwxz2456789", 2), std::string_view::npos);
}

Task<void> refuse(ApiWorld& world) {
  CHECK_EQ(message_of(*co_await post(world, map_json("a", "1", R"(,"namespace":"other")"))),
           "the namespace of the provided object does not match the namespace sent on the request");
  CHECK_EQ(message_of(*co_await post(world, "")),
           "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json "
           "parse "
           "error: unexpected end of JSON input (<empty>)");
  const auto other = co_await post(world, R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}})");
  CHECK_EQ(other->status, 400);
  CHECK(message_of(*other).starts_with("Pod in version \"v1\" cannot be handled as a ConfigMap: "));
  CHECK_EQ(message_of(*co_await post(world, map_json("a", "1", R"(,"resourceVersion":"7")"))),
           "resourceVersion should not be set on objects to be created");
  const auto wrong = co_await post(world, map_json("A_b", "1"));
  CHECK_EQ(wrong->status, 422);
  CHECK(
      message_of(*wrong).starts_with("ConfigMap \"A_b\" is invalid: metadata.name: Invalid value: \"A_b\""));
  const auto media = co_await world.ask(maps, {{"Content-Type", "text/plain"}}, "POST", "x");
  CHECK_EQ(media->status, 415);
  CHECK_EQ((co_await world.ask(maps, {{"Accept", "text/html"}}, "GET"))->status, 406);
  const auto large = co_await post(world, map_json("a", std::string(4 << 20, 'x')));
  CHECK_EQ(large->status, 413);
  CHECK_EQ(message_of(*large), "Request entity too large: limit is 3145728");
}

Task<void> check_strictly(ApiWorld& world) {
  const std::string body = R"({"metadata":{"name":"a"},"dataa":{},"data":{"k":"1","k":"2"}})";
  const auto strict = co_await post(world, body, "?fieldValidation=Strict");
  CHECK_EQ(strict->status, 400);
  CHECK_EQ(
      message_of(*strict),
      "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: duplicate field "
      "\"data.k\", unknown field \"dataa\" (did you mean \"data\"?)");
  const auto warned = co_await post(world, body);
  CHECK_EQ(warned->status, 201);
  CHECK_EQ(warned->answer_headers.get("Warning"), "299 - \"duplicate field \\\"data.k\\\"\"");
  const auto ignored =
      co_await post(world, R"({"metadata":{"name":"b"},"dataa":{}})", "?fieldValidation=Ignore");
  CHECK_EQ(ignored->status, 201);
  CHECK_FALSE(ignored->answer_headers.find("Warning"));
  CHECK_EQ(
      message_of(*co_await post(world, body, "?dryRun=Some")),
      "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"Some\"]: supported values: "
      "\"All\"");
}

Task<void> try_dry(ApiWorld& world) {
  const auto tried = co_await post(world, map_json("dry", "1"), "?dryRun=All");
  CHECK_EQ(tried->status, 201);
  CHECK_EQ(revision_of(*tried), "");
  CHECK_EQ((co_await world.ask(text("{}/dry", maps)))->status, 404);
}

Task<void> update(ApiWorld& world) {
  const std::string first = revision_of(*co_await post(world, map_json("one", "1")));
  const auto second = co_await put(world, "one", map_json("one", "2"));
  CHECK_EQ(second->status, 200);
  CHECK_NE(revision_of(*second), first);
  // Equal bytes: nothing is written.
  CHECK_EQ(revision_of(*co_await put(world, "one", map_json("one", "2"))), revision_of(*second));
  const auto late =
      co_await put(world, "one", map_json("one", "3", text(R"(,"resourceVersion":"{}")", first)));
  CHECK_EQ(late->status, 409);
  CHECK_EQ(
      message_of(*late),
      "Operation cannot be fulfilled on configmaps \"one\": the object has been modified; please apply your "
      "changes to the latest version and try again");
  CHECK_EQ(message_of(*co_await put(world, "one", map_json("two", "3"))),
           "the name of the object (two) does not match the name on the URL (one)");
  CHECK_EQ((co_await put(world, "none", map_json("none", "3")))->status, 404);
  const auto stranger = co_await put(world, "one", map_json("one", "3", R"(,"uid":"u")"));
  CHECK_EQ(stranger->status, 409);
  CHECK(message_of(*stranger).contains("UID in precondition: u"));
}

Task<void> finalize(ApiWorld& world) {
  co_await post(world, map_json("held", "1", R"(,"finalizers":["a.example/b"])"));
  const auto marked = co_await world.ask(text("{}/held", maps), {}, "DELETE");
  CHECK_EQ(marked->status, 200);
  CHECK(marked->answer.contains("\"deletionTimestamp\""));
  CHECK_EQ((co_await world.ask(text("{}/held", maps)))->status, 200);
  const auto gone = co_await put(world, "held", map_json("held", "1"));
  CHECK_EQ(gone->status, 200);
  CHECK_EQ((co_await world.ask(text("{}/held", maps)))->status, 404);
}

Task<void> other_encodings(ApiWorld& world) {
  const auto yaml =
      co_await world.ask(maps, {{"Content-Type", "application/yaml"}, {"Accept", "application/yaml"}}, "POST",
                         "metadata:\n  name: yy\ndata:\n  a: \"1\"\n");
  CHECK_EQ(yaml->status, 201);
  CHECK(yaml->answer.starts_with("apiVersion: v1\ndata:\n  a: \"1\"\nkind: ConfigMap\nmetadata:\n"));
  const auto protobuf =
      co_await world.ask(text("{}/yy", maps), {{"Accept", "application/vnd.kubernetes.protobuf"}});
  CHECK(protobuf->answer.starts_with(std::string_view("k8s\0", 4)));
  std::string renamed = protobuf->answer;
  CHECK_EQ(
      (co_await world.ask(maps, {{"Content-Type", "application/vnd.kubernetes.protobuf"}}, "POST", renamed))
          ->status,
      500);  // it has a resourceVersion
  CHECK_EQ(
      (co_await world.ask(maps, {{"Content-Type", "application/vnd.kubernetes.protobuf"}}, "POST", "k8s"))
          ->status,
      400);
}

}  // namespace

TEST_CASE("create: the server's part of metadata, and what is there already") { in_api(create); }
TEST_CASE("create: a name of its own") { in_api(generate); }
TEST_CASE("create: what is wrong is told in upstream's words") { in_api(refuse); }
TEST_CASE("create: unknown and duplicate fields, as strictly as asked") { in_api(check_strictly); }
TEST_CASE("create: a dry run leaves nothing") { in_api(try_dry); }
TEST_CASE("update: optimistic locking, and equal bytes") { in_api(update); }
TEST_CASE("update: the last finalizer of what is being deleted goes, and so does it") { in_api(finalize); }
TEST_CASE("bodies and answers are YAML and protobuf, too") { in_api(other_encodings); }

}  // namespace podo::apiserver
