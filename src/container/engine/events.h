// What happened, told to whoever asks (`docker events`): a ring of the last ones in memory, and subscribers.
// Engine, networks' and images' owners publish; one bus a daemon. Lives on the daemon's loop.
//
// Those of the past lie packed in one piece: as what they are they would be thousands of small things, each
// where memory was free when it came, and each would keep a page.
//
//   packed := wall:le64 count:varint text*      type, action, actor, then name and value of each attribute
//   text   := size:varint byte*                 (base/store/wire.h)
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/io/condition.h"
#include "base/io/task.h"
#include "base/store/wire.h"

namespace podo::engine {

struct Event {
  std::string type;    // container, image, network, volume, daemon, builder
  std::string action;  // "start", "die", "exec_create: sh -c true", "health_status: healthy"
  std::string actor_id;
  std::map<std::string, std::string> attributes;  // name, image, exitCode, labels...
  Wall at = {};
  std::uint64_t number = 0;  // given by publish()
};
using EventPtr = std::shared_ptr<const Event>;

class Events {
 public:
  explicit Events(Clock& clock) : clock_(clock) {}
  void publish(Event event);

  // Events from `since` on that are still in the ring, then new ones. A subscriber that falls behind the ring
  // goes on with the oldest there is.
  class Subscription {
   public:
    Subscription(Events& events, std::uint64_t next) : events_(events), next_(next) {}
    EventPtr take();            // the next one, if it is here
    io::Task<EventPtr> next();  // waits
   private:
    Events& events_;
    std::uint64_t next_;
  };
  Subscription subscribe(std::optional<Wall> since = {});
  std::size_t bytes() const { return packed_.capacity(); }

 private:
  static constexpr std::size_t kept = 256;
  store::WireReader packed(std::uint64_t number) const;
  EventPtr event(std::uint64_t number) const;
  Wall at(std::uint64_t number) const;
  std::uint64_t oldest() const { return published_ - places_.size(); }

  Clock& clock_;
  std::string packed_;              // from the oldest on; before it, what is not given back yet
  std::deque<std::size_t> places_;  // where in it each begins
  std::uint64_t published_ = 0;
  io::Condition changed_{"an event"};
};

}  // namespace podo::engine
