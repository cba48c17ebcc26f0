// The cluster side of the daemon: the store of all Kubernetes objects, who may do what with them, and the API
// server over both, on an address of its own.
//
//   auto cluster = co_await Cluster::open({loop, disk, clock, random, log}, options);
//   co_await cluster->serve();          // until it is cancelled
//   co_await cluster->close();
//
// In the data folder: cluster/ (the store), cluster.keys (of what is sealed in it), pki/, kubeconfig; keys
// and kubeconfig only for their owner. Lives on the loop.
#pragma once

#include <memory>
#include <string>

#include "base/core/log.h"
#include "base/core/random.h"
#include "base/io/disk.h"
#include "base/io/epoll_loop.h"
#include "cluster/apiserver/api_server.h"
#include "cluster/connectors/local_nodes.h"
#include "podo/resident.h"

namespace podo {

struct ClusterGround {
  io::EpollLoop& loop;
  io::Disk& disk;
  Clock& clock;
  Random& random;
  Log& log;
};

struct ClusterOptions {
  std::string data;                       // the daemon's data folder
  std::string listen = "127.0.0.1:6443";  // "none": there is no cluster
  bool api_only = false;                  // without controllers and scheduler
  std::string node;                       // this machine's; "": it is none
  std::vector<IpPrefix> service_ranges = apiserver::default_service_ranges();
  std::string cluster_domain = "cluster.local";
  std::string token_file, audit_policy_file, audit_log_file;
};

class Cluster {
 public:
  // Listens first: an address that is taken is told before anything is made.
  static io::Task<std::unique_ptr<Cluster>> open(ClusterGround ground, ClusterOptions options);
  virtual ~Cluster() = default;
  virtual io::Task<void> serve() = 0;
  virtual io::Task<void> close() = 0;
  // A client for a part of the cluster in this process; while the cluster serves.
  virtual std::unique_ptr<Resident> resident(Identity who) = 0;
  // Where a node of this process serves its API, for what the API server passes on.
  virtual apiserver::LocalNodes& nodes() = 0;
};

// "10.96.0.0/16,fd00:10:96::/112": one range, or one of each family.
Result<std::vector<IpPrefix>> parse_service_ranges(std::string_view words);
// HOST:PORT; a port alone, or a host alone, is completed.
Result<std::string> complete_listen(std::string_view address);

}  // namespace podo
