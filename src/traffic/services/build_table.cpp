#include "traffic/services/build_table.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace podo::services {
namespace {

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

struct Candidate {
  const Endpoint* endpoint;
  std::uint16_t port;
  bool local;
  bool ready() const { return endpoint->ready; }
  bool ending() const { return !endpoint->ready && endpoint->serving && endpoint->terminating; }
  auto place() const { return std::tie(endpoint->address, port); }
  // Of an address that several slices have: the one that says the most for it.
  auto order() const {
    return std::tuple(place(), !local, !endpoint->ready, !endpoint->serving, endpoint->terminating);
  }
};

// Who may serve a port in one family, each once.
std::vector<Candidate> candidates(const ServicePort& port, bool v6, const std::vector<const Slice*>& slices,
                                  const Place& place) {
  std::vector<Candidate> all;
  for (const Slice* slice : slices)
    for (const SlicePort& target : slice->ports) {
      if (target.name != port.name || target.protocol != port.protocol) continue;
      for (const Endpoint& endpoint : slice->endpoints)
        if (endpoint.address.is_v6() == v6)
          all.push_back({&endpoint, target.port, !place.node.empty() && endpoint.node == place.node});
    }
  std::ranges::stable_sort(all, [](const Candidate& a, const Candidate& b) { return a.order() < b.order(); });
  const auto same = [](const Candidate& a, const Candidate& b) { return a.place() == b.place(); };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  return all;
}

// Hints count only when every ready endpoint has one, and one of them is for here.
enum class Nearness : std::uint8_t { any, zone, node };

Nearness nearness_of(const std::vector<Candidate>& all, const Place& place) {
  bool some = false, every_node = true, every_zone = true, this_node = false, this_zone = false;
  for (const Candidate& candidate : all) {
    if (!candidate.ready()) continue;
    const Endpoint& endpoint = *candidate.endpoint;
    some = true;
    every_node = every_node && !endpoint.for_nodes.empty();
    every_zone = every_zone && !endpoint.for_zones.empty();
    this_node = this_node || holds(endpoint.for_nodes, place.node);
    this_zone = this_zone || holds(endpoint.for_zones, place.zone);
  }
  if (some && every_node && this_node) return Nearness::node;
  return some && every_zone && this_zone ? Nearness::zone : Nearness::any;
}

bool is_near(const Endpoint& endpoint, Nearness nearness, const Place& place) {
  if (nearness == Nearness::node) return holds(endpoint.for_nodes, place.node);
  return nearness == Nearness::any || holds(endpoint.for_zones, place.zone);
}

struct Usable {
  std::vector<Backend> cluster, local;
};

Usable usable_of(const std::vector<Candidate>& all, const Place& place) {
  const Nearness nearness = nearness_of(all, place);
  const auto choose = [&](auto fits) {
    std::vector<Backend> chosen;
    for (const Candidate& candidate : all)
      if (fits(candidate))
        chosen.push_back(
            {candidate.endpoint->address, candidate.port,
             candidate.local ||
                 std::ranges::find(place.addresses, candidate.endpoint->address) != place.addresses.end()});
    return chosen;
  };
  Usable usable;
  usable.cluster =
      choose([&](const Candidate& c) { return c.ready() && is_near(*c.endpoint, nearness, place); });
  if (usable.cluster.empty()) usable.cluster = choose([](const Candidate& c) { return c.ending(); });
  usable.local = choose([](const Candidate& c) { return c.local && c.ready(); });
  if (usable.local.empty()) usable.local = choose([](const Candidate& c) { return c.local && c.ending(); });
  return usable;
}

// The fronts of one port in one family.
class PortFronts {
 public:
  PortFronts(const Service& service, const ServicePort& port, ServiceTable& to)
      : service_(service), port_(port), to_(to) {}

  void add_inside(const IpAddress& address, const Usable& usable) {
    Front front = named(Reach::inside);
    front.backends = service_.inside_local ? usable.local : usable.cluster;
    front.drops = front.backends.empty() && !usable.cluster.empty();
    add(address, port_.port, std::move(front));
  }

  // The nodes' own clients and pods may go anywhere, also when policy Local binds those from outside.
  void add_outside(const IpAddress& address, std::uint16_t number, const Usable& usable, bool guarded) {
    Front front = named(Reach::everywhere);
    front.backends = usable.cluster;
    front.splits = service_.outside_local;
    if (front.splits) front.backends_outside = usable.local;
    front.drops = front.splits && usable.local.empty() && !usable.cluster.empty();
    if (guarded)
      for (const IpPrefix& range : service_.sources)
        if (range.address.is_v6() == address.is_v6()) front.sources.push_back(range);
    add(address, number, std::move(front));
  }

 private:
  Front named(Reach reach) const {
    const std::string name = service_.key();
    return {.service = port_.name.empty() ? name : text("{}:{}", name, port_.name),
            .reach = reach,
            .affinity = service_.affinity};
  }
  void add(const IpAddress& address, std::uint16_t number, Front front) {
    to_.try_emplace({address, port_.protocol, number}, std::move(front));
  }

  const Service& service_;
  const ServicePort& port_;
  ServiceTable& to_;
};

IpAddress every_address(bool v6) { return IpAddress::from_bytes(std::string(v6 ? 16 : 4, '\0')); }

void add_port(const Service& service, const ServicePort& port, bool v6, const Usable& usable,
              ServiceTable& to) {
  PortFronts fronts(service, port, to);
  for (const IpAddress& ip : service.cluster_ips)
    if (ip.is_v6() == v6) fronts.add_inside(ip, usable);
  for (const IpAddress& ip : service.balanced_ips)
    if (ip.is_v6() == v6) fronts.add_outside(ip, port.port, usable, true);
  for (const IpAddress& ip : service.external_ips)
    if (ip.is_v6() == v6) fronts.add_outside(ip, port.port, usable, false);
  if (port.node_port != 0) fronts.add_outside(every_address(v6), port.node_port, usable, false);
}

}  // namespace

ServiceTable fronts_of(const Service& service, const std::vector<const Slice*>& slices, const Place& place) {
  ServiceTable fronts;
  for (const bool v6 : {false, true}) {
    if (std::ranges::none_of(service.cluster_ips, [&](const IpAddress& ip) { return ip.is_v6() == v6; }))
      continue;
    for (const ServicePort& port : service.ports)
      add_port(service, port, v6, usable_of(candidates(port, v6, slices, place), place), fronts);
  }
  return fronts;
}

Rank rank_of(const Service& service) { return {service.created, service.key()}; }

ServiceTable build_table(const std::vector<Service>& services, const std::vector<Slice>& slices,
                         const Place& place) {
  std::vector<const Service*> by_age;
  for (const Service& service : services) by_age.push_back(&service);
  std::ranges::sort(by_age, [](const Service* a, const Service* b) { return rank_of(*a) < rank_of(*b); });
  ServiceTable table;
  for (const Service* service : by_age) {
    std::vector<const Slice*> own;
    for (const Slice& slice : slices)
      if (slice.service == service->key()) own.push_back(&slice);
    table.merge(fronts_of(*service, own, place));  // what is there stays
  }
  return table;
}

std::size_t ready_here(const std::vector<const Slice*>& slices, const Place& place) {
  std::set<IpAddress> here[2];  // by family: a pod with both is one
  for (const Slice* slice : slices)
    for (const Endpoint& endpoint : slice->endpoints)
      if (endpoint.ready && endpoint.node == place.node)
        here[endpoint.address.is_v6() ? 1 : 0].insert(endpoint.address);
  return std::max(here[0].size(), here[1].size());
}

}  // namespace podo::services
