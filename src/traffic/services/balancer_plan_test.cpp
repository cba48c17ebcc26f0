#include "traffic/services/balancer_plan.h"

#include "traffic/services/services_testing.h"

namespace podo::services {
namespace {

struct Case {
  void service(std::string_view name, std::string_view spec, std::string_view more = {}) {
    const json::Tree tree = tree_of(service_json(name, spec, more));
    if (auto made = balanced_of(tree.root())) services[text("default/{}", name)] = *std::move(made);
  }
  void node(std::string_view name, std::string_view addresses, bool is_ready = true) {
    const json::Tree tree = tree_of(text(R"({{"metadata":{{"name":"{}"}},"status":{{"addresses":[{}],
      "conditions":[{{"type":"Ready","status":"{}"}}]}}}})",
                                         name, addresses, is_ready ? "True" : "Unknown"));
    if (auto made = balancer_node_of(tree.root())) nodes[std::string(name)] = *std::move(made);
  }
  std::string plan() const {
    std::string all;
    for (const BalancerWish& wish :
         plan_balancer({services, nodes, reserved, [this](const std::string&) { return ready; }})) {
      all += wish.service;
      for (const std::string& address : wish.ingress) all += " " + address;
      all += wish.problem.empty() ? "\n" : text(" ({})\n", wish.problem);
    }
    return all;
  }
  std::map<std::string, BalancedService> services;
  std::map<std::string, BalancerNode> nodes;
  std::set<std::uint16_t> reserved;
  std::set<std::string> ready;
};

constexpr std::string_view n1 =
    R"({"type":"Hostname","address":"n1"},{"type":"InternalIP","address":"192.0.2.1"},
  {"type":"InternalIP","address":"2001:db8::1"})";
constexpr std::string_view n2 = R"({"type":"InternalIP","address":"192.0.2.2"})";
constexpr std::string_view lb = R"("type":"LoadBalancer","ipFamilies":["IPv4"],"ports":[{"port":80}])";

}  // namespace

TEST_CASE("a load balancer is at every node that is ready") {
  Case c;
  c.service("web", lb);
  CHECK(c.plan() == "default/web\n");
  c.node("n1", n1);
  c.node("n2", n2);
  CHECK(c.plan() == "default/web 192.0.2.1 192.0.2.2\n");
  c.node("n2", n2, false);
  CHECK(c.plan() == "default/web 192.0.2.1\n");
  c.node("n1", n1, false);
  CHECK(c.plan() == "default/web 192.0.2.1 192.0.2.2\n");
  c.service("web", R"("type":"LoadBalancer","ipFamilies":["IPv6","IPv4"],"ports":[{"port":80}])");
  CHECK(c.plan() == "default/web 2001:db8::1 192.0.2.1 192.0.2.2\n");
}

TEST_CASE("nodes that will not balance are left out") {
  CHECK_FALSE(balancer_node_of(tree_of(R"({"metadata":{"name":"n1","labels":{
    "node.kubernetes.io/exclude-from-external-load-balancers":""}}})")
                                   .root()));
  CHECK_FALSE(balancer_node_of(
      tree_of(R"({"metadata":{"name":"n1","deletionTimestamp":"2026-01-01T00:00:00Z"}})").root()));
}

TEST_CASE("policy Local: only nodes that have somebody, as long as there is one") {
  Case c;
  c.node("n1", n1);
  c.node("n2", n2);
  c.service("web", R"("type":"LoadBalancer","externalTrafficPolicy":"Local","ports":[{"port":80}])");
  CHECK(c.plan() == "default/web 192.0.2.1 192.0.2.2\n");
  c.ready = {"n2"};
  CHECK(c.plan() == "default/web 192.0.2.2\n");
}

TEST_CASE("a port has one Service: the older one; what waits for one port takes none") {
  Case c;
  c.node("n1", n1);
  c.service("a", lb);
  c.service("b", R"("type":"LoadBalancer","ports":[{"port":443},{"port":80}])");
  c.service("c", R"("type":"LoadBalancer","ports":[{"port":443}])");
  c.service("d", R"("type":"LoadBalancer","ports":[{"port":80,"protocol":"UDP"}])");
  c.service("e", R"("type":"LoadBalancer","ports":[{"port":6443}])");
  c.reserved = {6443};
  CHECK(c.plan() ==
        "default/a 192.0.2.1\n"
        "default/b (port 80/TCP is taken by default/a)\n"
        "default/c 192.0.2.1\n"
        "default/d 192.0.2.1\n"
        "default/e (port 6443/TCP is taken by the API server)\n");
  c.services.at("default/b").rank.created = "2025-01-01T00:00:00Z";
  CHECK(c.plan().starts_with("default/b 192.0.2.1\ndefault/a (port 80/TCP is taken by default/b)\n"));
}

TEST_CASE("what is no load balancer any more has no address; those of a class are somebody else's") {
  Case c;
  c.node("n1", n1);
  constexpr std::string_view ingress = R"("status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}})";
  c.service("was", R"("type":"ClusterIP","ports":[{"port":80}])", ingress);
  c.service("never", R"("type":"ClusterIP","ports":[{"port":80}])");
  c.service("other", R"("type":"LoadBalancer","loadBalancerClass":"example.com/x","ports":[{"port":80}])",
            ingress);
  c.service("web", lb, ingress);
  CHECK(c.plan() == "default/was\ndefault/web 192.0.2.1\n");
  CHECK(c.services.at("default/was").ingress == std::vector<std::string>{"192.0.2.1"});
}

}  // namespace podo::services
