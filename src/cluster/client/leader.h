// One of several leads: who holds a Lease works, the others wait. Who cannot renew it in time stops before
// anybody else may begin, by its own clock alone: no clocks are compared.
//
//   co_await lead(client, clock, {.name = "podo-controllers", .identity = host + "_" + uid}, work);
//
// The Lease is renewed every `renew_every`; after `lasts` without a sign of its holder another one takes it.
// The holder gives up `lasts - margin` after its last success.
#pragma once

#include <functional>

#include "cluster/client/client.h"

namespace podo::client {

struct LeaderOptions {
  std::string name, identity;
  std::string name_space = "kube-system";
  Duration lasts = seconds(15), renew_every = seconds(2), margin = seconds(5);
};

// Runs `work` while this one leads, as often as it becomes the leader; ends when work() ends or fails by
// itself, or it is cancelled. The Lease is given back at the end.
Task<void> lead(Client& client, Clock& clock, LeaderOptions options, std::function<Task<void>()> work);

}  // namespace podo::client
