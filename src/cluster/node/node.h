// Node: this machine as a node of a cluster. It says so (Node, Lease, conditions), takes the pods that are
// bound to it (and static ones of a folder), makes them true with the engine, and says what became of them.
// It knows the API through a client alone: the same code serves in the API server's process and in one of its
// own (`podo agent`).
//
//   auto node = co_await Node::open(ground, options);
//   co_await node->run();               // until it is cancelled: no container is touched by that
//
// A worker for each pod: observe (engine, probes) -> plan (pure, cluster/pod) -> perform -> status.
// Containers go on without it; after a restart it finds them by their labels. Lives on the loop.
#pragma once

#include <memory>
#include <string>

#include "base/core/log.h"
#include "base/core/random.h"
#include "base/http/client.h"
#include "cluster/client/client.h"
#include "cluster/node/pod_traffic.h"
#include "cluster/node_api/pod_directory.h"
#include "container/engine/engine.h"
#include "container/registry_client/registry.h"

namespace podo::node {

using io::Task;

struct NodeGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  client::Client& client;  // as system:node:NAME
  engine::Engine& engine;
  engine::Events& events;
  image::Images& images;
  image::Registry& registry;
  network::Networks& networks;
  http::Client& probing;  // verifies no certificates
  Random& random;
  Clock& clock;
  Log& log;
  PodTraffic* traffic = nullptr;  // null: there are neither Services nor policies
};

struct NodeOptions {
  std::string name;
  std::string data_folder;                  // DATA/node: pods/, see cluster/volumes
  std::string static_pods_folder = {};      // "": none
  std::vector<std::string> pod_cidrs = {};  // of the pods' network, which is there (pod_network.h)
  std::string control_group = "podo";       // kubepods lies in it
  std::string cluster_dns = {}, cluster_domain = "cluster.local";  // dns "": pods get the machine's resolvers
  std::string address = {};  // of its API, and its own; "": that of the way out
  std::uint16_t api_port = 10250;
  std::string provider = {};
  int pods_max = 110;
  Duration lease_lasts = seconds(40), lease_renew = seconds(10), status_every = seconds(300);
};

class Node {
 public:
  static Task<std::unique_ptr<Node>> open(const NodeGround& ground, NodeOptions options);
  virtual ~Node() = default;
  virtual Task<void> run() = 0;
  virtual const node_api::PodDirectory& pods() const = 0;
  virtual Task<void> pods_known() = 0;      // while it runs: until pods() has what the API gave it
  virtual std::string metrics() const = 0;  // Prometheus text
};

}  // namespace podo::node
