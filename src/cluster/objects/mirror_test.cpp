#include "cluster/objects/mirror.h"

#include <doctest/doctest.h>

#include "cluster/objects/objects_testing.h"

namespace podo::objects {
namespace {

std::string everything(const Mirror& mirror, std::string_view name_space = "") {
  std::string out;
  mirror.each(name_space, [&](const Object& object) {
    out += text("{}/{}={} ", object.name_space(), object.name(), object.labels());
  });
  return out;
}

Task<void> mirror_pods(World& world) {
  Objects& objects = world.objects;
  co_await objects.create(world.pod("a"), pod_json("a", "1"));
  std::string log;
  auto mirror = co_await Mirror::start(objects, world.pods, [&](const Object& before, const Object& now) {
    log += text("{}>{} ", before ? before.labels() : "", now ? now.labels() : "");
  });
  CHECK_EQ(everything(*mirror), R"(ns/a={"n":"1"} )");
  co_await objects.create(world.pod("b", "other"), pod_json("b", "2"));
  co_await objects.update(world.pod("a"), 0, pod_json("a", "3"));
  const Object gone = co_await objects.remove(world.pod("b", "other"), 0);
  const Object last = co_await objects.create(world.pod("c"), pod_json("c", "4"));
  co_await mirror->reach(last.revision());
  CHECK_EQ(everything(*mirror), R"(ns/a={"n":"3"} ns/c={"n":"4"} )");
  CHECK_EQ(everything(*mirror, "other"), "");
  CHECK_EQ(log, R"(>{"n":"1"} >{"n":"2"} {"n":"1"}>{"n":"3"} {"n":"2"}> >{"n":"4"} )");
  CHECK_EQ(mirror->find("ns", "c")->labels(), R"({"n":"4"})");
  CHECK_EQ(mirror->find("other", "c"), nullptr);
  const Revision later = co_await store::write(*world.store, "/other", "x");
  co_await mirror->reach(later);
  CHECK_GE(mirror->revision(), later);
}

// So many changes at once that its watch loses track.
Task<void> lose_track(World& world) {
  Objects& objects = world.objects;
  co_await objects.create(world.pod("gone"), pod_json("gone", "1"));
  std::string log;
  auto mirror = co_await Mirror::start(objects, world.pods, [&](const Object& before, const Object& now) {
    log += text("{}>{} ", before ? before.name() : "", now ? now.name() : "");
  });
  store::Transaction many;
  for (int i = 0; i < 300; ++i)
    many.then.push_back(
        store::put(world.pod(text("p{}", 100 + i)).to_text(), *Object::encode(pod_json("p", "1"))));
  many.then.push_back(store::erase(store::Range::key(world.pod("gone").to_text())));
  const Revision at = (co_await world.store->commit(std::move(many))).revision;
  co_await world.store->compact(at);
  co_await mirror->reach(at);
  CHECK_EQ(co_await objects.count(world.pods, ""), 300);
  int seen = 0;
  mirror->each("ns", [&](const Object&) { ++seen; });
  CHECK_EQ(seen, 300);
  CHECK_EQ(mirror->find("ns", "gone"), nullptr);
  CHECK_EQ(log.find("gone> ") != log.npos, true);
}

}  // namespace

TEST_CASE("a mirror shows what is there, and tells what changes") {
  in_world([](World& world) { return mirror_pods(world); });
}
TEST_CASE("a mirror that lost track begins anew") {
  in_world([](World& world) { return lose_track(world); });
}

}  // namespace podo::objects
