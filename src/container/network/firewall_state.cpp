#include <algorithm>

#include "base/linux/namespaces.h"
#include "base/linux/netlink_conntrack.h"
#include "container/network/machine_networks.h"
#include "container/network/plan_network.h"

namespace podo::network {

std::vector<FirewallNetwork> MachineNetworks::firewall_networks_now() const {
  std::vector<FirewallNetwork> all;
  for (const auto& [id, network] : networks_) {
    const NetworkRecord& record = network->record;
    if (!network->ready || record.driver != "bridge") continue;
    const auto subnet = [&](bool ipv6) {
      const IpamPool* pool = pool_of(record, ipv6);
      const auto prefix = pool == nullptr ? Result<IpPrefix>() : IpPrefix::parse(pool->subnet);
      return prefix ? *prefix : IpPrefix();
    };
    const auto address = [&](const char* option) {
      const std::string* value = network->option(option);
      const auto parsed = value == nullptr ? Result<IpAddress>() : IpAddress::parse(*value);
      return parsed ? *parsed : IpAddress();
    };
    const auto mode = [&](const char* option) {
      const std::string* value = network->option(option);
      return value == nullptr ? std::string() : *value;
    };
    const std::string gateway_mode = mode("com.docker.network.bridge.gateway_mode_ipv4");
    const bool masquerade = network->option_is("com.docker.network.bridge.enable_ip_masquerade", true);
    all.push_back({.bridge = record.bridge_name,
                   .subnet4 = subnet(false),
                   .subnet6 = subnet(true),
                   .speaks_as4 = address("com.docker.network.host_ipv4"),
                   .speaks_as6 = address("com.docker.network.host_ipv6"),
                   .internal = record.internal,
                   .talks_within = network->option_is(icc_option, true),
                   .masquerade = masquerade && gateway_mode != "routed",
                   .routed = gateway_mode == "routed" || gateway_mode == "nat-unprotected",
                   .through_host = network->is_routed()});
  }
  return all;
}

std::vector<Translation> MachineNetworks::translations_now() const {
  std::vector<Translation> all;
  for (const auto& [container, sandbox] : sandboxes_)
    all.insert(all.end(), sandbox->translations.begin(), sandbox->translations.end());
  return all;
}

Task<void> MachineNetworks::commit(linux::NftBatch batch) {
  co_await ground_.pool.run([filter = filter_, batch = std::move(batch)]() -> Result<void> {
    std::lock_guard turn(filter->mutex);
    return batch.commit(filter->socket);
  });
}

Task<void> MachineNetworks::rebuild_table() {
  co_await commit(firewall_table(options_.prefix, firewall_networks_now(), translations_now()));
}

Task<void> MachineNetworks::rebuild_networks() {
  auto changed = co_await commit(firewall_networks(options_.prefix, firewall_networks_now())).result();
  if (!changed && changed.error().kind() == ErrorKind::not_found) co_return co_await rebuild_table();
  co_await std::move(changed);
}

namespace {

// A client that keeps sending would keep the translation it began with, or that it had none.
Result<> forget_flows(const std::vector<Translation>& removed, const std::vector<Translation>& added) {
  for (const Translation& translation : removed)
    if (translation.protocol == IPPROTO_UDP)
      TRY(linux::forget_flows_to(translation.protocol, translation.target));
  for (const Translation& translation : added)
    if (translation.protocol == IPPROTO_UDP)
      TRY(linux::forget_flows_to_port(translation.protocol,
                                      translation.target.is_v4() ? NFPROTO_IPV4 : NFPROTO_IPV6,
                                      translation.host_port));
  return {};
}

}  // namespace

// Somebody may have flushed the host's rules: then what is to be changed is not there, and all is made again.
Task<void> MachineNetworks::change_translations(std::vector<Translation> removed,
                                                std::vector<Translation> added) {
  if (removed.empty() && added.empty()) co_return;
  auto changed = co_await commit(firewall_translations(options_.prefix, removed, added)).result();
  if (!changed && changed.error().kind() == ErrorKind::not_found) {
    ground_.log.warn("the packet filter's table {} was changed by somebody else: it is made again",
                     options_.prefix);
    changed = co_await rebuild_table().result();
  }
  co_await std::move(changed);
  const auto is_udp = [](const Translation& translation) { return translation.protocol == IPPROTO_UDP; };
  if (!std::ranges::any_of(removed, is_udp) && !std::ranges::any_of(added, is_udp)) co_return;
  auto forgotten =
      co_await ground_.pool.run([removed, added] { return forget_flows(removed, added); }).result();
  if (!forgotten) ground_.log.warn("published UDP ports: {}", forgotten.error().message());
}

Task<void> MachineNetworks::warn_about_policies() {
  auto chains = co_await ground_.pool.run([] { return linux::list_base_chains(); }).result();
  if (!chains) co_return;
  for (const linux::NftBaseChain& chain : *chains)
    if (chain.hook == NF_INET_FORWARD && chain.drops && chain.family != NFPROTO_BRIDGE &&
        chain.family != NFPROTO_ARP)
      ground_.log.warn(
          "chain {} of table {} drops what it does not accept: published ports and containers' way "
          "to the world need rules there for {}0",
          chain.name, chain.table, options_.prefix);
}

namespace {

// A host that forwards does not believe routers' advertisements any more, unless it is told so by a 2: what
// it has by them it is to keep.
Result<> keep_advertised_routes() {
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  for (const linux::Link& link : TRY(linux::list_links(socket))) {
    const std::string setting = text("ipv6/conf/{}/accept_ra", link.name);
    if (const auto value = linux::read_net_sysctl(setting); value && *value == "1")
      (void)linux::write_net_sysctl(setting, "2");
  }
  return {};
}

}  // namespace

Task<void> MachineNetworks::allow_forwarding() {
  if (!options_.enable_ip_forward) co_return;
  bool ipv6 = false;
  for (const auto& [id, network] : networks_) ipv6 = ipv6 || network->addresses6.has_value();
  co_await ground_.pool.run([ipv6]() -> Result<void> {
    for (const char* name : {"ipv4/ip_forward", "ipv6/conf/all/forwarding"}) {
      if (name[3] == '6' && !ipv6) continue;
      if (TRY(linux::read_net_sysctl(name)) != "0") continue;
      if (name[3] == '6') TRY(keep_advertised_routes());
      TRY(linux::write_net_sysctl(name, "1"));
    }
    return {};
  });
}

}  // namespace podo::network
