// One request to the node's API: what its handlers see. Private to this room.
#pragma once

#include "cluster/node_api/node_api.h"

namespace podo::node_api {

using io::Task;

// An answer that is not 200: text, as a kubelet's.
struct Refusal {
  int status;
  std::string text;
};

struct NodeCall {
  const NodeApiGround& ground;
  http::Exchange& exchange;
  std::string name_space, pod, container;  // of the path; container "": it names none

  engine::Engine& engine() const { return ground.engine; }
  const http::Query& query() const { return exchange.query(); }
  Task<void> answer(Refusal refusal) const;
};

Task<void> serve_logs(NodeCall& call);          // logs.cpp
Task<void> serve_exec(NodeCall& call);          // exec.cpp
Task<void> serve_attach(NodeCall& call);        // attach.cpp
Task<void> serve_port_forward(NodeCall& call);  // port_forward.cpp

// Where a process can be started, or watched.
Result<ContainerPlace> running_container(const NodeCall& call);

}  // namespace podo::node_api
