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

TEST_CASE("an event comes out of the ring as it went in, also when the ring has gone round") {
  SetClock clock;
  Events events(clock);
  auto all = events.subscribe();
  for (std::uint64_t i = 0; i < 1000; ++i) {
    clock.at = {static_cast<std::int64_t>(i) * 7};
    events.publish(
        {.type = "volume",
         .action = text("{}", i),
         .actor_id = std::string(i % 100, 'a'),
         .attributes = {{"", text("{}", i)}, {std::string(i % 3000, 'n'), ""}, {"x", std::string(2, '\0')}}});
    const EventPtr event = all.take();
    REQUIRE(event != nullptr);
    CHECK(event->number == i);
    CHECK(event->at == clock.at);
    CHECK(event->type == "volume");
    CHECK(event->action == text("{}", i));
    CHECK(event->actor_id == std::string(i % 100, 'a'));
    CHECK(event->attributes.at("x") == std::string(2, '\0'));
    CHECK(event->attributes.contains(std::string(i % 3000, 'n')));
  }
  auto since = events.subscribe(Wall{800 * 7});
  CHECK(taken(since) == "800");
  CHECK(taken(since) == "801");
  auto from_the_oldest = events.subscribe(Wall{0});
  CHECK(taken(from_the_oldest) == "744");
}

}  // namespace
}  // namespace podo::engine
