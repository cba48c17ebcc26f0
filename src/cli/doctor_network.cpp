// podo doctor: what the kernel and the host do with packets.
#include <stdlib.h>

#include "base/core/text.h"
#include "base/linux/links.h"
#include "base/linux/namespaces.h"
#include "base/linux/nftables.h"
#include "cli/console/units.h"
#include "cli/doctor.h"

namespace podo::cli {
namespace {

Result<> try_links() {
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  linux::LinkRequests requests;
  requests.add_bridge("doctor0", {0x02, 0, 0, 0, 0, 1}, 1500);
  requests.add_veth({.name = "doctor1", .peer = "doctor2"});
  return socket.send_all(requests.all());
}

Result<> try_table() {
  linux::NftBatch batch(NFPROTO_INET, "doctor");
  batch.add_table();
  batch.add_chain({.name = "to", .type = "nat", .hook = NF_INET_PRE_ROUTING, .priority = -100});
  batch.add_chain({.name = "through", .type = "filter", .hook = NF_INET_FORWARD});
  batch.add_set({.name = "fronts", .key_type = 1, .key_bytes = 4, .data_type = 1, .data_bytes = 4});
  return batch.commit();
}

Finding tried(std::string what, Result<> outcome, std::string good, std::string cure) {
  if (outcome) return {Health::good, std::move(what), std::move(good), ""};
  return {Health::bad, std::move(what), std::string(outcome.error().message()), std::move(cure)};
}

}  // namespace

Findings try_links_and_tables() {
  const auto visit = linux::NetworkNamespaceVisit::enter_new();
  if (!visit)
    return {{Health::note, "links and tables", std::string(visit.error().message()),
             "only root can try them: run this as root"}};
  return {
      tried("links", try_links(), "bridges and pairs can be made",
            "modprobe bridge veth, and name them in /etc/modules-load.d/podo.conf"),
      tried("packet filter", try_table(), "nftables can translate addresses",
            "modprobe nf_tables nft_chain_nat nft_nat nft_masq, or a kernel with CONFIG_NF_TABLES"),
  };
}

Finding check_firewalls(const std::string& own_prefix) {
  const auto chains = linux::list_base_chains();
  if (!chains)
    return {Health::note, "firewalls", std::string(chains.error().message()), "run this as root to look"};
  std::vector<std::string> dropping;
  for (const linux::NftBaseChain& chain : *chains)
    if (chain.drops && chain.hook == NF_INET_FORWARD && !chain.table.starts_with(own_prefix))
      dropping.push_back(text("{} {}", chain.table, chain.name));
  if (dropping.empty()) return {Health::good, "firewalls", "nobody else drops what is forwarded", ""};
  return {
      Health::note, "firewalls", text("{}: drops what no rule of its own lets through", join(dropping, ", ")),
      "packets of containers pass it, too. Let the bridges' ones through, e.g. iptables -I FORWARD -i podo+ "
      "-j ACCEPT and -o podo+ -j ACCEPT (dockerd: in DOCKER-USER)"};
}

Finding check_ipv6(const Host& host) {
  if (!host.has("/proc/sys/net/ipv6"))
    return {Health::note, "IPv6", "the kernel has none", "containers and Services have IPv4 addresses only"};
  if (host.number_in("/proc/sys/net/ipv6/conf/all/disable_ipv6") == 1)
    return {Health::note, "IPv6", "it is disabled", "sysctl net.ipv6.conf.all.disable_ipv6=0 enables it"};
  return {Health::good, "IPv6", "enabled", ""};
}

Finding check_resolvers(const Host& host) {
  std::vector<std::string> servers;
  for (const std::string& line : split(host.text_of("/etc/resolv.conf"), '\n'))
    if (line.starts_with("nameserver ")) servers.push_back(line.substr(11));
  if (servers.empty())
    return {Health::note, "resolvers", "/etc/resolv.conf names none",
            "containers find each other's names, but no others; registries cannot be found"};
  return {Health::good, "resolvers", join(servers, ", "), ""};
}

// Lines of /proc/net/tcp: "0: 0100007F:18EB 00000000:0000 0A ..."; 0A is listening.
Finding check_port(const Host& host, std::uint16_t port, bool ours) {
  bool taken = false;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    for (const std::string& line : split(host.text_of(path), '\n')) {
      std::vector<std::string> words;
      for (const std::string& word : split(line, ' '))
        if (!word.empty()) words.push_back(word);
      if (words.size() < 4 || words[3] != "0A") continue;
      std::string at = words[1].substr(words[1].find(':') + 1);
      taken |= ::strtoul(at.c_str(), nullptr, 16) == port;
    }
  }
  if (!taken) return {Health::good, text("port {}", port), "free for the Kubernetes API", ""};
  if (ours) return {Health::good, text("port {}", port), "the Kubernetes API is there", ""};
  return {Health::bad, text("port {}", port), "somebody else listens there",
          "podo serve --listen 127.0.0.1:PORT takes another; ss -tlnp tells who has it"};
}

}  // namespace podo::cli
