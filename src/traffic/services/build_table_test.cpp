#include "traffic/services/build_table.h"

#include <algorithm>

#include "traffic/services/services_testing.h"

namespace podo::services {
namespace {

constexpr std::string_view http = R"("ports":[{"name":"http","port":80,"protocol":"TCP","nodePort":30080}])";
constexpr std::string_view one_ip = R"("clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1"],)";

struct Case {
  // A Service "web" of one port, TCP 80, of `type` with the other members of its spec.
  static std::string web(std::string_view type, std::string_view spec = {}, std::string_view more = {}) {
    return service_json(
        "web", text(R"({}"type":"{}",{}{}{})", one_ip, type, http, spec.empty() ? "" : ",", spec), more);
  }
  Case& service(std::string_view json) {
    if (auto made = service_of(tree_of(json).root())) services.push_back(*std::move(made));
    return *this;
  }
  Case& slice(std::string_view json) {
    if (auto made = slice_of(tree_of(json).root())) slices.push_back(*std::move(made));
    return *this;
  }
  // On node n1 of zone z1.
  std::string table() const { return told(build_table(services, slices, place)); }

  std::vector<Service> services;
  std::vector<Slice> slices;
  Place place{.node = "n1", .zone = "z1", .addresses = {*IpAddress::parse("192.0.2.1")}};
};

std::string web_of(const std::vector<std::string_view>& endpoints, std::string_view type = "ClusterIP",
                   std::string_view spec = {}, std::string_view more = {}) {
  return Case().service(Case::web(type, spec, more)).slice(slice_json("web-1", "web", endpoints)).table();
}

}  // namespace

TEST_CASE("a cluster IP leads to what is ready, wherever it is") {
  CHECK(web_of({"10.0.0.2 n2", "10.0.0.1 n1", "10.0.0.3 n2 unready"}) ==
        "10.96.0.1:80/TCP default/web:http inside -> 10.0.0.1:8080 10.0.0.2:8080~\n");
  CHECK(web_of({}) == "10.96.0.1:80/TCP default/web:http inside -> -\n");
  CHECK(Case().slice(slice_json("web-1", "web", {"10.0.0.1 n1"})).table() == "");
}

TEST_CASE("what ends serves when nothing is ready, and only then") {
  CHECK(web_of({"10.0.0.1 n1", "10.0.0.2 n1 ending serving"}) ==
        "10.96.0.1:80/TCP default/web:http inside -> 10.0.0.1:8080\n");
  CHECK(web_of({"10.0.0.1 n1 unready", "10.0.0.2 n1 ending serving", "10.0.0.3 n1 ending"}) ==
        "10.96.0.1:80/TCP default/web:http inside -> 10.0.0.2:8080\n");
  CHECK(web_of({"10.0.0.3 n1 ending"}) == "10.96.0.1:80/TCP default/web:http inside -> -\n");
}

TEST_CASE("conditions that are not said are good ones") {
  Case c;
  c.service(Case::web("ClusterIP"));
  c.slice(R"({"metadata":{"namespace":"default","labels":{"kubernetes.io/service-name":"web"}},
    "addressType":"IPv4","ports":[{"name":"http","port":8080}],"endpoints":[{"addresses":["10.0.0.1"]}]})");
  CHECK(c.table() == "10.96.0.1:80/TCP default/web:http inside -> 10.0.0.1:8080~\n");
}

TEST_CASE("node ports, external IPs and load balancers are reached from everywhere") {
  CHECK(web_of({"10.0.0.1 n1", "10.0.0.2 n2"}, "NodePort", R"("externalIPs":["198.51.100.1"])") ==
        "0.0.0.0:30080/TCP default/web:http everywhere -> 10.0.0.1:8080 10.0.0.2:8080~\n"
        "10.96.0.1:80/TCP default/web:http inside -> 10.0.0.1:8080 10.0.0.2:8080~\n"
        "198.51.100.1:80/TCP default/web:http everywhere -> 10.0.0.1:8080 10.0.0.2:8080~\n");
  // A balancer that sends to other addresses needs nothing here; nor one of names.
  CHECK(web_of({}, "LoadBalancer", R"("externalTrafficPolicy":"Cluster")",
               R"("status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1","ipMode":"VIP"},{"ip":"192.0.2.2"},
               {"ip":"192.0.2.3","ipMode":"Proxy"},{"hostname":"lb.example"}]}})") ==
        "0.0.0.0:30080/TCP default/web:http everywhere -> -\n"
        "10.96.0.1:80/TCP default/web:http inside -> -\n"
        "192.0.2.1:80/TCP default/web:http everywhere -> -\n"
        "192.0.2.2:80/TCP default/web:http everywhere -> -\n");
  // What has been a load balancer is none.
  CHECK(web_of({}, "ClusterIP", {}, R"("status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}})") ==
        "10.96.0.1:80/TCP default/web:http inside -> -\n");
}

TEST_CASE("externalTrafficPolicy Local: from outside only to what is here") {
  constexpr std::string_view local = R"("externalTrafficPolicy":"Local")";
  CHECK(web_of({"10.0.0.1 n1", "10.0.0.2 n2"}, "NodePort", local) ==
        "0.0.0.0:30080/TCP default/web:http everywhere -> 10.0.0.1:8080 10.0.0.2:8080~ | 10.0.0.1:8080\n"
        "10.96.0.1:80/TCP default/web:http inside -> 10.0.0.1:8080 10.0.0.2:8080~\n");
  // None here, but elsewhere: another node shall be tried.
  CHECK(web_of({"10.0.0.2 n2"}, "NodePort", local) ==
        "0.0.0.0:30080/TCP default/web:http everywhere -> 10.0.0.2:8080~ | - drops\n"
        "10.96.0.1:80/TCP default/web:http inside -> 10.0.0.2:8080~\n");
  CHECK(web_of({}, "NodePort", local) ==
        "0.0.0.0:30080/TCP default/web:http everywhere -> - | -\n"
        "10.96.0.1:80/TCP default/web:http inside -> -\n");
  // What ends here is better than what is ready elsewhere.
  CHECK(web_of({"10.0.0.1 n1 ending serving", "10.0.0.2 n2"}, "NodePort", local) ==
        "0.0.0.0:30080/TCP default/web:http everywhere -> 10.0.0.2:8080~ | 10.0.0.1:8080\n"
        "10.96.0.1:80/TCP default/web:http inside -> 10.0.0.2:8080~\n");
}

TEST_CASE("internalTrafficPolicy Local: from inside only to what is here") {
  constexpr std::string_view local = R"("internalTrafficPolicy":"Local")";
  CHECK(web_of({"10.0.0.1 n1", "10.0.0.2 n2"}, "ClusterIP", local) ==
        "10.96.0.1:80/TCP default/web:http inside -> 10.0.0.1:8080\n");
  CHECK(web_of({"10.0.0.2 n2"}, "NodePort", local) ==
        "0.0.0.0:30080/TCP default/web:http everywhere -> 10.0.0.2:8080~\n"
        "10.96.0.1:80/TCP default/web:http inside -> - drops\n");
  CHECK(web_of({"10.0.0.2 n2 unready"}, "ClusterIP", local) ==
        "10.96.0.1:80/TCP default/web:http inside -> -\n");
}

TEST_CASE("a client may stay with its backend") {
  CHECK(web_of({}, "ClusterIP", R"("sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":
               {"timeoutSeconds":10}})") == "10.96.0.1:80/TCP default/web:http inside -> - affinity 10\n");
  CHECK(web_of({}, "ClusterIP", R"("sessionAffinity":"ClientIP")") ==
        "10.96.0.1:80/TCP default/web:http inside -> - affinity 10800\n");
  CHECK(web_of({}, "ClusterIP", R"("sessionAffinity":"None")") ==
        "10.96.0.1:80/TCP default/web:http inside -> -\n");
}

TEST_CASE("source ranges guard the load balancer's addresses, each family its own") {
  constexpr std::string_view ingress = R"("status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}})";
  const auto balanced = [&](std::string_view spec, std::string_view ranges) {
    CHECK(web_of({}, "LoadBalancer", spec, ingress) ==
          text("0.0.0.0:30080/TCP default/web:http everywhere -> -\n"
               "10.96.0.1:80/TCP default/web:http inside -> -\n"
               "192.0.2.1:80/TCP default/web:http everywhere -> -{}\n",
               ranges));
  };
  balanced(R"("loadBalancerSourceRanges":["10.1.2.3/8"," 203.0.113.0/24 ","fd00::/8"])",
           " from 10.0.0.0/8 from 203.0.113.0/24");
  balanced(R"("loadBalancerSourceRanges":["fd00::/8"])", "");
  Case c;
  c.service(text(R"({{"metadata":{{"name":"web","namespace":"default","annotations":{{
    "service.beta.kubernetes.io/load-balancer-source-ranges":"10.0.0.0/8, 172.16.0.0/12"}}}},"spec":{{{}
    "type":"LoadBalancer","ports":[{{"port":80}}]}},{}}})",
                 one_ip, ingress));
  CHECK(c.table() ==
        "10.96.0.1:80/TCP default/web inside -> -\n"
        "192.0.2.1:80/TCP default/web everywhere -> - from 10.0.0.0/8 from 172.16.0.0/12\n");
}

TEST_CASE("hints: near endpoints, when all that are ready have them and one is for here") {
  const auto leads_to = [](std::vector<std::string_view> endpoints, std::string_view to) {
    CHECK(web_of(endpoints) == text("10.96.0.1:80/TCP default/web:http inside -> {}\n", to));
  };
  leads_to({"10.0.0.1 n1 hint-zone=z1", "10.0.0.2 n2 hint-zone=z1", "10.0.0.3 n3 hint-zone=z2"},
           "10.0.0.1:8080 10.0.0.2:8080~");
  leads_to({"10.0.0.1 n1 hint-zone=z1", "10.0.0.2 n2"}, "10.0.0.1:8080 10.0.0.2:8080~");
  leads_to({"10.0.0.2 n2 hint-zone=z2", "10.0.0.3 n3 hint-zone=z3"}, "10.0.0.2:8080~ 10.0.0.3:8080~");
  leads_to({"10.0.0.1 n1 hint-zone=z1", "10.0.0.2 n2 unready"}, "10.0.0.1:8080");
  // Nodes come first; without one for this node, zones.
  leads_to({"10.0.0.1 n1 hint-zone=z1 hint-node=n1", "10.0.0.2 n2 hint-zone=z1 hint-node=n2"},
           "10.0.0.1:8080");
  leads_to({"10.0.0.2 n2 hint-zone=z1 hint-node=n2", "10.0.0.3 n3 hint-zone=z2 hint-node=n3"},
           "10.0.0.2:8080~");
  // Nothing is ready: hints say nothing.
  leads_to({"10.0.0.2 n2 ending serving hint-zone=z2"}, "10.0.0.2:8080~");
}

TEST_CASE("both families, each with its own addresses and endpoints") {
  Case c;
  c.service(service_json("web", text(R"("clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1","fd00::1"],
    "type":"NodePort","externalIPs":["2001:db8::1"],{})",
                                     http)));
  c.slice(slice_json("web-4", "web", {"10.0.0.1 n1"}));
  c.slice(slice_json("web-6", "web", {"fd00:1::1 n1"}));
  CHECK(c.table() ==
        "0.0.0.0:30080/TCP default/web:http everywhere -> 10.0.0.1:8080\n"
        "10.96.0.1:80/TCP default/web:http inside -> 10.0.0.1:8080\n"
        ":::30080/TCP default/web:http everywhere -> fd00:1::1:8080\n"
        "2001:db8::1:80/TCP default/web:http everywhere -> fd00:1::1:8080\n"
        "fd00::1:80/TCP default/web:http inside -> fd00:1::1:8080\n");
  // Without an address of that family, there is nothing of it.
  CHECK(web_of({}, "ClusterIP", R"("externalIPs":["2001:db8::1"])") ==
        "10.96.0.1:80/TCP default/web:http inside -> -\n");
}

TEST_CASE("ports go by name and protocol, and pods may have their own numbers") {
  Case c;
  c.service(service_json("dns", R"("clusterIP":"10.96.0.1","ports":[{"name":"dns","port":53,"protocol":"UDP"},
    {"name":"dns-tcp","port":53,"protocol":"TCP"},{"name":"sig","port":9,"protocol":"SCTP"}])"));
  c.slice(slice_json("dns-1", "dns", {"10.0.0.1 n1"},
                     R"({"name":"dns","port":5353,"protocol":"UDP"},{"name":"dns-tcp","port":5354})"));
  c.slice(
      slice_json("dns-2", "dns", {"10.0.0.2 n1"},
                 R"({"name":"dns","port":1053,"protocol":"UDP"},{"name":"sig","port":9,"protocol":"TCP"})"));
  CHECK(c.table() ==
        "10.96.0.1:53/TCP default/dns:dns-tcp inside -> 10.0.0.1:5354\n"
        "10.96.0.1:53/UDP default/dns:dns inside -> 10.0.0.1:5353 10.0.0.2:1053\n"
        "10.96.0.1:9/SCTP default/dns:sig inside -> -\n");
}

TEST_CASE("an endpoint that several slices have is one, at its best") {
  Case c;
  c.service(Case::web("ClusterIP"));
  c.slice(slice_json("a", "web", {"10.0.0.1 n1 unready", "10.0.0.2 n2"}));
  c.slice(slice_json("b", "web", {"10.0.0.1 n1", "10.0.0.2 - "}));
  CHECK(c.table() == "10.96.0.1:80/TCP default/web:http inside -> 10.0.0.1:8080 10.0.0.2:8080~\n");
}

TEST_CASE("an endpoint at the node's own address is here, also when nobody says so") {
  CHECK(web_of({"192.0.2.1 -", "192.0.2.2 -"}) ==
        "10.96.0.1:80/TCP default/web:http inside -> 192.0.2.1:8080 192.0.2.2:8080~\n");
  CHECK(web_of({"192.0.2.1 -"}, "ClusterIP", R"("internalTrafficPolicy":"Local")") ==
        "10.96.0.1:80/TCP default/web:http inside -> - drops\n");
}

TEST_CASE("headless Services, names, and what other proxies do have no front") {
  CHECK(web_of({"10.0.0.1 n1"}, "ExternalName") == "");
  CHECK(Case().service(service_json("web", R"("clusterIP":"None","ports":[{"port":80}])")).table() == "");
  CHECK(Case().service(service_json("web", R"("ports":[{"port":80}])")).table() == "");
  for (const std::string_view label : {"service-proxy-name", "headless"}) {
    const auto labels =
        text(R"("labels":{{"service.kubernetes.io/{}":"","kubernetes.io/service-name":"web"}})", label);
    CHECK_FALSE(service_of(
        tree_of(text(R"({{"metadata":{{"name":"web",{}}},"spec":{{"clusterIP":"10.96.0.1"}}}})", labels))
            .root()));
    CHECK_FALSE(
        slice_of(tree_of(text(R"({{"metadata":{{"name":"web",{}}},"addressType":"IPv4"}})", labels)).root()));
  }
  CHECK_FALSE(slice_of(tree_of(R"({"metadata":{"namespace":"default"},"addressType":"IPv4"})").root()));
  CHECK_FALSE(slice_of(tree_of(R"({"metadata":{"labels":{"kubernetes.io/service-name":"web"}},
    "addressType":"FQDN"})")
                           .root()));
}

TEST_CASE("of two Services with one front, the older has it") {
  Case c;
  const auto add = [&](std::string_view name, std::string_view created) {
    c.service(text(R"({{"metadata":{{"name":"{}","namespace":"default","creationTimestamp":"{}"}},"spec":{{
      "clusterIP":"10.96.0.{}","externalIPs":["198.51.100.1"],"ports":[{{"port":80}}]}}}})",
                   name, created, c.services.size() + 1));
  };
  add("young", "2026-01-02T00:00:00Z");
  add("old", "2026-01-01T00:00:00Z");
  CHECK(c.table() ==
        "10.96.0.1:80/TCP default/young inside -> -\n"
        "10.96.0.2:80/TCP default/old inside -> -\n"
        "198.51.100.1:80/TCP default/old everywhere -> -\n");
}

TEST_CASE("health checks count what is ready here") {
  const Service service = *service_of(
      tree_of(Case::web("LoadBalancer", R"("externalTrafficPolicy":"Local","healthCheckNodePort":31000)"))
          .root());
  CHECK(service.health_port == 31'000);
  CHECK(
      service_of(tree_of(Case::web("LoadBalancer", R"("healthCheckNodePort":31000)")).root())->health_port ==
      0);
  const Slice v4 = *slice_of(
      tree_of(slice_json("a", "web", {"10.0.0.1 n1", "10.0.0.2 n2", "10.0.0.3 n1 ending serving"})).root());
  const Slice v6 = *slice_of(tree_of(slice_json("b", "web", {"fd00::1 n1"})).root());
  CHECK(ready_here({&v4, &v6}, {.node = "n1"}) == 1);
  CHECK(ready_here({&v4, &v6}, {.node = "n3"}) == 0);
}

}  // namespace podo::services
