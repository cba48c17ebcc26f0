#include <doctest/doctest.h>

#include "base/io/timer.h"
#include "cluster/apiserver/api_testing.h"
#include "model/schema/convert.h"

namespace podo::apiserver {
namespace {

constexpr std::string_view pods = "/api/v1/namespaces/ns/pods";

// A watch that runs beside the test.
struct Watch {
  Watch(ApiWorld& world, std::string query, http::Headers headers = {})
      : asked("GET", text("{}?watch=true{}", pods, query), std::move(headers)), group(world.loop) {
    group.spawn(world.api->handle(asked));
  }
  Asked asked;
  io::TaskGroup group;
};

// "ADDED a, MODIFIED a"
std::string events_in(std::string_view answer) {
  std::string out;
  while (!answer.empty()) {
    const std::size_t line = answer.find('\n');
    const auto event = *json::parse(std::string(answer.substr(0, line)));
    const json::Value name = event.root().find("object").find("metadata").find("name");
    out.append(out.empty() ? "" : ", ").append(event.root().find("type").string());
    if (name.present()) out.append(" ").append(name.string());
    answer.remove_prefix(line + 1);
  }
  return out;
}

Task<void> watch_pods(ApiWorld& world) {
  co_await world.objects->create(world.pod("a"), world.pod_json("a", "red"));
  const objects::Revision then = co_await world.objects->newest();
  Watch from_then(world, text("&resourceVersion={}", then)), with_all(world, "");
  co_await with_all.asked.answer_of(1);
  const objects::Object b = co_await world.objects->create(world.pod("b"), world.pod_json("b", "red"));
  co_await world.objects->update(world.pod("a"), 0, world.pod_json("a", "blue"));
  const objects::Object gone = co_await world.objects->remove(world.pod("b"), 0);
  CHECK_EQ(events_in(co_await with_all.asked.answer_of(4)), "ADDED a, ADDED b, MODIFIED a, DELETED b");
  const std::string told = co_await from_then.asked.answer_of(3);
  CHECK_EQ(events_in(told), "ADDED b, MODIFIED a, DELETED b");
  CHECK(told.starts_with(text(R"({{"type":"ADDED","object":{}}}{})", b.json(), "\n")));
  CHECK(told.ends_with(text(R"({{"type":"DELETED","object":{}}}{})", gone.json(), "\n")));
  CHECK_EQ(from_then.asked.answer_headers.get("Content-Type"), "application/json");
}

Task<void> watch_selected(ApiWorld& world) {
  co_await world.objects->create(world.pod("a"), world.pod_json("a", "red"));
  const objects::Revision then = co_await world.objects->newest();
  Watch red(world, text("&resourceVersion={}&labelSelector=color%3Dred", then));
  Watch one(world, text("&resourceVersion={}&fieldSelector=metadata.name%3Db", then));
  const objects::Object left = co_await world.objects->update(world.pod("a"), 0, world.pod_json("a", "blue"));
  co_await world.objects->create(world.pod("b"), world.pod_json("b", "blue"));
  co_await world.objects->update(world.pod("b"), 0, world.pod_json("b", "red"));
  co_await world.objects->update(world.pod("b"), 0, world.pod_json("b", "red", "x"));
  co_await world.objects->remove(world.pod("b"), 0);
  const std::string told = co_await red.asked.answer_of(4);
  CHECK_EQ(events_in(told), "DELETED a, ADDED b, MODIFIED b, DELETED b");
  CHECK_EQ(events_in(co_await one.asked.answer_of(4)), "ADDED b, MODIFIED b, MODIFIED b, DELETED b");
  // What left the selection is shown as it was, as of the change.
  const std::string first = told.substr(0, told.find('\n'));
  CHECK(first.contains(text(R"("resourceVersion":"{}")", left.revision())));
  CHECK(first.contains(R"("color":"red")"));
}

Task<void> end_initial_events(ApiWorld& world) {
  co_await world.objects->create(world.pod("a"), world.pod_json("a", "red"));
  const objects::Revision then = co_await world.objects->newest();
  Watch watch(world,
              "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
              "&timeoutSeconds=3");
  CHECK_EQ(events_in(co_await watch.asked.answer_of(2)), "ADDED a, BOOKMARK");
  CHECK(watch.asked.answer.contains(text(
      R"({{"type":"BOOKMARK","object":{{"kind":"Pod","apiVersion":"v1","metadata":{{"resourceVersion":"{}",)"
      R"("annotations":{{"k8s.io/initial-events-end":"true"}}}})",
      then)));
  const objects::Revision later = co_await store::write(*world.store, "/other", "x");
  // Two seconds before the end, and then the end.
  CHECK_EQ(events_in(co_await watch.asked.answer_of(3)), "ADDED a, BOOKMARK, BOOKMARK");
  CHECK(watch.asked.answer.contains(text(R"("metadata":{{"resourceVersion":"{}"}},"spec")", later)));
  CHECK_FALSE(watch.asked.ended);
  co_await watch.group.join();
  CHECK(watch.asked.ended);

  auto wrong = co_await world.ask(text("{}?watch=true&sendInitialEvents=true", pods));
  CHECK_EQ(wrong->status, 422);
  CHECK(wrong->answer.contains("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
}

Task<void> be_too_old(ApiWorld& world) {
  for (int i = 0; i < 100; ++i)
    co_await world.objects->create(world.pod(text("p{}", i)), world.pod_json("p", "red"));
  co_await world.store->compact(co_await world.objects->newest());
  auto old = co_await world.ask(text("{}?watch=true&resourceVersion=2", pods));
  CHECK_EQ(old->status, 200);
  CHECK(old->ended);
  CHECK(
      old->answer.starts_with(R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},)"
                              R"("status":"Failure","message":"too old resource version: 2 ()"));
  CHECK(old->answer.ends_with("\"reason\":\"Expired\",\"code\":410}}\n"));
  auto future = co_await world.ask(text("{}?watch=true&resourceVersion=100000", pods));
  CHECK_EQ(future->status, 504);
}

Task<void> watch_in_forms(ApiWorld& world) {
  co_await world.objects->create(world.pod("a"), world.pod_json("a", "red"));
  const std::string accept = "application/json;as=Table;g=meta.k8s.io;v=v1";
  Watch table(world, "", {{"Accept", accept}});
  Watch binary(world, "", {{"Accept", "application/vnd.kubernetes.protobuf;stream=watch"}});
  Watch partial(world, "", {{"Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}});
  co_await table.asked.answer_of(1);
  co_await world.objects->update(world.pod("a"), 0, world.pod_json("a", "blue"));
  const std::string told = co_await table.asked.answer_of(2);
  const std::size_t second = told.find('\n') + 1;
  CHECK(told.substr(0, second).contains(R"("columnDefinitions":[{"name":"Name",)"));
  CHECK(told.substr(second).starts_with(
      R"({"type":"MODIFIED","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1",)"
      R"("metadata":{"resourceVersion":)"));
  CHECK(told.substr(second).contains(R"("columnDefinitions":null,"rows":[{"cells":["a",)"));
  CHECK((co_await partial.asked.answer_of(2))
            .starts_with(R"({"type":"ADDED","object":{"kind":"PartialObjectMetadata",)"
                         R"("apiVersion":"meta.k8s.io/v1","metadata":{"name":"a",)"));
  while (binary.asked.writes < 2) co_await io::sleep(milliseconds(1));
  const std::string& frames = binary.asked.answer;
  CHECK_EQ(binary.asked.answer_headers.get("Content-Type"),
           "application/vnd.kubernetes.protobuf;stream=watch");
  const std::size_t size =
      static_cast<unsigned char>(frames[2]) * 256u + static_cast<unsigned char>(frames[3]);
  const std::string event = frames.substr(4, size);
  CHECK(
      event.starts_with("\x0a\x05"
                        "ADDED\x12"));
  const auto object = co_await schema::from_protobuf(event.substr(event.find("k8s")), world.schema, nullptr);
  CHECK_EQ(object.root().find("metadata", "name")->string(), "a");
  auto yaml = co_await world.ask(text("{}?watch=true", pods), {{"Accept", "application/yaml"}});
  CHECK_EQ(yaml->status, 406);
}

}  // namespace

TEST_CASE("a watch begins with what there is, or behind a revision, and tells each change") {
  in_api(watch_pods);
}
TEST_CASE("what enters a selection is added, what leaves it is deleted") { in_api(watch_selected); }
TEST_CASE("bookmarks say that the beginning is over, and come before the end") { in_api(end_initial_events); }
TEST_CASE("a watch from a revision that is gone is an error event") { in_api(be_too_old); }
TEST_CASE("events are objects, metadata or Tables; JSON or protobuf") { in_api(watch_in_forms); }

}  // namespace podo::apiserver
