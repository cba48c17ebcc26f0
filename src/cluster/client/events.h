// Events (core/v1): what happened to an object, for people. The same thing said again counts up one Event;
// an object that says too much is cut short. Saying never waits: one strand writes, and what it cannot write
// is lost.
#pragma once

#include <deque>
#include <string_view>

#include "base/crypto/recent.h"
#include "base/io/condition.h"
#include "cluster/client/client.h"

namespace podo::client {

// Whom it is about.
struct Subject {
  std::string api_version, kind, name_space, name, uid;
  std::string field_path = {};  // "spec.containers{web}": a part of it
};

// What is said: in UpperCamelCase why, and in words.
struct Said {
  std::string reason = {}, message = {};
  bool warning = false;
};

class Events {
 public:
  // `host`: the node that speaks; "" of what speaks for the whole cluster.
  Events(Client& client, Clock& clock, std::string host = {})
      : client_(client), clock_(clock), host_(std::move(host)) {}
  void say(const Subject& about, std::string_view component, const Said& said);
  io::Task<void> run();  // writes until it is cancelled

  static constexpr std::size_t waiting_max = 1000, remembered_max = 2048;
  static constexpr int burst = 25;                       // of one component about one object, then
  static constexpr Duration one_more = seconds(5 * 60);  // one of them each

 private:
  struct Due {
    Subject about;
    std::string component;
    Said said;
    Wall at;
  };
  struct Known {
    Wall first = {};  // also in its name
    int count = 0;
  };
  struct Budget {
    int left = burst;
    Monotonic since = {};
  };
  bool may_say(const std::string& speaker);
  io::Task<void> write(const Due& due);
  json::Tree event_of(const Due& due, const Known& known) const;

  Client& client_;
  Clock& clock_;
  const std::string host_;
  std::deque<Due> waiting_;
  crypto::Recent<Known> known_{remembered_max};     // by all that makes Events the same
  crypto::Recent<Budget> budgets_{remembered_max};  // by component and object
  io::Condition added_{"an Event to write"};
};

}  // namespace podo::client
