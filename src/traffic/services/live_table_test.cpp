#include "traffic/services/live_table.h"

#include "base/core/random.h"
#include "traffic/services/services_testing.h"

namespace podo::services {
namespace {

Service some_service(std::string name, SeededRandom& random) {
  Service service;
  service.name_space = "default";
  service.name = std::move(name);
  service.created = text("2026-01-0{}T00:00:00Z", random.below(3) + 1);
  service.cluster_ips = {*IpAddress::parse(text("10.96.0.{}", random.below(20) + 1))};
  if (random.below(3) == 0) service.external_ips = {*IpAddress::parse("198.51.100.1")};
  service.outside_local = random.below(2) == 0;
  if (random.below(4) == 0) service.health_port = static_cast<std::uint16_t>(31'000 + random.below(3));
  service.ports = {{.name = "a", .protocol = 6, .port = 80, .node_port = 0}};
  if (random.below(2) == 0)
    service.ports.push_back({.name = "b", .protocol = 17, .port = 81, .node_port = 30'001});
  return service;
}

Slice some_slice(std::string service, SeededRandom& random) {
  Slice slice{
      .service = std::move(service), .ports = {{.name = "a", .protocol = 6, .port = 8080}}, .endpoints = {}};
  for (std::uint64_t i = random.below(4); i > 0; --i)
    slice.endpoints.push_back({.address = *IpAddress::parse(text("10.0.0.{}", random.below(30) + 1)),
                               .node = text("n{}", random.below(2) + 1),
                               .for_zones = {},
                               .for_nodes = {},
                               .ready = random.below(3) != 0});
  return slice;
}

}  // namespace

TEST_CASE("after any changes the live table is that of everything there is") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    SeededRandom random(seed);
    LiveTable live("n1");
    std::map<std::string, Service> services;
    std::map<std::string, Slice> slices;
    for (int step = 0; step < 200; ++step) {
      const std::string service = text("s{}", random.below(8)), slice = text("e{}", random.below(12));
      switch (random.below(6)) {
        case 0:
          services.erase(service);
          live.set_service("default/" + service, std::nullopt);
          break;
        case 1:
          slices.erase(slice);
          live.set_slice("default/" + slice, std::nullopt);
          break;
        case 2:
          live.set_place({.node = "n1", .zone = "z1", .addresses = {*IpAddress::parse("10.0.0.1")}});
          break;
        case 3:
        case 4:
          slices[slice] = some_slice("default/" + service, random);
          live.set_slice("default/" + slice, slices[slice]);
          break;
        default:
          services[service] = some_service(service, random);
          live.set_service("default/" + service, services[service]);
      }
      if (random.below(3) != 0) continue;
      const ServiceTable before = live.table();
      const bool changed = live.refresh();
      std::vector<Service> all_services;
      std::vector<Slice> all_slices;
      for (const auto& [name, each] : services) all_services.push_back(each);
      for (const auto& [name, each] : slices) all_slices.push_back(each);
      REQUIRE(told(live.table()) == told(build_table(all_services, all_slices, live.place())));
      REQUIRE(changed == (before != live.table()));
    }
  }
}

TEST_CASE("an address is offered until all slices of its Services say that it ends") {
  LiveTable live("n1");
  const std::vector<IpAddress> pod = {*IpAddress::parse("10.0.0.1")};
  live.set_service("default/web", service_of(tree_of(service_json("web", R"("clusterIP":"10.96.0.1",
    "ports":[{"name":"http","port":80}])"))
                                                 .root()));
  const auto set = [&](std::string_view name, std::string_view endpoint) {
    live.set_slice(text("default/{}", name), slice_of(tree_of(slice_json(name, "web", {endpoint})).root()));
  };
  CHECK(live.services_with(pod).empty());
  set("a", "10.0.0.1 n1");
  set("b", "10.0.0.1 n1");
  CHECK(live.services_with(pod) == std::vector<std::string>{"default/web"});
  CHECK(live.offers({"default/web"}, pod));
  CHECK_FALSE(live.offers({"default/web"}, {*IpAddress::parse("10.0.0.2")}));
  set("a", "10.0.0.1 n1 ending serving");
  CHECK(live.offers({"default/web"}, pod));
  set("b", "10.0.0.1 n1 unready");
  CHECK_FALSE(live.offers({"default/web"}, pod));
}

TEST_CASE("health checks are those that Services ask for") {
  LiveTable live("n1");
  live.set_service("default/web", service_of(tree_of(service_json("web", R"("clusterIP":"10.96.0.1",
    "type":"LoadBalancer","externalTrafficPolicy":"Local","healthCheckNodePort":31000,
    "ports":[{"port":80}])"))
                                                 .root()));
  live.set_slice("default/a",
                 slice_of(tree_of(slice_json("a", "web", {"10.0.0.1 n1", "10.0.0.2 n2"})).root()));
  live.refresh();
  CHECK(live.health() == std::map<std::string, LiveTable::Health>{{"default/web", {31'000, 1}}});
  CHECK(live.nodes_with_ready("default/web") == std::set<std::string>{"n1", "n2"});
  live.set_service("default/web", std::nullopt);
  live.refresh();
  CHECK(live.health().empty());
}

}  // namespace podo::services
