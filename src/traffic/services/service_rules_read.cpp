#include <algorithm>

#include "traffic/services/service_rules_read.h"

namespace podo::services {
namespace {

using linux::NetlinkSocket;
using linux::NftElement;

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  return bytes.size() < at + 4 ? 0 : linux::number_of(bytes.substr(at, 4));
}

constexpr std::size_t few_fronts = 64;

// The elements of one family's sets, those of node ports or the others, and what they are put together to.
class Reading {
 public:
  Reading(NetlinkSocket& socket, const std::string& table, bool v6, bool node_port)
      : socket_(socket), table_(table), v6_(v6), node_port_(node_port) {}

  Result<> read(ServiceTable& table) {
    for (const NftElement& element : TRY(elements(SetKind::here, false)))
      here_.insert(element.key.substr(0, address_bytes()));
    for (const NftElement& element : TRY(elements(SetKind::inside, node_port_)))
      if (const auto key = front_of(element.key, v6_, node_port_)) set_inside(table[*key], element);
    for (const NftElement& element : TRY(elements(SetKind::backend, node_port_))) add_backend(table, element);
    for (const NftElement& element : TRY(elements(SetKind::outside, node_port_)))
      if (const auto key = front_of(element.key, v6_, node_port_)) set_outside(table[*key], element);
    for (const NftElement& element : TRY(elements(SetKind::source, node_port_)))
      if (const auto key = front_of(element.key, v6_, node_port_))
        table[*key].sources.push_back(range_of(element));
    for (auto& [key, front] : table)
      for (auto* list : {&front.backends, &front.backends_outside}) std::ranges::sort(*list);
    return {};
  }

  // Fronts of datagrams with their backends, and nothing else: for the few that there are the kernel is asked
  // one by one, since to list a map costs it more than to make it.
  Result<> read_datagrams(ServiceTable& table) {
    std::vector<FrontKey> fronts;
    for (const NftElement& element : TRY(elements(SetKind::inside, node_port_)))
      if (const auto key = front_of(element.key, v6_, node_port_); key && key->protocol == IPPROTO_UDP)
        fronts.push_back(*key);
    for (const FrontKey& front : fronts) table[front];
    if (fronts.size() > few_fronts) {
      for (const NftElement& element : TRY(elements(SetKind::backend, node_port_)))
        if (const auto key = front_of(element.key, v6_, node_port_); key && key->protocol == IPPROTO_UDP)
          add_backend(table, element);
      return {};
    }
    for (const FrontKey& front : fronts)
      for (const std::uint32_t first : {0u, first_outside}) TRY(find_backends(table, front, first));
    return {};
  }

 private:
  Result<> find_backends(ServiceTable& table, const FrontKey& front, std::uint32_t first) {
    const std::string set = text_of(SetName{SetKind::backend, v6_, node_port_});
    for (std::uint32_t number = first;; ++number) {
      const auto element = linux::find_element(socket_, NFPROTO_INET, table_, set,
                                               front_key(front) + linux::nft_number_key(number));
      if (!element && element.error().kind() == ErrorKind::not_found) return {};
      if (!element) return Failure(element.error());
      add_backend(table, *element);
    }
  }

  std::size_t address_bytes() const { return v6_ ? 16 : 4; }

  Result<std::vector<NftElement>> elements(SetKind kind, bool node_port) {
    return linux::list_elements(socket_, NFPROTO_INET, table_, text_of(SetName{kind, v6_, node_port}));
  }

  static std::optional<WaySeen> way_in(const NftElement& element) {
    return way_of(element.verdict ? element.verdict->chain : "");
  }
  static bool drops(const NftElement& element) { return element.verdict && element.verdict->code == NF_DROP; }

  static void set_inside(Front& front, const NftElement& element) {
    front.drops = drops(element);
    if (const auto way = way_in(element)) front.affinity = seconds(way->affinity_s);
  }

  void add_backend(ServiceTable& table, const NftElement& element) {
    const auto key = front_of(element.key, v6_, node_port_);
    auto backend = endpoint_of(element.data, v6_);
    if (!key || !backend) return;
    backend->here = here_.contains(std::string(backend->address.bytes()));
    const bool is_outside = number_at(element.key, front_key_bytes(v6_, node_port_)) >= first_outside;
    Front& front = table[*key];
    (is_outside ? front.backends_outside : front.backends).push_back(*backend);
  }

  // After the backends: an outside that has nobody where the inside has somebody is one of its own.
  static void set_outside(Front& front, const NftElement& element) {
    front.reach = Reach::everywhere;
    if (const auto way = way_in(element)) {
      front.splits = way->outside;
      front.affinity = seconds(way->affinity_s);
      return;
    }
    front.splits = !front.backends.empty() || front.drops != drops(element);
    front.drops = drops(element);
  }

  IpPrefix range_of(const NftElement& element) const {
    const std::size_t at = front_key_bytes(v6_, node_port_);
    if (element.key.size() < at || element.key_last.size() < at) return {};
    IpPrefix prefix{IpAddress::from_bytes(std::string_view(element.key).substr(at)), 0};
    const IpAddress last = IpAddress::from_bytes(std::string_view(element.key_last).substr(at));
    while (prefix.length < prefix.address.bits() &&
           (prefix.first() != prefix.address || prefix.last() != last))
      ++prefix.length;
    return prefix;
  }

  NetlinkSocket& socket_;
  const std::string& table_;
  const bool v6_, node_port_;
  std::set<std::string> here_;
};

}  // namespace

Result<ServiceTable> read_rules(const std::string& table) {
  NetlinkSocket socket = TRY(NetlinkSocket::open(NETLINK_NETFILTER));
  return read_rules(socket, table);
}

Result<ServiceTable> read_rules(NetlinkSocket& socket, const std::string& table) {
  TRY(linux::find_table(socket, NFPROTO_INET, table));
  ServiceTable found;
  for (const bool v6 : {false, true})
    for (const bool node_port : {false, true}) TRY(Reading(socket, table, v6, node_port).read(found));
  return found;
}

FoundRules find_rules(NetlinkSocket& socket, const std::string& table) {
  FoundRules found;
  if (!linux::find_table(socket, NFPROTO_INET, table)) return found;
  for (const bool v6 : {false, true})
    for (const bool node_port : {false, true})
      if (!Reading(socket, table, v6, node_port).read_datagrams(found.table)) return {};  // of another make
  for (const bool v6 : {false, true}) {
    const SetName set{SetKind::stays, v6};
    auto clients = linux::list_elements(socket, NFPROTO_INET, table, text_of(set));
    if (!clients) continue;  // there is no such set before a front has affinity
    std::erase_if(*clients,
                  [&](const NftElement& client) { return client.key.size() != stays_key_bytes(v6); });
    found.stays[set] = *std::move(clients);
  }
  return found;
}

Result<std::vector<std::string>> find_rivals(NetlinkSocket& socket, const RulesOptions& own) {
  std::vector<std::string> rivals;
  const auto has_one_of_ours = [&](const NftElement& element, bool v6) {
    const auto front = front_of(element.key, v6, false);
    return front && std::ranges::any_of(own.cluster_ips, [&](const IpPrefix& range) {
             return range.contains(front->address);
           });
  };
  for (const linux::NftBaseChain& chain : TRY(linux::list_base_chains())) {
    const bool is_like_ours = chain.family == NFPROTO_INET && chain.name == untranslated_chain;
    if (!is_like_ours || chain.table == own.table) continue;
    for (const bool v6 : {false, true}) {
      const std::string set = text_of(SetName{SetKind::inside, v6});
      const auto fronts = linux::list_elements(socket, NFPROTO_INET, chain.table, set);
      if (!fronts) continue;  // of another make, or it has just gone
      const bool is_rival = std::ranges::any_of(
          *fronts, [&](const NftElement& element) { return has_one_of_ours(element, v6); });
      if (is_rival && !std::ranges::contains(rivals, chain.table)) rivals.push_back(chain.table);
    }
  }
  return rivals;
}

}  // namespace podo::services
