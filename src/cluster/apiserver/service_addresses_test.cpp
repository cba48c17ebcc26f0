#include "cluster/apiserver/service_addresses.h"

#include <doctest/doctest.h>

#include "model/kube/path.h"
#include "model/kube/schema.h"

namespace podo::apiserver {
namespace {

struct World {
  schema::Schema schema = kube::parse_schema();
  SeededRandom random{1};
  ServiceAddresses addresses{*IpPrefix::parse("10.96.0.0/24"), 30000, 30010, random,
                             *schema.find_resource("networking.k8s.io", "v1", "ipaddresses")};
  kube::Errors errors;

  json::Tree service(std::string spec) {
    return *json::Tree::parse(R"({"metadata":{"name":"s","namespace":"n"},"spec":)" + spec + "}");
  }
  Reservation reserve(json::Tree& now, const json::Tree* old = nullptr) {
    return addresses.reserve(now.root(), old != nullptr ? &old->root() : nullptr, errors, {});
  }
  std::string error() { return errors.empty() ? "" : errors.list().front().text(); }
};

std::string_view ip_of(const json::Tree& service) { return kube::text_at(service.root(), "spec.clusterIP"); }
std::int64_t node_port_of(const json::Tree& service) {
  return kube::number_at(service.root(), "spec.ports[0].nodePort");
}

}  // namespace

TEST_CASE("a Service gets an address of the range, and an IPAddress object beside it") {
  World world;
  json::Tree service = world.service(R"({"type":"ClusterIP"})");
  Reservation reserved = world.reserve(service);
  CHECK(world.error() == "");
  CHECK(ip_of(service).starts_with("10.96.0."));
  CHECK(kube::text_at(service.root(), "spec.clusterIPs[0]") == ip_of(service));
  CHECK(kube::text_at(service.root(), "spec.ipFamilies[0]") == "IPv4");
  REQUIRE(reserved.alongside().then.size() == 1);
  CHECK(reserved.alongside().then[0].range.from ==
        "/networking.k8s.io/ipaddresses/" + std::string(ip_of(service)));
}

TEST_CASE("an address is there once; one that was not kept is free again") {
  World world;
  json::Tree service = world.service(R"({"clusterIP":"10.96.0.7"})");
  { Reservation dropped = world.reserve(service); }
  Reservation kept = world.reserve(service);
  CHECK(world.error() == "");
  kept.keep();
  json::Tree other = world.service(R"({"clusterIP":"10.96.0.7","clusterIPs":["10.96.0.7"]})");
  world.reserve(other);
  CHECK(world.error() ==
        "spec.clusterIPs: Invalid value: [\"10.96.0.7\"]: failed to allocate IP 10.96.0.7: provided IP is "
        "already "
        "allocated");
}

TEST_CASE("an address that is not in the range is refused") {
  World world;
  json::Tree service = world.service(R"({"clusterIP":"10.97.0.7","clusterIPs":["10.97.0.7"]})");
  world.reserve(service);
  CHECK(world.error().ends_with("is not in the valid range. The range of valid IPs is 10.96.0.0/24"));
}

TEST_CASE("headless and external Services need no address") {
  World world;
  json::Tree headless = world.service(R"({"clusterIP":"None"})");
  world.reserve(headless).keep();
  CHECK(kube::text_at(headless.root(), "spec.clusterIPs[0]") == "None");
  json::Tree external = world.service(R"({"type":"ExternalName","externalName":"x.example"})");
  world.reserve(external).keep();
  CHECK(ip_of(external) == "");
}

TEST_CASE("node ports are given, taken once, and bounded") {
  World world;
  json::Tree first = world.service(R"({"type":"NodePort","ports":[{"port":80}]})");
  world.reserve(first).keep();
  const std::int64_t port = node_port_of(first);
  CHECK((port >= 30000 && port <= 30010));
  json::Tree same =
      world.service(text(R"({{"type":"NodePort","ports":[{{"port":80,"nodePort":{}}}]}})", port));
  world.reserve(same);
  CHECK(world.error() ==
        text("spec.ports[0].nodePort: Invalid value: {}: provided port is already allocated", port));
  world.errors = {};
  json::Tree far = world.service(R"({"type":"NodePort","ports":[{"port":80,"nodePort":40000}]})");
  world.reserve(far);
  CHECK(world.error() ==
        "spec.ports[0].nodePort: Invalid value: 40000: provided port is not in the valid range. The range of "
        "valid "
        "ports is 30000-30010");
}

TEST_CASE("two protocols of one port share a node port") {
  World world;
  json::Tree service = world.service(
      R"({"type":"NodePort","ports":[{"port":53,"protocol":"UDP"},{"port":53,"protocol":"TCP"}]})");
  world.reserve(service).keep();
  CHECK(node_port_of(service) == kube::number_at(service.root(), "spec.ports[1].nodePort"));
}

TEST_CASE("a change of type lets go of what it needs no more") {
  World world;
  json::Tree before =
      world.service(R"({"type":"NodePort","clusterIP":"10.96.0.9","ports":[{"port":80,"nodePort":30001}]})");
  world.reserve(before).keep();
  json::Tree after = world.service(R"({"type":"ExternalName","externalName":"x.example"})");
  Reservation reserved = world.reserve(after, &before);
  REQUIRE(reserved.alongside().then.size() == 1);
  CHECK(reserved.alongside().then[0].kind == store::Operation::Kind::erase);
  reserved.keep();
  json::Tree again =
      world.service(R"({"type":"NodePort","clusterIP":"10.96.0.9","ports":[{"port":80,"nodePort":30001}]})");
  world.reserve(again).keep();
  CHECK(world.error() == "");
}

TEST_CASE("a range that is full says so") {
  World world;
  for (int i = 0; i < 254; ++i) {
    json::Tree service = world.service("{}");
    world.reserve(service).keep();
  }
  CHECK(world.error() == "");
  json::Tree one_more = world.service("{}");
  world.reserve(one_more);
  CHECK(world.error().contains("range is full"));
}

}  // namespace podo::apiserver
