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

}  // namespace
}  // namespace podo::engine
