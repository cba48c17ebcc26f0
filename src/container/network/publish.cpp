#include <algorithm>

#include "base/io/combine.h"
#include "container/network/machine_networks.h"
#include "container/network/record_json.h"

namespace podo::network {
namespace {

std::string with_port(const HostPort& port) {
  const std::string address = port.address.to_text();
  return port.address.is_v6() ? text("[{}]:{}", address, port.port) : text("{}:{}", address, port.port);
}

bool overlap(const IpAddress& a, const IpAddress& b) {
  return a.is_v4() == b.is_v4() && (a == b || a.is_unspecified() || b.is_unspecified());
}

}  // namespace

bool MachineNetworks::is_claimed(const HostPort& port) const {
  for (const auto& [container, sandbox] : sandboxes_)
    for (const PortClaim& claim : sandbox->claims)
      if (claim.host.protocol == port.protocol && claim.host.port == port.port &&
          overlap(claim.host.address, port.address))
        return true;
  return false;
}

// Looked up when a connection comes: networks may have been connected and left meanwhile.
PortRelay::Target MachineNetworks::target_of(std::string container_id, std::uint16_t port) {
  return [this, container_id = std::move(container_id), port]() -> std::optional<io::Address> {
    const auto sandbox = sandboxes_.find(container_id);
    if (sandbox == sandboxes_.end()) return {};
    if (const Endpoint* endpoint = gateway_of(*sandbox->second, false); endpoint && !endpoint->ipv4.empty())
      return io::Address::tcp(endpoint->ipv4, port);
    if (const Endpoint* endpoint = gateway_of(*sandbox->second, true); endpoint && !endpoint->ipv6.empty())
      return io::Address::tcp(endpoint->ipv6, port);
    return {};
  };
}

// One port at all those addresses, or at none.
Result<std::vector<PortClaim>> MachineNetworks::claim_at(const SandboxState& sandbox, PublishedPort port,
                                                         const std::vector<IpAddress>& addresses) {
  std::vector<PortClaim> claims;
  for (const IpAddress& address : addresses) {
    const HostPort host{TRY(protocol_number(port.protocol)), address, port.host_port};
    if (is_claimed(host))
      return already_exists("Bind for {} failed: port is already allocated", with_port(host));
    auto held = hold_port(host);
    if (!held && addresses.size() > 1 && address.is_v6() && held.error().system_errno() != EADDRINUSE)
      continue;  // a host without IPv6
    if (!held)
      return fail(
          held.error().kind(),
          text("failed to bind host port {}/{}: {}", with_port(host), port.protocol,
               held.error().system_errno() == EADDRINUSE ? "address already in use" : held.error().message()),
          held.error().system_errno());
    PortClaim& claim = claims.emplace_back();
    claim.port = port;
    claim.port.host_ip = address.to_text();
    claim.port.host_port_first = claim.port.host_port_last = port.host_port;
    claim.host = host;
    if (port.protocol != "sctp")
      claim.relay = std::make_unique<PortRelay>(ground_.loop, *std::move(held), host,
                                                target_of(sandbox.id, port.container_port));
    else claim.held = *std::move(held);
  }
  return claims;
}

Result<std::vector<PortClaim>> MachineNetworks::claim(const SandboxState& sandbox,
                                                      const PublishedPort& wanted) {
  std::vector<IpAddress> addresses;
  if (!wanted.host_ip.empty()) {
    addresses.push_back(TRY(IpAddress::parse(wanted.host_ip)));
  } else {
    addresses.push_back(IpAddress::from_bytes(std::string(4, '\0')));
    addresses.push_back(IpAddress::from_bytes(std::string(16, '\0')));
  }
  const bool chosen = wanted.host_port_first != 0;
  const unsigned first = chosen ? wanted.host_port_first : host_.port_first;
  const unsigned last = chosen ? std::max(wanted.host_port_first, wanted.host_port_last) : host_.port_last;
  const unsigned count = last - first + 1;
  // Ephemeral ports go round, so that one just given back is not soon somebody else's.
  const unsigned start = chosen ? 0 : next_ephemeral_ % count;
  Result<std::vector<PortClaim>> outcome = exhausted("all ports are allocated");
  for (unsigned i = 0; i < count; ++i) {
    PublishedPort port = wanted;
    port.host_port = static_cast<std::uint16_t>(first + (start + i) % count);
    outcome = claim_at(sandbox, port, addresses);
    if (outcome && !chosen) next_ephemeral_ = start + i + 1;
    if (outcome) return outcome;
    const bool is_taken = outcome.error().kind() == ErrorKind::already_exists ||  // by a container of ours
                          outcome.error().system_errno() == EADDRINUSE;           // by a program of the host
    if (!is_taken) return outcome;
  }
  if (count > 1) return already_exists("all ports are allocated");
  return outcome;
}

Task<std::vector<PublishedPort>> MachineNetworks::publish(std::string container_id,
                                                          std::vector<PublishedPort> ports) {
  const auto found = sandboxes_.find(container_id);
  std::vector<PublishedPort> published;
  if (found == sandboxes_.end() || ports.empty()) co_return published;
  SandboxState& sandbox = *found->second;
  const Endpoint* endpoint = gateway_of(sandbox, false);
  if (endpoint == nullptr) endpoint = gateway_of(sandbox, true);
  if (endpoint == nullptr) co_return published;  // internal networks publish nothing
  if (const NetworkState* network = find_state(endpoint->network_id))
    if (const std::string* address = network->option("com.docker.network.bridge.host_binding_ipv4"))
      for (PublishedPort& port : ports)
        if (port.host_ip.empty() && *address != "0.0.0.0") port.host_ip = *address;
  const std::size_t before = sandbox.claims.size();
  for (const PublishedPort& port : ports) {
    auto claims = claim(sandbox, port);
    if (!claims) {
      sandbox.claims.resize(before);
      co_return fail(claims.error().kind(),
                     text("driver failed programming external connectivity on endpoint {} ({}): {}",
                          endpoint->wish.container_name, endpoint->id, claims.error().message()),
                     claims.error().system_errno());
    }
    for (PortClaim& claim : *claims) sandbox.claims.push_back(std::move(claim));
  }
  for (const PortClaim& claim : sandbox.claims) published.push_back(claim.port);
  auto translated = co_await io::shielded(translate(container_id)).result();
  if (translated)
    translated = co_await io::shielded(remember(port_keys + container_id, encode(published))).result();
  if (!translated) {
    (void)co_await io::shielded(unpublish(container_id)).result();
    co_return Failure(std::move(translated).error());
  }
  co_return published;
}

Task<void> MachineNetworks::unpublish(std::string container_id) {
  const auto found = sandboxes_.find(container_id);
  if (found == sandboxes_.end() || found->second->claims.empty()) co_return;
  found->second->claims.clear();
  co_await io::shielded(translate(container_id));
  co_await io::shielded(forget(port_keys + container_id));
}

// --- the table --------------------------------------------------------------------------------------------

std::optional<Translation> MachineNetworks::translation_of(const SandboxState& sandbox,
                                                           const PublishedPort& port) const {
  const auto protocol = protocol_number(port.protocol);
  const auto host = IpAddress::parse(port.host_ip);
  if (!protocol || !host) return {};
  const Endpoint* endpoint = gateway_of(sandbox, host->is_v6());
  if (endpoint == nullptr) return {};  // the other family's: relayed
  const auto target = IpAddress::parse(host->is_v6() ? endpoint->ipv6 : endpoint->ipv4);
  if (!target) return {};
  return Translation{*protocol, *host, port.host_port, *target, port.container_port};
}

std::vector<Translation> MachineNetworks::translations_of(const SandboxState& sandbox) const {
  std::vector<Translation> translations;
  const auto recorded = recorded_ports_.find(sandbox.id);  // after a restart, until they are claimed again
  if (recorded != recorded_ports_.end())
    for (const PublishedPort& port : recorded->second)
      if (const auto translation = translation_of(sandbox, port)) translations.push_back(*translation);
  for (const PortClaim& claim : sandbox.claims)
    if (const auto translation = translation_of(sandbox, claim.port)) translations.push_back(*translation);
  std::ranges::sort(translations);
  return translations;
}

// Makes the table agree with what the sandbox now has.
Task<void> MachineNetworks::translate(std::string container_id) {
  const auto found = sandboxes_.find(container_id);
  if (found == sandboxes_.end()) co_return;
  SandboxState& sandbox = *found->second;
  std::vector<Translation> wanted = translations_of(sandbox), added, removed;
  std::ranges::set_difference(wanted, sandbox.translations, std::back_inserter(added));
  std::ranges::set_difference(sandbox.translations, wanted, std::back_inserter(removed));
  std::vector<std::string> ports;
  for (const auto& endpoint : sandbox.endpoints) {
    const auto network = networks_.find(endpoint->network_id);
    const bool leads_here = std::ranges::any_of(added, [&](const Translation& translation) {
      const std::string target = translation.target.to_text();
      return target == endpoint->ipv4 || target == endpoint->ipv6;
    });
    if (leads_here && network != networks_.end() && network->second->record.driver == "bridge")
      ports.push_back(host_link_of(*endpoint));
  }
  sandbox.translations = std::move(wanted);
  if (!ports.empty()) co_await ground_.pool.run([ports] { return reflect_own_packets(ports); });
  co_await change_translations(std::move(removed), std::move(added));
}

}  // namespace podo::network
