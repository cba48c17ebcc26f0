// The maker of Networks on this machine: what it remembers between calls. A file per verb: open.cpp,
// create.cpp, attach.cpp, publish.cpp, restore.cpp, query.cpp.
//
// Every check-then-act on this state is one step without an await; kernel work takes copies ("plans") to the
// pool. A call that fails undoes what it changed here.
#pragma once

#include <map>
#include <mutex>

#include "container/network/endpoint_links.h"
#include "container/network/firewall.h"
#include "container/network/ipam.h"
#include "container/network/names.h"
#include "container/network/networks.h"
#include "container/network/ports.h"
#include "container/network/sandbox_dns.h"
#include "container/network/sandbox_zone.h"
#include "container/network/sandboxes.h"

namespace podo::network {

inline constexpr auto icc_option = "com.docker.network.bridge.enable_icc";

struct NetworkState {
  NetworkRecord record;
  bool ready = false;      // made in the kernel; before that only its name and subnets are taken
  std::uint32_t link = 0;  // index of the bridge, or of macvlan's parent
  std::uint32_t mtu = 0;
  std::optional<AddressPool> addresses4, addresses6;
  NetworkNames names;

  const std::string* option(const char* name) const;
  bool option_is(const char* name, bool otherwise) const;
  bool is_routed() const { return option_is(routed_option, false); }
  bool keeps_apart() const { return is_routed() || !option_is(icc_option, true); }
};

struct PortClaim {
  PublishedPort port;
  HostPort host;
  io::Fd held;  // SCTP; those of the others are the relay's
  std::unique_ptr<PortRelay> relay;
};

struct SandboxState {
  std::string id, path;
  NamespacePtr network_namespace;
  std::vector<std::unique_ptr<Endpoint>> endpoints;
  std::vector<PortClaim> claims;
  std::vector<Translation> translations;  // as the table has them
  bool restored = false;                  // an earlier daemon made it
  bool serves_dns = false;                // although it is on no user-defined network
  std::vector<std::string> dns_servers;   // those the container wished for
  std::unique_ptr<SandboxZone> dns_zone;
  std::unique_ptr<dns::Server> dns;
};

// One socket for all changes of the table: closing one makes the kernel wait for everything it has yet to
// free.
struct FilterSocket {
  explicit FilterSocket(linux::NetlinkSocket opened) : socket(std::move(opened)) {}
  std::mutex mutex;  // jobs of the pool take turns
  linux::NetlinkSocket socket;
};

class MachineNetworks final : public Networks, public NameSource {
 public:
  MachineNetworks(const NetworksGround& ground, NetworksOptions options);
  Task<void> start();

  Task<NetworkRecord> create(NetworkRecord wanted) override;
  Task<void> remove(std::string id) override;
  const NetworkRecord* find(std::string_view name_or_id) const override;
  std::vector<const NetworkRecord*> list() const override;
  std::vector<const Endpoint*> endpoints_of_network(std::string_view id) const override;
  std::vector<const Endpoint*> endpoints_of_container(std::string_view id) const override;
  Task<Sandbox> make_sandbox(std::string container_id) override;
  Task<void> remove_sandbox(std::string container_id) override;
  Task<Endpoint> attach(std::string network_id, EndpointWish wish) override;
  Task<void> detach(std::string network_id, std::string container_id) override;
  Task<void> rename_container(std::string container_id, std::string name) override;
  Task<std::vector<PublishedPort>> publish(std::string container_id,
                                           std::vector<PublishedPort> ports) override;
  Task<void> unpublish(std::string container_id) override;
  Task<std::string> resolv_conf(std::string container_id, DnsSettings wished) override;
  Task<std::vector<Counters>> counters(std::string container_id) override;
  Task<void> restore(std::vector<std::string> running_containers) override;
  Task<void> close(bool remove_from_kernel) override;

 private:
  // open.cpp
  Task<void> load();
  void load_entry(const store::Entry& entry);
  void take_recorded_addresses();
  Task<void> make_default_networks();
  Task<void> raise_networks();
  Task<void> raise(NetworkState& network);
  Task<std::uint32_t> raise_parent(const NetworkState& network);
  Task<void> allow_forwarding();
  Task<void> warn_about_policies();

  // create.cpp
  Result<NetworkState*> enlist(NetworkRecord wanted);
  std::vector<IpPrefix> taken_subnets() const;
  Task<void> remember(std::string key, std::string value);
  Task<void> forget(std::string prefix);
  Task<void> forget_container(const std::string& container_id);
  Task<void> lower(BridgePlan bridge);
  NetworkState* find_state(std::string_view name_or_id) const;

  // attach.cpp
  struct Enlisted {
    NetworkState* network;
    SandboxState* sandbox;
    const Endpoint* endpoint;
  };
  Result<Enlisted> enlist_wish(const std::string& network_id, const EndpointWish& wish);
  Task<Enlisted> enlist_patiently(std::string network_id, EndpointWish wish);
  void index_names(const Endpoint& endpoint, bool known);
  Result<Endpoint*> enlist_endpoint(NetworkState& network, SandboxState& sandbox, EndpointWish wish);
  Result<> choose_addresses(NetworkState& network, Endpoint& endpoint);
  void give_back_addresses(const Endpoint& endpoint);
  void drop_endpoint(const std::string& container_id, const std::string& endpoint_id);
  EndpointPlan plan_of(const NetworkState& network, const SandboxState& sandbox, const Endpoint& endpoint);
  const Endpoint* gateway_of(const SandboxState& sandbox, bool ipv6) const;
  std::vector<linux::RouteWish> default_routes(const SandboxState& sandbox) const;
  Task<void> end_sandbox(std::shared_ptr<SandboxState> sandbox, std::vector<Translation> translations);
  Task<void> end_links();
  std::string alias_of(std::string_view id) const;

  // publish.cpp
  Result<std::vector<PortClaim>> claim(const SandboxState& sandbox, const PublishedPort& wanted);
  Result<std::vector<PortClaim>> claim_at(const SandboxState& sandbox, PublishedPort port,
                                          const std::vector<IpAddress>& addresses);
  bool is_claimed(const HostPort& port) const;
  PortRelay::Target target_of(std::string container_id, std::uint16_t port);
  std::optional<Translation> translation_of(const SandboxState& sandbox, const PublishedPort& port) const;
  std::vector<Translation> translations_of(const SandboxState& sandbox) const;
  Task<void> translate(std::string container_id);
  Task<void> change_translations(std::vector<Translation> removed, std::vector<Translation> added);

  // firewall_state.cpp
  std::vector<FirewallNetwork> firewall_networks_now() const;
  std::vector<Translation> translations_now() const;
  Task<void> rebuild_table();
  Task<void> rebuild_networks();
  Task<void> commit(linux::NftBatch batch);

  // resolv_conf.cpp
  bool is_user_defined(std::string_view network_id) const;
  std::vector<Place> places_of(std::string_view container_id) const override;
  std::vector<dns::Upstream> upstreams_of(std::string_view container_id) const override;
  void serve_dns(const std::string& container_id, DnsSockets sockets);
  Task<void> open_dns(std::string container_id);

  // restore.cpp
  Task<void> forget_sandbox(std::string container_id);
  Task<void> restore_sandbox(std::string container_id);
  Task<void> agree_with_bridge_filter();
  Task<void> change_routed_ports();

  NetworksGround ground_;
  NetworksOptions options_;
  HostFacts host_;
  dns::Exchange dns_exchange_;
  const NetworkNames no_names_;
  std::vector<SubnetSource> subnet_sources_;
  std::map<std::string, std::unique_ptr<NetworkState>, std::less<>> networks_;   // by id
  std::map<std::string, std::unique_ptr<SandboxState>, std::less<>> sandboxes_;  // by container
  std::map<std::string, std::vector<PublishedPort>> recorded_ports_;             // until restore()
  unsigned next_ephemeral_ = 0;
  std::vector<std::shared_ptr<SandboxState>> ending_;
  bool ending_links_ = false;
  io::Condition links_ended_{"links of other sandboxes to be removed"};
  std::shared_ptr<FilterSocket> filter_;
  std::optional<SandboxStock> stock_;
  io::TaskGroup endings_;  // what goes on after its call has returned
};

std::string new_id(Random& random);  // 64 hex digits
std::string host_link_of(const Endpoint& endpoint);

inline constexpr auto network_keys = "network/record/", endpoint_keys = "network/endpoint/",
                      port_keys = "network/ports/", dns_keys = "network/dns/";

}  // namespace podo::network
