// Guard: who may use a node's API, in front of it when it is served to a network.
//
//   no certificate, or one of another authority     401
//   of the group system:masters (the API server)    everything
//   any other                                       what `may` says: nodes/healthz, nodes/metrics, nodes/pods
//                                                   for these pages, and nodes/proxy for everything
//
// Lives on the loop; dies before what it guards.
#pragma once

#include <functional>

#include "base/core/clock.h"
#include "base/http/server.h"

namespace podo::node_api {

using http::Task;

// What a SubjectAccessReview is asked: may they VERB nodes/SUBRESOURCE?
struct Asked {
  std::string user;
  std::vector<std::string> groups;
  std::string verb, subresource;
};
using May = std::function<Task<bool>(Asked asked)>;

class Guard final : public http::Handler {
 public:
  Guard(http::Handler& behind, Clock& clock, May may)
      : behind_(behind), clock_(clock), may_(std::move(may)) {}
  Task<void> handle(http::Exchange& exchange) override;

 private:
  Task<bool> allows(const http::Exchange& exchange, const crypto::Subject& who);

  http::Handler& behind_;
  Clock& clock_;
  const May may_;
};

}  // namespace podo::node_api
