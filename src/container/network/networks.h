// Networks: bridges of this machine, who has which address on them, and which ports of the host lead there.
//
// Life of a container's connection (all idempotent, all undone by their opposite):
//   make_sandbox   a network namespace, pinned at RUN/netns/ID, taken from the pre-made ones
//   attach         an endpoint of one network in it: addresses, veth, routes, DNS records
//   publish        ports of the host to it
//   detach, remove_sandbox
// What lasts (networks, endpoints) is in the store; what the kernel forgot (a reboot) is made again by
// restore(). Everything this daemon makes in the kernel carries its prefix (bridge names, the nft table), so
// that several daemons live side by side. Drivers: bridge, host, none; macvlan and ipvlan where the kernel
// has them.
//
// Lives on the daemon's loop; netlink work goes to the pool. Errors: not_found, already_exists, conflict (in
// use), invalid, exhausted (no address left), each in words as Docker's clients expect them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/log.h"
#include "base/core/random.h"
#include "base/io/blocking_pool.h"
#include "base/io/epoll_loop.h"
#include "base/store/store.h"

namespace podo::network {

using io::Task;
using StringMap = std::map<std::string, std::string>;

struct IpamPool {
  std::string subnet, ip_range = {}, gateway = {};  // CIDR, CIDR, address; "" chosen
  StringMap auxiliary_addresses = {};
};

// Of a bridge network, "true": its containers are no neighbours. Each has an address of full length and
// reaches everything, the others too, by way of this host: all it sends passes the packet filter's hook
// forward. Who meets another one by a translated address is seen with its own.
inline constexpr auto routed_option = "podo.network.routed";
inline constexpr auto pods_network = "podo-pods";  // the node's own; no client may remove it

// What POST /networks/create asks for, and what is kept.
struct NetworkRecord {
  std::string id = {}, name = {}, driver = "bridge", scope = "local";
  std::string created = {};  // RFC 3339
  bool enable_ipv4 = true, enable_ipv6 = false, internal = false, attachable = false, ingress = false;
  std::string ipam_driver = "default";
  StringMap ipam_options = {};
  std::vector<IpamPool> pools = {};  // IPv4 first; complete once made
  bool pools_by_user = false;        // then endpoints may ask for addresses
  StringMap options = {}, labels = {};
  std::string bridge_name = {};  // of the kernel
};

struct EndpointWish {
  std::string container_id, container_name;
  std::vector<std::string> aliases =
      {};  // DNS names in this network besides the container's name and short id
  std::string ipv4 = {}, ipv6 = {}, mac = {};  // "" chosen
  std::vector<std::string> links = {};         // "container:alias"
  std::int64_t gateway_priority = 0;
  StringMap driver_options = {};
};

struct Endpoint {
  std::string id = {}, network_id = {}, network_name = {}, sandbox_id = {}, interface = {};  // "eth0"
  std::string mac = {}, ipv4 = {}, ipv6 = {}, gateway4 = {}, gateway6 = {};                  // without prefix
  int prefix4 = 0, prefix6 = 0;
  EndpointWish wish = {};
};

struct PublishedPort {
  std::string protocol = "tcp";  // tcp, udp, sctp
  std::uint16_t container_port = 0;
  std::string host_ip = {};  // "" all of both families: answered as two, 0.0.0.0 and ::
  std::uint16_t host_port_first = 0, host_port_last = 0;  // a range to choose from; 0: an ephemeral one
  std::uint16_t host_port = 0;                            // the one it got
};

// What a container's resolv.conf says.
struct DnsSettings {
  std::vector<std::string> servers, search, options;
};

struct Sandbox {
  std::string id;    // of the container
  std::string path;  // RUN/netns/ID
};

struct NetworksGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  store::Store& store;  // keys below "network/"
  Random& random;
  Clock& clock;
  Log& log;
};

struct NetworksOptions {
  std::string run_folder = {};  // RUN
  std::string prefix = {};      // "podo": bridge podo0, nft table podo; another daemon: "podo-3f2a"
  bool enable_ip_forward = true;
  std::vector<std::string> default_pools = {};  // CIDRs that subnets are cut from; empty: built-in
  unsigned sandboxes_made_ahead = 4;
  std::string resolv_conf = "/etc/resolv.conf";  // of the host
};

class Networks {
 public:
  // Reads the store, makes the default networks (bridge, host, none) when they are missing, makes the kernel
  // agree.
  static Task<std::unique_ptr<Networks>> open(const NetworksGround& ground, NetworksOptions options);
  virtual ~Networks() = default;

  virtual Task<NetworkRecord> create(NetworkRecord wanted) = 0;
  virtual Task<void> remove(std::string id) = 0;  // conflict while it has endpoints
  virtual const NetworkRecord* find(
      std::string_view name_or_id) const = 0;  // id, name, unique prefix of an id
  virtual std::vector<const NetworkRecord*> list() const = 0;
  virtual std::vector<const Endpoint*> endpoints_of_network(std::string_view id) const = 0;
  virtual std::vector<const Endpoint*> endpoints_of_container(std::string_view id) const = 0;

  virtual Task<Sandbox> make_sandbox(std::string container_id) = 0;
  virtual Task<void> remove_sandbox(std::string container_id) = 0;  // with endpoints and ports; fine if gone
  virtual Task<Endpoint> attach(std::string network_id, EndpointWish wish) = 0;
  virtual Task<void> detach(std::string network_id, std::string container_id) = 0;
  virtual Task<void> rename_container(std::string container_id, std::string name) = 0;

  // Chosen host ports are filled in. "driver failed programming external connectivity...: Bind for 0.0.0.0:80
  // failed: port is already allocated" (already_exists).
  virtual Task<std::vector<PublishedPort>> publish(std::string container_id,
                                                   std::vector<PublishedPort> ports) = 0;
  virtual Task<void> unpublish(std::string container_id) = 0;

  // The text of a container's resolv.conf: on a user-defined network the embedded server 127.0.0.11 (which
  // forwards to `wished.servers` or the host's), on the default bridge the host's servers.
  virtual Task<std::string> resolv_conf(std::string container_id, DnsSettings wished) = 0;

  struct Counters {  // of one interface, from inside the sandbox
    std::string interface;
    std::uint64_t rx_bytes = 0, rx_packets = 0, rx_errors = 0, rx_dropped = 0;
    std::uint64_t tx_bytes = 0, tx_packets = 0, tx_errors = 0, tx_dropped = 0;
  };
  virtual Task<std::vector<Counters>> counters(std::string container_id) = 0;

  // After a restart of the daemon: those that still run keep sandbox, endpoints, ports and DNS; everything
  // else this daemon's earlier life left in the kernel is removed.
  virtual Task<void> restore(std::vector<std::string> running_containers) = 0;

  virtual Task<void> close(bool remove_from_kernel) = 0;  // true: nothing runs, take bridges and table away
};

}  // namespace podo::network
