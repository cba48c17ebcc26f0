// What the operations of one Registry share.
#pragma once

#include "container/registry_client/endpoint.h"
#include "container/registry_client/flights.h"
#include "container/registry_client/session.h"
#include "container/registry_client/tokens.h"

namespace podo::image {

struct RegistryShared {
  RegistryShared(const RegistryGround& the_ground, RegistryRules the_rules)
      : ground(the_ground), rules(std::move(the_rules)), tokens(ground) {}

  RegistryGround ground;
  RegistryRules rules;
  TokenService tokens;
  Flights flights;
  std::map<std::string, std::string> bases;  // of domains whose scheme was found out
};

struct Registry::State : RegistryShared {
  using RegistryShared::RegistryShared;
};

// An endpoint that is not settled answers GET /v2/ by https, or else by http.
Task<Endpoint> settle(RegistryShared& shared, Endpoint endpoint);

// The registry of a domain itself, without its mirrors, settled.
Task<Endpoint> own_endpoint(RegistryShared& shared, std::string domain);

// What one layer has to say: at most ten times a second, but for the last of a kind.
class LayerProgress {
 public:
  LayerProgress(Clock& clock, const ProgressSink& sink, std::string id)
      : clock_(clock), sink_(sink), id_(std::move(id)) {}
  void say(std::string status) { sink_({.id = id_, .status = std::move(status)}); }
  void say(std::string status, std::uint64_t current, std::uint64_t total);
  const std::string& id() const { return id_; }

 private:
  Clock& clock_;
  const ProgressSink& sink_;
  std::string id_;
  std::optional<Monotonic> said_;
};

// Fails with unavailable once nothing has moved for `limit`; never returns else. `moved`: when something
// last did.
Task<void> watch_for_stall(Clock& clock, const Monotonic& moved, Duration limit);
inline constexpr Duration stalled_after = seconds(30);

}  // namespace podo::image
