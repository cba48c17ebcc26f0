#include "base/dns/resolver.h"
#include "base/io/combine.h"
#include "base/linux/namespaces.h"
#include "container/network/machine_networks.h"

// A container's resolv.conf, and its own server. On user-defined networks that server knows the other
// containers; on the default bridge a container asks the host's servers itself, unless those are on the
// host's loopback, where it cannot reach them: then its own server asks them for it.

namespace podo::network {
namespace {

std::string joined(std::string_view keyword, const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += " " + word;
  return line.empty() ? line : text("{}{}\n", keyword, line);
}

}  // namespace

bool MachineNetworks::is_user_defined(std::string_view network_id) const {
  const auto network = networks_.find(network_id);
  if (network == networks_.end()) return false;
  const NetworkRecord& record = network->second->record;
  return record.name != "bridge" && (record.driver == "bridge" || record.driver == "macvlan");
}

std::vector<NameSource::Place> MachineNetworks::places_of(std::string_view container_id) const {
  std::vector<Place> places;
  const auto sandbox = sandboxes_.find(container_id);
  if (sandbox == sandboxes_.end()) return places;
  for (const auto& endpoint : sandbox->second->endpoints) {
    const auto network = networks_.find(endpoint->network_id);
    if (network != networks_.end() && is_user_defined(endpoint->network_id))
      places.push_back({endpoint.get(), &network->second->names, network->second->record.internal});
    else places.push_back({endpoint.get(), &no_names_, false});
  }
  return places;
}

std::vector<dns::Upstream> MachineNetworks::upstreams_of(std::string_view container_id) const {
  std::vector<dns::Upstream> upstreams;
  const auto sandbox = sandboxes_.find(container_id);
  if (sandbox != sandboxes_.end())
    for (const std::string& server : sandbox->second->dns_servers)
      if (const auto address = IpAddress::parse(server)) upstreams.push_back({*address});
  if (!upstreams.empty()) return upstreams;
  return dns::upstreams_of(dns::ResolvConf::parse(dns::read_configuration(options_.resolv_conf)));
}

void MachineNetworks::serve_dns(const std::string& container_id, DnsSockets sockets) {
  const auto found = sandboxes_.find(container_id);
  if (found == sandboxes_.end() || !sockets.udp) return;
  SandboxState& sandbox = *found->second;
  sandbox.dns.reset();
  sandbox.dns_zone = std::make_unique<SandboxZone>(*this, container_id, dns_exchange_);
  sandbox.dns = std::make_unique<dns::Server>(ground_.loop, std::move(sockets.udp), std::move(sockets.tcp),
                                              *sandbox.dns_zone);
}

Task<void> MachineNetworks::open_dns(std::string container_id) {
  const auto found = sandboxes_.find(container_id);
  if (found == sandboxes_.end() || found->second->dns || found->second->network_namespace == nullptr)
    co_return;
  const NamespacePtr inside = found->second->network_namespace;
  DnsSockets sockets = co_await ground_.pool.run([inside]() -> Result<DnsSockets> {
    const auto visit = TRY(linux::NetworkNamespaceVisit::enter(*inside));
    return open_dns_sockets(Namespace::used);
  });
  serve_dns(container_id, std::move(sockets));
}

Task<std::string> MachineNetworks::resolv_conf(std::string container_id, DnsSettings wished) {
  const auto host = dns::ResolvConf::parse(dns::read_configuration(options_.resolv_conf));
  const auto found = sandboxes_.find(container_id);
  SandboxState* sandbox = found == sandboxes_.end() ? nullptr : found->second.get();
  const bool isolated = sandbox != nullptr && sandbox->network_namespace != nullptr;
  bool user_defined = false, ipv6 = !isolated;
  if (sandbox != nullptr)
    for (const auto& endpoint : sandbox->endpoints) {
      user_defined = user_defined || is_user_defined(endpoint->network_id);
      ipv6 = ipv6 || !endpoint->ipv6.empty();
    }
  std::vector<std::string> servers = wished.servers;
  if (servers.empty())
    for (const IpAddress& server : host.servers)
      if (!isolated || (!server.is_loopback() && (ipv6 || server.is_v4())))
        servers.push_back(server.to_text());
  const bool embedded = user_defined || (isolated && servers.empty() && !sandbox->endpoints.empty());
  std::vector<std::string> search = wished.search.empty() ? host.search : wished.search;
  std::erase(search, ".");
  std::vector<std::string> options = wished.options.empty() ? host.options : wished.options;
  if (embedded) {
    sandbox->dns_servers = wished.servers;
    if (!wished.servers.empty() || !user_defined)
      co_await io::shielded(remember(dns_keys + container_id, joined("", wished.servers)));
    co_await io::shielded(open_dns(container_id));
    servers = {embedded_dns_address};
    std::erase_if(options, [](const std::string& option) { return option.starts_with("ndots:"); });
    options.push_back("ndots:0");
    for (const std::string& option : wished.options)
      if (option.starts_with("ndots:")) options.back() = option;
  }
  std::string out;
  for (const std::string& server : servers) out += text("nameserver {}\n", server);
  co_return out + joined("search", search) + joined("options", options);
}

}  // namespace podo::network
