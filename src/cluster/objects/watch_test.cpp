#include <doctest/doctest.h>

#include "base/io/timer.h"
#include "cluster/objects/objects_testing.h"

namespace podo::objects {
namespace {

// "+a ~a -a", in the order of the changes.
std::string told(const std::vector<ChangePtr>& changes) {
  std::string out;
  for (const ChangePtr& change : changes) {
    if (!out.empty()) out += ' ';
    out += change->kind == Change::Kind::added ? '+' : change->kind == Change::Kind::modified ? '~' : '-';
    out += change->now.name();
  }
  return out;
}

Task<std::string> told_through(Changes& changes, Revision revision) {
  std::vector<ChangePtr> all;
  for (Changes::News news; news.through < revision;) {
    news = co_await changes.next(seconds(1));
    all.insert(all.end(), news.changes.begin(), news.changes.end());
  }
  co_return told(all);
}

Task<void> watch_pods(World& world) {
  Objects& objects = world.objects;
  const Revision before = co_await objects.newest();
  auto all = co_await objects.watch(world.pods, "");
  auto one = co_await objects.watch(world.pods, "ns");
  const Object made = co_await objects.create(world.pod("a"), pod_json("a", "1"));
  co_await objects.create(world.pod("b", "other"), pod_json("b", "1"));
  co_await objects.update(world.pod("a"), 0, pod_json("a", "2"));
  const Object gone = co_await objects.remove(world.pod("a"), 0);
  CHECK_EQ(co_await told_through(*all, gone.revision()), "+a +b ~a -a");
  CHECK_EQ(co_await told_through(*one, gone.revision()), "+a ~a -a");
  // Who comes later, and begins before, is told the same.
  auto late = co_await objects.watch(world.pods, "ns", before);
  CHECK_EQ(co_await told_through(*late, gone.revision()), "+a ~a -a");
  auto later = co_await objects.watch(world.pods, "", made.revision());
  CHECK_EQ(co_await told_through(*later, gone.revision()), "+b ~a -a");
  CHECK_EQ(co_await verdict(objects.watch(world.pods, "", gone.revision() + 1)), "invalid");
}

Task<void> share_encodings(World& world) {
  Objects& objects = world.objects;
  auto one = co_await objects.watch(world.pods, ""), two = co_await objects.watch(world.pods, "ns");
  co_await one->next(Duration{});  // what changes from now on is shared
  co_await objects.create(world.pod("a"), pod_json("a", "1"));
  const Object gone = co_await objects.remove(world.pod("a"), 0);
  int made = 0;
  std::string seen;
  for (Changes* changes : {one.get(), two.get()}) {
    for (Changes::News news; news.through < gone.revision();) {
      news = co_await changes->next();
      for (const ChangePtr& change : news.changes)
        seen += change->encoded(1, [&](const Change& which) {
          ++made;
          return text("{} at {}; ", which.item().find("metadata", "resourceVersion")->string(),
                      which.revision);
        });
    }
  }
  CHECK_EQ(made, 2);
  const std::string once = text("{} at {}; {} at {}; ", gone.revision() - 1, gone.revision() - 1,
                                gone.revision(), gone.revision());
  CHECK_EQ(seen, once + once);
}

Task<void> be_silent(World& world) {
  Objects& objects = world.objects;
  auto changes = co_await objects.watch(world.pods, "ns");
  Revision at = 0;
  for (int i = 0; i < 5; ++i) at = co_await store::write(*world.store, text("/other/{}", i), "x");
  const Monotonic began = world.loop.clock().now();
  const Changes::News news = co_await changes->next(seconds(5));
  CHECK(news.changes.empty());
  CHECK_EQ(news.through, at);
  CHECK_EQ((world.loop.clock().now() - began).ns, seconds(5).ns);
}

Task<void> fall_behind(World& world) {
  Objects& objects = world.objects;
  co_await objects.create(world.pod("a"), pod_json("a", "0"));
  co_await objects.create(world.pod("quiet", "other"), pod_json("quiet", "0"));
  auto slow = co_await objects.watch(world.pods, "");
  auto quick = co_await objects.watch(world.pods, "");
  auto quiet = co_await objects.watch(world.pods, "other");
  CHECK((co_await slow->next(seconds(1))).changes.empty());
  CHECK((co_await quiet->next(seconds(1))).changes.empty());
  Revision at = 0;
  std::string expected;
  for (int i = 1; i <= 50; ++i) {
    at = (co_await objects.update(world.pod("a"), 0, pod_json("a", text("{}", i)))).revision();
    CHECK_EQ(co_await told_through(*quick, at), "~a");
    expected += i == 1 ? "~a" : " ~a";
  }
  // The ring holds ten of them; the store's history has them all.
  CHECK_EQ(co_await told_through(*slow, at), expected);
  // More than the store's history holds: who was silent about it has missed nothing.
  for (int i = 1; i <= 300; ++i)
    at = (co_await objects.update(world.pod("a"), 0, pod_json("a", text("{}", i)))).revision();
  CHECK_EQ(co_await verdict(slow->next()), "not found");
  CHECK_EQ(co_await told_through(*quiet, at), "");
  CHECK_EQ(co_await verdict(objects.watch(world.pods, "", 2)), "not found");
  co_await objects.remove(world.pod("quiet", "other"), 0);
  CHECK_EQ(co_await told_through(*quiet, at + 1), "-quiet");
}

Task<void> follow_until(Objects& objects, const schema::Resource& pods, std::string name_space, Revision from,
                        Revision& last, std::string& log) {
  auto changes = co_await objects.watch(pods, name_space, from);
  for (Changes::News news; last == 0 || news.through < last;) {
    news = co_await changes->next(milliseconds(10));
    log += told(news.changes);
    if (!news.changes.empty()) log += ' ';
    if (news.changes.size() % 3 == 2) co_await io::sleep(milliseconds(3));
  }
}

// Watchers that come and go while objects change: each sees all from its beginning on, once.
Task<void> watch_in_a_crowd(World& world) {
  Objects& objects = world.objects;
  const Revision begun = co_await objects.newest();
  Revision last = 0, change = 0;
  std::string logs[6], expected;
  io::TaskGroup group(world.loop);
  for (int i = 0; i < 60; ++i) {
    if (i % 10 == 0)
      group.spawn(follow_until(objects, world.pods, i % 20 == 0 ? "" : "ns", begun, last, logs[i / 10]));
    const std::string name = text("p{}", i % 7);
    if (i % 5 == 4 && co_await objects.find(world.pod(name))) {
      change = (co_await objects.remove(world.pod(name), 0)).revision();
      expected += text("-{} ", name);
    } else if (co_await objects.find(world.pod(name))) {
      change = (co_await objects.update(world.pod(name), 0, pod_json(name, text("{}", i)))).revision();
      expected += text("~{} ", name);
    } else {
      change = (co_await objects.create(world.pod(name), pod_json(name, text("{}", i)))).revision();
      expected += text("+{} ", name);
    }
    if (i % 4 == 0) co_await io::sleep(milliseconds(1));
  }
  last = change;
  co_await group.join();
  for (const std::string& log : logs) CHECK_EQ(log, expected);
}

}  // namespace

TEST_CASE("watchers are told every change of what they watch, in order") {
  in_world([](World& world) { return watch_pods(world); });
}
TEST_CASE("what is made of a change is made once") {
  in_world([](World& world) { return share_encodings(world); });
}
TEST_CASE("a watcher learns how far the silence reaches") {
  in_world([](World& world) { return be_silent(world); });
}
TEST_CASE("who falls behind goes on from the store's history, and is told when that is gone") {
  in_world([](World& world) { return fall_behind(world); },
           {.history_bytes = 24'000, .limits = {.changes = 10, .told_bytes = 1'000}});
}
TEST_CASE("watchers come and go, and each sees everything once") {
  in_world([](World& world) { return watch_in_a_crowd(world); }, {.limits = {.changes = 6, .told_bytes = 0}});
  in_world([](World& world) { return watch_in_a_crowd(world); });
}

}  // namespace podo::objects
