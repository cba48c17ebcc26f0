// NodeApi: what only the node of a pod can do, over HTTP as kubelets serve it; the API server passes on what
// kubectl asks it (cluster/connectors/node_connector.h).
//
//   GET  /containerLogs/NAMESPACE/POD/CONTAINER     follow, previous, tailLines, sinceSeconds, sinceTime,
//                                                   timestamps, limitBytes, stream
//   GET, POST /exec/NAMESPACE/POD/CONTAINER         SPDY/3.1 (v4.channel.k8s.io and older) and WebSocket
//   GET, POST /attach/NAMESPACE/POD/CONTAINER       (v5.channel.k8s.io, v4, base64 ones)
//   GET, POST /portForward/NAMESPACE/POD            SPDY portforward.k8s.io, WebSocket (v4.channel.k8s.io and
//                                                   SPDY/3.1+portforward.k8s.io)
//   GET  /pods, /healthz, /metrics
//
// Who may: the Guard in front decides (guard.h). Lives on the loop; outlives no Exchange.
#pragma once

#include <functional>
#include <memory>

#include "base/core/log.h"
#include "base/http/server.h"
#include "cluster/node_api/pod_directory.h"
#include "container/engine/engine.h"

namespace podo::node_api {

struct NodeApiGround {
  io::EpollLoop& loop;
  engine::Engine& engine;
  const PodDirectory& pods;
  Clock& clock;
  Log& log;
  std::function<std::string()> metrics;  // Prometheus text of the node
};

std::unique_ptr<http::Handler> make_node_api(const NodeApiGround& ground);

}  // namespace podo::node_api
