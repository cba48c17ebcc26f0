// The cluster's names: Services, the pods behind headless ones, pods by address, everything else by the
// machine's resolvers through a cache.
//
//   auto names = co_await ClusterDns::open(ground, options);   // mirrors are filling
//   names->serve(co_await open_dns_socket(bridge_address));    // answers from now on
//   co_await names->run();                                     // until it is cancelled
//
// open() returns when all names are known, or after options.patience without; until they are, questions for
// them are answered with a server failure, and clients ask again.
//
// Schema: Kubernetes DNS-based service discovery 1.1.0 (cluster_zone.h). A client on the search path
// (ndots:5) asks for NAME.NAMESPACE.svc.DOMAIN first: when there is no such name, the answer is what the rest
// of its search path would have found, in the same round trip (cluster_answers.h says when, and when not).
//
// Lives on one loop; sockets are the caller's to place.
#pragma once

#include <memory>

#include "base/core/log.h"
#include "base/core/random.h"
#include "base/dns/answer_cache.h"
#include "base/dns/server.h"
#include "cluster/client/client.h"

namespace podo::cluster_dns {

using io::Task;

struct DnsGround {
  io::EpollLoop& loop;
  client::Client& client;
  Random& random;
  Log& log;
};

struct DnsSocket {
  io::Fd udp, tcp;  // bound to one address; tcp listens
};

struct DnsOptions {
  std::string domain = "cluster.local";
  std::string resolv_conf = "/etc/resolv.conf";  // upstream servers and search; read anew when it changes
  std::vector<IpAddress> own = {};  // where it can be asked, cluster IPs too: never its own upstream
  dns::AnswerCacheLimits cache = {};
  Duration patience = seconds(5);
  std::uint16_t upstream_port = 53;
};

class ClusterDns {
 public:
  static Task<std::unique_ptr<ClusterDns>> open(const DnsGround& ground, DnsOptions options);
  virtual ~ClusterDns() = default;
  virtual void serve(DnsSocket socket) = 0;  // any number of addresses
  virtual Task<void> run() = 0;
  virtual bool ready() const = 0;           // all names are known
  virtual std::string metrics() const = 0;  // Prometheus text
};

// UDP and TCP of one address and port, in the namespace of the calling thread. The address need not be up
// yet.
Result<DnsSocket> open_dns_socket(const IpAddress& address, std::uint16_t port = 53);

}  // namespace podo::cluster_dns
