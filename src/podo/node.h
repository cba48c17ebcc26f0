// The node side of the daemon: this machine as a node of its own cluster, on the engine that docker's clients
// use, too.
#pragma once

#include "base/core/ip_address.h"
#include "base/http/system_connector.h"
#include "cluster/node/node.h"
#include "podo/cluster.h"

namespace podo {

struct NodeSideGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  engine::Engine& engine;
  engine::Events& events;
  image::Images& images;
  image::Registry& registry;
  network::Networks& networks;
  http::Client& probing;  // verifies no certificates
  http::SystemConnector::Resolve resolve;
  Random& random;
  Clock& clock;
  Log& log;
};

struct NodeSideOptions {
  std::string name;  // "": the machine's
  std::string data;  // the daemon's data folder: DATA/node is the node's
  std::string control_group;
  std::string static_pods_folder;  // "": none
  std::string prefix;              // of the daemon: of its tables of rules
  bool no_traffic = false;         // neither Services nor names nor policies: somebody else does that
  std::vector<IpPrefix> service_ranges = {};
  std::string cluster_domain = "cluster.local";
  std::string listen;  // where its API is served over TLS; "none"
};

// The machine's name as a node may be called: lower case.
std::string node_name_of_machine();

// Until it is cancelled. A node that cannot begin says so and tries again; the cluster goes on without it.
io::Task<void> serve_node(NodeSideGround ground, Cluster& cluster, NodeSideOptions options);
// The same, of a cluster elsewhere, over HTTPS.
io::Task<void> serve_node(NodeSideGround ground, std::string kubeconfig, NodeSideOptions options);

}  // namespace podo
