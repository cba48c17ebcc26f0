#include "cluster/client/events.h"

#include "cluster/client/client_testing.h"

namespace podo::client {
namespace {

Subject pod(std::string name) {
  return {.api_version = "v1", .kind = "Pod", .name_space = "ns", .name = name, .uid = "u-" + name};
}

std::size_t written_about(const SmallApi& api, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::count_if(api.there, [name](const auto& one) {
    return one.first.find(text("/{}.", name)) != std::string::npos;
  }));
}

// Of other objects, one each.
Task<void> others(Events& events, int count) {
  for (int i = 0; i < count; ++i) {
    events.say(pod(text("other-{}", i)), "kubelet", {.reason = "Started", .message = "it runs"});
    if (i % 100 == 99) co_await io::sleep(seconds(1));
  }
  co_await io::sleep(seconds(1));
}

Task<void> repeated(ClientWorld& w) {
  Events events(w.client, w.loop.clock());
  io::TaskGroup group(w.loop);
  group.spawn(events.run(), "events");
  const auto say = [&events] { events.say(pod("a"), "kubelet", {.reason = "Killing", .message = "why"}); };
  say();
  say();
  co_await io::sleep(seconds(1));
  CHECK(written_about(w.api, "a") == 1);
  CHECK(w.api.patched == R"({"count":2,"lastTimestamp")");
  co_await others(events, 1500);
  say();
  co_await io::sleep(seconds(1));
  CHECK(written_about(w.api, "a") == 1);  // it is remembered: used last
  CHECK(w.api.patched == R"({"count":3,"lastTimestamp")");
  w.api.there.clear();
  co_await others(events, 3000);
  say();
  co_await io::sleep(seconds(1));
  CHECK(written_about(w.api, "a") == 1);  // a new one, after so many others
  CHECK(w.api.patched == R"({"count":3,"lastTimestamp")");
  group.cancel();
  co_await group.join();
}

Task<void> too_much(ClientWorld& w) {
  Events events(w.client, w.loop.clock());
  io::TaskGroup group(w.loop);
  group.spawn(events.run(), "events");
  for (int i = 0; i < 40; ++i) {
    events.say(pod("a"), "kubelet", {.reason = "Failed", .message = text("for the {}. time", i)});
    co_await io::sleep(milliseconds(1));  // its name is the time
  }
  events.say(pod("b"), "kubelet", {.reason = "Started", .message = "it runs"});
  co_await io::sleep(seconds(1));
  CHECK(written_about(w.api, "a") == Events::burst);
  CHECK(written_about(w.api, "b") == 1);
  group.cancel();
  co_await group.join();
}

}  // namespace

TEST_CASE("what is said again counts up one Event, until much else was said") { in_client_world(repeated); }
TEST_CASE("who says too much about one object is cut short") { in_client_world(too_much); }

}  // namespace podo::client
