#include "cluster/service_addresses/service_addresses.h"

#include <doctest/doctest.h>

#include "model/kube/path.h"
#include "model/kube/schema.h"

namespace podo::apiserver {
namespace {

using Ranges = std::vector<std::string_view>;

struct World {
  explicit World(const Ranges& ranges = {"10.96.0.0/24"})
      : addresses(parsed(ranges), 30000, 30010, random,
                  *schema.find_resource("networking.k8s.io", "v1", "ipaddresses")) {}
  static std::vector<IpPrefix> parsed(const Ranges& texts) {
    std::vector<IpPrefix> ranges;
    for (const std::string_view range : texts) ranges.push_back(*IpPrefix::parse(range));
    return ranges;
  }
  schema::Schema schema = kube::parse_schema();
  SeededRandom random{1};
  ServiceAddresses addresses;
  kube::Errors errors;

  json::Tree service(std::string spec) {
    return *json::Tree::parse(R"({"metadata":{"name":"s","namespace":"n"},"spec":)" + spec + "}");
  }
  Reservation reserve(json::Tree& now, const json::Tree* old = nullptr) {
    return addresses.reserve(now.root(), old != nullptr ? &old->root() : nullptr, errors, {});
  }
  std::string error() { return errors.empty() ? "" : errors.list().front().text(); }
};

const Ranges two_ranges = {"10.96.0.0/24", "fd00:10:96::/112"};

// Policy, families and addresses, as JSON; or why not.
std::string stack_of(World& world, std::string spec, std::string before = "") {
  json::Tree service = world.service(spec);
  const json::Tree old = before.empty() ? json::Tree() : world.service(before);
  const Reservation reserved = world.reserve(service, before.empty() ? nullptr : &old);
  if (!world.errors.empty()) {
    const std::string error = world.error();
    world.errors = {};
    return error;
  }
  std::string out;
  for (const std::string_view field : {"ipFamilyPolicy", "ipFamilies", "clusterIPs"}) {
    if (!out.empty()) out += ' ';
    json::append_text(out, kube::part_at(service.root().member("spec"), field));
  }
  return out;
}

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

TEST_CASE("a Service has the families it asks for, and an address of each") {
  World world(two_ranges);
  CHECK(stack_of(world, R"({"clusterIPs":["10.96.0.7"]})") == R"("SingleStack" ["IPv4"] ["10.96.0.7"])");
  CHECK(stack_of(world, R"({"clusterIPs":["fd00:10:96::7"]})") ==
        R"("SingleStack" ["IPv6"] ["fd00:10:96::7"])");
  CHECK(stack_of(world, R"({"clusterIP":"None","selector":{"a":"b"}})") ==
        R"("SingleStack" ["IPv4"] ["None"])");
  CHECK(stack_of(world, R"({"clusterIP":"None"})") == R"("RequireDualStack" ["IPv4","IPv6"] ["None"])");
  for (const std::string_view policy : {"PreferDualStack", "RequireDualStack"}) {
    CHECK(stack_of(world, text(R"({{"ipFamilyPolicy":"{}","ipFamilies":["IPv6"],
          "clusterIPs":["fd00:10:96::7","10.96.0.7"]}})",
                               policy)) ==
          text(R"("{}" ["IPv6","IPv4"] ["fd00:10:96::7","10.96.0.7"])", policy));
    const std::string both = stack_of(world, text(R"({{"ipFamilyPolicy":"{}"}})", policy));
    CHECK(both.starts_with(text(R"("{}" ["IPv4","IPv6"] ["10.96.0.)", policy)));
    CHECK(both.contains("\",\"fd00:10:96::"));
  }
}

TEST_CASE("a cluster of one family gives what it has, or says why not") {
  World world;
  CHECK(stack_of(world, R"({"ipFamilyPolicy":"PreferDualStack","clusterIP":"10.96.0.7"})") ==
        R"("PreferDualStack" ["IPv4"] ["10.96.0.7"])");
  CHECK(stack_of(world, R"({"ipFamilyPolicy":"RequireDualStack"})") ==
        "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for "
        "dual-stack services");
  CHECK(stack_of(world, R"({"ipFamilies":["IPv6"]})") ==
        "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster");
  CHECK(stack_of(world, R"({"ipFamilies":["IPv4","IPv6"]})") ==
        "spec.ipFamilyPolicy: Invalid value: \"\": must be 'RequireDualStack' or 'PreferDualStack' when "
        "multiple IP families are specified");
}

TEST_CASE("a Service comes to two families, and goes back to one") {
  World world(two_ranges);
  const std::string one = R"({"ipFamilyPolicy":"SingleStack","ipFamilies":["IPv4"],"clusterIP":"10.96.0.7",
    "clusterIPs":["10.96.0.7"]})";
  const std::string two = R"({"ipFamilyPolicy":"PreferDualStack","ipFamilies":["IPv4","IPv6"],
    "clusterIP":"10.96.0.7","clusterIPs":["10.96.0.7","fd00:10:96::7"]})";
  world.addresses.learn(world.service(two).root());
  CHECK(stack_of(world, R"({"ipFamilyPolicy":"PreferDualStack","ipFamilies":["IPv4"],"clusterIP":"10.96.0.7",
    "clusterIPs":["10.96.0.7"]})",
                 one)
            .starts_with(R"("PreferDualStack" ["IPv4","IPv6"] ["10.96.0.7","fd00:10:96::)"));
  json::Tree back = world.service(R"({"ipFamilyPolicy":"SingleStack","ipFamilies":["IPv4","IPv6"],
    "clusterIP":"10.96.0.7","clusterIPs":["10.96.0.7","fd00:10:96::7"]})");
  const json::Tree before = world.service(two);
  world.reserve(back, &before).keep();
  CHECK(world.error() == "");
  CHECK(kube::size_at(back.root(), "spec.clusterIPs") == 1);
  CHECK(stack_of(world, R"({"clusterIPs":["fd00:10:96::7"]})") ==
        R"("SingleStack" ["IPv6"] ["fd00:10:96::7"])");  // it is free again
}

}  // namespace podo::apiserver
