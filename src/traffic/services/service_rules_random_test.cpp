// Random tables one after another: what the kernel has is the table, and nothing of those before.
#include <algorithm>

#include "base/core/random.h"
#include "base/linux/nftables.h"
#include "traffic/services/service_rules_testing.h"

namespace podo::services {
namespace {

class Tables {
 public:
  explicit Tables(std::uint64_t seed) : random_(seed) {}

  // Some fronts go, some come, some change.
  void change(ServiceTable& table) {
    for (std::uint64_t times = 1 + random_.below(8); times-- > 0;) {
      const FrontKey key = some_key();
      if (random_.below(3) == 0) table.erase(key);
      else table[key] = some_front(key);
    }
    if (random_.below(10) == 0) table.clear();
  }

 private:
  bool perhaps() { return random_.below(2) == 0; }

  FrontKey some_key() {
    static constexpr std::uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
    static constexpr const char* addresses[] = {"10.96.0.1", "10.96.0.2", "0.0.0.0", "fd00:96::1", "::"};
    return {*IpAddress::parse(addresses[random_.below(5)]), protocols[random_.below(3)],
            static_cast<std::uint16_t>(80 + random_.below(3))};
  }

  std::vector<Backend> some_backends(bool v6) {
    std::vector<Backend> backends;
    for (std::uint64_t n = 0; n < 12; ++n)
      if (random_.below(3) == 0)
        backends.push_back(backend(text("{}{}", v6 ? "fd00:244::" : "10.244.0.", n + 1),
                                   static_cast<std::uint16_t>(8080 + n % 2), n % 4 != 0));
    std::ranges::sort(backends);
    return backends;
  }

  Front some_front(const FrontKey& key) {
    const bool v6 = key.address.is_v6();
    Front front{.backends = some_backends(v6)};
    if (perhaps()) front.affinity = seconds(static_cast<std::int64_t>(60 * (1 + random_.below(2))));
    if (random_.below(4) == 0) front.backends.clear();
    front.drops = perhaps();
    if (!key.address.is_unspecified() && perhaps()) return front;
    front.reach = Reach::everywhere;
    if (perhaps()) {
      front.splits = true;
      front.backends_outside = some_backends(v6);
    }
    if (perhaps())
      for (const char* prefix : {"192.0.2.0/24", "192.0.2.128/25", "0.0.0.0/1", "2001:db8::/32", "::1/128"})
        if (perhaps()) front.sources.push_back(*IpPrefix::parse(prefix));
    return front;
  }

  SeededRandom random_;
};

// As much of a front as rules tell of it.
Front as_told(const FrontKey& key, Front front) {
  front.service.clear();
  const std::size_t outside = front.splits ? front.backends_outside.size() : front.backends.size();
  const bool nobody = front.backends.empty() && outside == 0;
  if (nobody) front.affinity = {};
  if (front.reach == Reach::inside) front.drops = front.drops && front.backends.empty();
  else front.drops = front.drops && outside == 0;
  if (nobody && !front.drops) front.splits = false;
  std::vector<IpPrefix> sources;
  std::ranges::sort(front.sources, {}, &IpPrefix::length);
  for (const IpPrefix& source : front.sources)
    if (outside != 0 && source.address.is_v6() == key.address.is_v6() &&
        std::ranges::none_of(sources, [&](const IpPrefix& wide) { return wide.contains(source.address); }))
      sources.push_back(source);
  front.sources = std::move(sources);
  return front;
}

ServiceTable as_told(const ServiceTable& table) {
  ServiceTable told;
  for (const auto& [key, front] : table) told[key] = as_told(key, front);
  return told;
}

ServiceTable sorted(ServiceTable table) {
  for (auto& [key, front] : table) std::ranges::sort(front.sources, {}, &IpPrefix::length);
  return table;
}

std::string told(const Front& front) {
  std::string words = text("reach {} splits {} drops {} affinity {} sources", static_cast<int>(front.reach),
                           front.splits, front.drops, front.affinity.ns);
  for (const IpPrefix& source : front.sources) words += " " + source.to_text();
  for (const auto* list : {&front.backends, &front.backends_outside}) {
    words += " ->";
    for (const Backend& one : *list)
      words += text(" {}:{}{}", one.address.to_text(), one.port, one.here ? "" : "~");
  }
  return words;
}

}  // namespace

TEST_CASE("whatever the table becomes, the kernel has it, and nothing else") {
  if (!can_run()) return;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    TestNode node;
    Tables tables(seed);
    ServiceTable table;
    for (int round = 0; round < 40; ++round) {
      CAPTURE(seed);
      CAPTURE(round);
      tables.change(table);
      if (round % 15 == 14) node.rules.reset();  // another daemon
      node.apply(table);
      const ServiceTable wanted = sorted(as_told(table)), live = sorted(node.live());
      for (const auto& [key, front] : wanted) {
        const auto found = live.find(key);
        REQUIRE_MESSAGE(found != live.end(), key.address.to_text());
        REQUIRE_MESSAGE(found->second == front, told(found->second), " instead of ", told(front));
      }
      REQUIRE(live.size() == wanted.size());
      REQUIRE_MESSAGE(node.log.lines.empty(), node.log.lines);
    }
    node.apply({});
    auto socket = *linux::NetlinkSocket::open(NETLINK_NETFILTER);
    for (const char* set : {"inside", "outside", "backend", "source", "node_inside", "node_outside",
                            "node_backend", "node_source", "here", "elsewhere"})
      for (const char family : {'4', '6'}) {
        const auto left =
            linux::list_elements(socket, NFPROTO_INET, "podotest-services", text("{}{}", set, family));
        CHECK((left ? left->empty() : left.error().kind() == ErrorKind::not_found));
      }
  }
}

}  // namespace podo::services
