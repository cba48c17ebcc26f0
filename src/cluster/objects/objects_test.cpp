#include "cluster/objects/objects.h"

#include <doctest/doctest.h>

#include "cluster/objects/objects_testing.h"
#include "cluster/objects/store_objects.h"

namespace podo::objects {
namespace {

Task<void> write_and_read(World& world) {
  Objects& objects = world.objects;
  const Object made = co_await objects.create(world.pod("a"), pod_json("a", "1"));
  CHECK_EQ(made.name(), "a");
  CHECK_EQ(made.name_space(), "ns");
  CHECK_EQ(made.json(), text(R"({{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"a","namespace":"ns",)"
                             R"("uid":"u-a","resourceVersion":"{}","creationTimestamp":null,)"
                             R"("labels":{{"n":"1"}}}},"spec":{{}}}})",
                             made.revision()));
  CHECK_EQ(made.json().size(), made.json_size());
  CHECK_EQ(co_await verdict(objects.create(world.pod("a"), pod_json("a", "2"))), "already exists");

  const Object same = co_await objects.update(world.pod("a"), made.revision(), made.json());
  CHECK_EQ(same.revision(), made.revision());
  const Object changed = co_await objects.update(world.pod("a"), made.revision(), pod_json("a", "2"));
  CHECK_GT(changed.revision(), made.revision());
  CHECK_EQ(co_await verdict(objects.update(world.pod("a"), made.revision(), pod_json("a", "3"))), "conflict");
  CHECK_EQ(co_await verdict(objects.update(world.pod("b"), 0, pod_json("b", "3"))), "not found");
  CHECK_EQ((co_await objects.find(world.pod("a")))->labels(), R"({"n":"2"})");
  CHECK_EQ((co_await objects.find(world.pod("a"), made.revision()))->labels(), R"({"n":"1"})");

  CHECK_EQ(co_await verdict(objects.remove(world.pod("a"), made.revision())), "conflict");
  const Object last = co_await objects.remove(world.pod("a"), changed.revision());
  CHECK_GT(last.revision(), changed.revision());
  CHECK_EQ(last.labels(), R"({"n":"2"})");
  CHECK_FALSE(co_await objects.find(world.pod("a")));
  CHECK_EQ(co_await verdict(objects.remove(world.pod("a"), 0)), "not found");
}

Task<void> rest_on_something(World& world) {
  Objects& objects = world.objects;
  co_await objects.create(
      world.pod("a"), pod_json("a", "1"),
      {.conditions = {store::absent("/ranges/x")}, .then = {store::put("/ranges/x", "1")}});
  CHECK_EQ(co_await verdict(objects.create(world.pod("b"), pod_json("b", "1"),
                                           {.conditions = {store::absent("/ranges/x")}})),
           "conflict");
  CHECK_FALSE(co_await objects.find(world.pod("b")));
  // What is the same is not written, what goes alongside is.
  const Object there = *co_await objects.find(world.pod("a"));
  const Object same = co_await objects.update(world.pod("a"), 0, pod_json("a", "1"),
                                              {.then = {store::put("/ranges/x", "2")}});
  CHECK_EQ(same.revision(), there.revision());
  CHECK_EQ((co_await world.store->find("/ranges/x"))->value(), "2");
}

Task<void> list_by_pages(World& world) {
  Objects& objects = world.objects;
  for (const char* name : {"c", "a", "b"}) co_await objects.create(world.pod(name), pod_json(name, "1"));
  co_await objects.create(world.pod("a", "ns-2"), pod_json("a", "1"));
  ListPage page = co_await objects.list(world.pods, "ns", 2);
  CHECK_EQ(names(page), "a b");
  CHECK(page.more);
  co_await objects.remove(world.pod("c"), 0);
  CHECK_EQ(co_await objects.count(world.pods, "ns", page.last_key, page.revision), 1);
  ListPage rest = co_await objects.list(world.pods, "ns", 2, page.last_key, page.revision);
  CHECK_EQ(names(rest), "c");
  CHECK_FALSE(rest.more);
  CHECK_EQ(rest.revision, page.revision);
  CHECK_EQ(names(co_await objects.list(world.pods, "")), "a a b");  // "ns-2/" comes before "ns/"
  CHECK_EQ(co_await objects.count(world.pods, "ns"), 2);
}

}  // namespace

TEST_CASE("objects are written, and read with their revision") {
  in_world([](World& world) { return write_and_read(world); });
}
TEST_CASE("what a write rests on holds in the same transaction") {
  in_world([](World& world) { return rest_on_something(world); });
}
TEST_CASE("lists go by key, in pages of one revision") {
  in_world([](World& world) { return list_by_pages(world); });
}

TEST_CASE("resourceVersion is spliced in wherever metadata stands and whatever it holds") {
  const auto shown = [](std::string_view json) {
    return Object(store::Entry("/core/pods/a/b", *Object::encode(json), {.modified = 7, .version = 1}))
        .json();
  };
  CHECK_EQ(shown(R"({"metadata":{}})"), R"({"metadata":{"resourceVersion":"7"}})");
  CHECK_EQ(shown(R"({"metadata":{"resourceVersion":"1"}})"), R"({"metadata":{"resourceVersion":"7"}})");
  CHECK_EQ(shown(R"({"metadata":{"labels":{}}})"), R"({"metadata":{"resourceVersion":"7","labels":{}}})");
  CHECK_EQ(shown(R"({"metadata":{"resourceVersion":"1","labels":{}}})"),
           R"({"metadata":{"resourceVersion":"7","labels":{}}})");
  CHECK_EQ(shown(R"({"kind":"\"metadata\"","metadata":{"name":"a\\","resourceVersion":"1"},"x":1})"),
           R"({"kind":"\"metadata\"","metadata":{"name":"a\\","resourceVersion":"7"},"x":1})");
  CHECK_EQ(Object::encode("{}").error().kind(), ErrorKind::invalid);
  CHECK_EQ(Object::encode("[1").error().kind(), ErrorKind::invalid);
}

TEST_CASE("the metadata of an object is given without the rest") {
  const Object object(
      store::Entry("/core/nodes/b", *Object::encode(pod_json("b", "1")), {.modified = 9, .version = 1}));
  std::string out;
  object.append_metadata(out);
  CHECK_EQ(out, R"({"name":"b","namespace":"ns","uid":"u-b","resourceVersion":"9",)"
                R"("creationTimestamp":null,"labels":{"n":"1"}})");
  std::string item;
  object.append_item(item);
  CHECK_EQ(item, R"({"metadata":)" + out + R"(,"spec":{}})");
  CHECK_EQ(object.name_space(), "");
  CHECK_EQ(object.name(), "b");
}

TEST_CASE("versions of a resource share their keys") {
  const schema::Schema schema = kube::parse_schema();
  const schema::Resource& old = *schema.find_resource("events.k8s.io", "v1", "events");
  CHECK_EQ(prefix_of(old, "ns"), "/core/events/ns/");
  CHECK_EQ(&storage_of(schema, old), schema.find_resource("", "v1", "events"));
  const schema::Resource& scaler = *schema.find_resource("autoscaling", "v1", "horizontalpodautoscalers");
  CHECK_EQ(storage_of(schema, scaler).group_version->version, "v2");
  for (const schema::GroupVersion& version : schema.group_versions())
    for (const schema::Resource& resource : version.resources)
      CHECK_EQ(prefix_of(resource), prefix_of(storage_of(schema, resource)));
}

}  // namespace podo::objects
