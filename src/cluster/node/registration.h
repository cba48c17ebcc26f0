// Registration: this machine's Node object and its Lease. The Lease is renewed every ten seconds and says
// that the node lives; the Node's status is written when it changes, and every five minutes (what is written
// there goes to a disk, Leases do not).
//
//   co_await registration.begin()      returns when the Node is there, with its status
//   co_await registration.run()        until it is cancelled
//
// Lives on the loop.
#pragma once

#include "cluster/client/events.h"
#include "cluster/node/node_object.h"

namespace podo::node {

struct RegistrationGround {
  client::Client& client;
  client::Events& events;
  image::Images& images;
  Clock& clock;
  Log& log;
};

class Registration {
 public:
  Registration(const RegistrationGround& ground, const NodeOptions& options, const Machine& machine);
  Task<void> begin();
  Task<void> run();
  const json::Item& node() const { return node_.root(); }

 private:
  Task<void> make_node();
  Task<void> write_status();
  Task<void> write_status_if_due();
  Task<void> renew();
  Task<void> try_to(std::string_view what, Task<void> step);
  json::Tree new_lease() const;
  void say(std::string_view reason, std::string message);

  const RegistrationGround ground_;
  const NodeOptions& options_;
  const Machine& machine_;
  const client::Where node_place_, lease_place_;
  json::Tree node_;    // as the API has it
  json::Tree status_;  // as it was told last
  json::Tree lease_;   // null: not known
  Monotonic told_at_ = {};
};

}  // namespace podo::node
