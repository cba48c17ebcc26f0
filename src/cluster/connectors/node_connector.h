// NodeConnector: how the API server reaches the API of a node (cluster/node_api). Two makers: LocalNodes,
// for a node of this process, and RemoteNodes, over TLS at the address and port of the Node's status.
// Whoever puts the program together chooses.
#pragma once

#include "base/format/json_tree.h"
#include "base/http/client.h"

namespace podo::apiserver {

class NodeConnector {
 public:
  virtual ~NodeConnector() = default;
  // `url` of the request is a target there ("/containerLogs/default/web/app?follow=true"). With an Upgrade
  // field the connection becomes the caller's when the node agrees. `node`: the Node object.
  virtual http::Task<http::Client::Upgraded> send(const json::Item& node, http::Request request) = 0;
};

}  // namespace podo::apiserver
