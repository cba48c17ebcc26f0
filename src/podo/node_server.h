// The API of a node (cluster/node_api) for the network: over TLS, with a certificate of the cluster's
// authority, for those who show one of it, too (node_api/guard.h).
//
//   NodeListening at = co_await listen_for_node(loop, "10.0.0.7:10250");     // before the Node says where
//   co_await serve_node_api(ground, client, at, api, options);              // until it is cancelled
//
// Connections wait until the certificate is there. Lives on the loop.
#pragma once

#include "base/http/server.h"
#include "base/io/blocking_pool.h"
#include "cluster/client/client.h"

namespace podo {

struct NodeListening {
  std::unique_ptr<io::SocketListener> listener;
  std::string address;  // where others reach it
  std::uint16_t port = 0;
};
// "ADDRESS:PORT"; of "" and of an address that stands for all, others reach `own_address`.
io::Task<NodeListening> listen_for_node(io::EpollLoop& loop, std::string place, std::string own_address);

struct NodeServerGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  client::Client& client;  // as the node
  Clock& clock;
  Log& log;
};

struct NodeServerOptions {
  std::string node;
  std::string folder;     // of its certificate
  std::string authority;  // PEM: who signs it, and its clients'
};

io::Task<void> serve_node_api(NodeServerGround ground, NodeListening& at, http::Handler& api,
                              NodeServerOptions options);

}  // namespace podo
