#include "container/engine/events.h"

#include <doctest/doctest.h>

namespace podo::engine {
namespace {

class SetClock final : public Clock {
 public:
  Monotonic now() const override { return {}; }
  Wall wall() const override { return at; }
  Wall at{100};
};

void publish(Events& events, std::string action) {
  Event event;
  event.type = "container";
  event.action = std::move(action);
  events.publish(std::move(event));
}

std::string taken(Events::Subscription& subscription) {
  const EventPtr event = subscription.take();
  return event ? event->action : "";
}

TEST_CASE("a subscriber gets what comes, and from an instant on what the ring still has") {
  SetClock clock;
  Events events(clock);
  publish(events, "early");
  clock.at = {200};
  publish(events, "late");
  auto now = events.subscribe(), since = events.subscribe(Wall{150}), all = events.subscribe(Wall{0});
  publish(events, "new");
  CHECK(taken(now) == "new");
  CHECK(taken(now) == "");
  CHECK(taken(since) == "late");
  CHECK(taken(since) == "new");
  CHECK(taken(all) == "early");
}

TEST_CASE("who falls behind the ring goes on with the oldest there is") {
  SetClock clock;
  Events events(clock);
  auto slow = events.subscribe();
  for (int i = 0; i < 300; ++i) publish(events, text("{}", i));
  CHECK(taken(slow) == "44");
  CHECK(taken(slow) == "45");
}

Event numbered(std::uint64_t i) {
  return {.type = "volume",
          .action = text("{}", i),
          .actor_id = std::string(i % 100, 'a'),
          .attributes = {
              {"", text("of {}", i)}, {std::string(1 + i % 30, 'n'), ""}, {"x", std::string(2, '\0')}}};
}

void check_numbered(const EventPtr& event, std::uint64_t i) {
  REQUIRE(event != nullptr);
  const Event wanted = numbered(i);
  CHECK(event->number == i);
  CHECK(event->at == Wall{static_cast<std::int64_t>(i) * 7});
  CHECK(event->type == wanted.type);
  CHECK(event->action == wanted.action);
  CHECK(event->actor_id == wanted.actor_id);
  CHECK(event->attributes == wanted.attributes);
}

TEST_CASE("an event comes out of the ring as it went in, however often that has gone round") {
  SetClock clock;
  Events events(clock);
  auto at_once = events.subscribe(), slow = events.subscribe(), late = events.subscribe();
  for (std::uint64_t i = 0; i < 1000; ++i) {
    clock.at = {static_cast<std::int64_t>(i) * 7};
    events.publish(numbered(i));
    check_numbered(at_once.take(), i);
    if (i >= 200) check_numbered(slow.take(), i - 200);
  }
  auto since = events.subscribe(Wall{800 * 7});
  check_numbered(since.take(), 800);
  for (std::uint64_t i = 744; i < 1000; ++i) check_numbered(late.take(), i);
  CHECK(late.take() == nullptr);
}

TEST_CASE("the memory of large events is given back when they are gone") {
  SetClock clock;
  Events events(clock);
  for (int i = 0; i < 300; ++i) publish(events, std::string(100'000, 'x'));
  for (int i = 0; i < 600; ++i) publish(events, "small");
  CHECK(events.bytes() < 200'000);
  auto all = events.subscribe(Wall{0});
  CHECK(taken(all) == "small");
}

}  // namespace
}  // namespace podo::engine
