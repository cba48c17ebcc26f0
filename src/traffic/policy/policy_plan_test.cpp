#include "traffic/policy/policy_plan.h"

#include <doctest/doctest.h>
#include <netinet/in.h>

#include "traffic/policy/policy_testing.h"

namespace podo::policy {
namespace {

// a: web (10.9.0.1), api (10.9.0.2); b: web (10.9.0.3), of another node: db (10.9.1.4).
constexpr std::string_view town =
    R"({kind: Namespace, metadata: {name: a, labels: {team: red}}}
---
{kind: Namespace, metadata: {name: b, labels: {team: blue}}}
---
{kind: Namespace, metadata: {name: kube-system}}
---
{kind: Pod, metadata: {name: web, namespace: a, labels: {app: web}}, spec: {nodeName: here, containers:
  [{ports: [{name: http, containerPort: 80}]}]}, status: {podIPs: [{ip: 10.9.0.1}, {ip: "fd00:9::1"}]}}
---
{kind: Pod, metadata: {name: api, namespace: a, labels: {app: api}}, spec: {nodeName: here, containers:
  [{ports: [{name: http, containerPort: 8080}]}]}, status: {podIPs: [{ip: 10.9.0.2}]}}
---
{kind: Pod, metadata: {name: web, namespace: b, labels: {app: web}}, spec: {nodeName: here, containers:
  [{ports: [{name: http, containerPort: 80}]}]}, status: {podIPs: [{ip: 10.9.0.3}]}}
---
{kind: Pod, metadata: {name: db, namespace: b, labels: {app: db}}, spec: {nodeName: there},
  status: {podIPs: [{ip: 10.9.1.4}]}}
)";

struct Question {
  std::string_view from, to;
  std::uint8_t protocol;
  std::uint16_t port;
  bool passes;
};

void check(const Scene& scene, const std::vector<Question>& questions) {
  const PolicyRules rules = plan_policies(scene.world(), scene.dns);
  for (const Question& question : questions) {
    const Connection connection{address_of(question.from), address_of(question.to), question.protocol,
                                question.port};
    CAPTURE(connection.to_text());
    CHECK(lets_through(rules, connection) == question.passes);
    CHECK(scene.allows(connection) == question.passes);
  }
}

// The town under policies, each its spec, of namespace a.
Scene under(const std::vector<std::string_view>& specs) {
  std::string yaml(town);
  int number = 0;
  for (const std::string_view spec : specs)
    yaml += text("---\n{{kind: NetworkPolicy, metadata: {{name: n{}, namespace: a}}, spec: {}}}\n", ++number,
                 spec);
  return Scene::of(yaml);
}

constexpr std::uint8_t tcp = IPPROTO_TCP, udp = IPPROTO_UDP, sctp = IPPROTO_SCTP, icmp = IPPROTO_ICMP;

}  // namespace

TEST_CASE("without policies nobody is in a group") {
  CHECK(plan_policies(under({}).world(), {}) == PolicyRules());
}

TEST_CASE("a policy that selects nobody is no rule") {
  CHECK(plan_policies(under({"{podSelector: {matchLabels: {app: none}}}"}).world(), {}) == PolicyRules());
}

TEST_CASE("default deny, by what is selected and by direction") {
  check(under({"{podSelector: {}}"}), {{"10.9.0.3", "10.9.0.1", tcp, 80, false},
                                       {"10.9.0.2", "10.9.0.1", tcp, 80, false},
                                       {"192.0.2.1", "fd00:9::1", tcp, 80, false},
                                       {"10.9.0.1", "10.9.0.1", tcp, 80, true},  // itself
                                       {"10.9.0.1", "10.9.0.3", tcp, 80, true},
                                       {"10.9.0.1", "192.0.2.1", udp, 53, true},
                                       {"10.9.0.3", "10.9.0.1", icmp, 0, false}});
  check(under({"{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}"}),
        {{"10.9.0.3", "10.9.0.1", tcp, 80, true},
         {"10.9.0.1", "10.9.0.3", tcp, 80, false},
         {"10.9.0.2", "10.9.0.3", tcp, 80, true},
         {"10.9.0.3", "10.9.0.2", tcp, 80, true}});
}

TEST_CASE("egress rules make a policy one of egress, also without types") {
  check(under({"{podSelector: {}, egress: [{ports: [{port: 443}]}]}"}),
        {{"10.9.0.1", "192.0.2.1", tcp, 443, true},
         {"10.9.0.1", "192.0.2.1", tcp, 80, false},
         {"10.9.0.1", "192.0.2.1", udp, 443, false},
         {"192.0.2.1", "10.9.0.1", tcp, 443, false}});
}

TEST_CASE("an empty rule lets everything through, an empty list of rules nothing") {
  check(under({"{podSelector: {}, ingress: [{}]}"}),
        {{"10.9.0.3", "10.9.0.1", tcp, 80, true}, {"10.9.0.3", "10.9.0.1", icmp, 0, true}});
  check(under({"{podSelector: {}, ingress: []}"}), {{"10.9.0.3", "10.9.0.1", tcp, 80, false}});
  check(under({"{podSelector: {}, ingress: [{from: [], ports: []}]}"}),
        {{"10.9.0.3", "10.9.0.1", udp, 9, true}});
}

TEST_CASE("peers: pods of the namespace, namespaces, pods of namespaces, and of no selector: nobody else") {
  check(under({"{podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {matchLabels: "
               "{app: web}}}]}]}"}),
        {{"10.9.0.1", "10.9.0.2", tcp, 1, true},
         {"10.9.0.3", "10.9.0.2", tcp, 1, false},
         {"192.0.2.1", "10.9.0.2", tcp, 1, false}});
  check(under({"{podSelector: {matchLabels: {app: api}}, ingress: [{from: [{namespaceSelector: {matchLabels: "
               "{team: blue}}}]}]}"}),
        {{"10.9.0.1", "10.9.0.2", tcp, 1, false},
         {"10.9.0.3", "10.9.0.2", tcp, 1, true},
         {"10.9.1.4", "10.9.0.2", tcp, 1, true}});
  check(under({"{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: "
               "{app: db}}}]}]}"}),
        {{"10.9.0.3", "10.9.0.2", tcp, 1, false}, {"10.9.1.4", "10.9.0.2", tcp, 1, true}});
  check(under({"{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}}}, "
               "{podSelector: {matchLabels: {app: web}}}]}]}"}),
        {{"10.9.0.3", "10.9.0.2", tcp, 1, true}, {"10.9.0.1", "10.9.0.2", tcp, 1, true}});
  check(under({"{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}"}),
        {{"10.9.0.3", "10.9.0.2", tcp, 1, true}, {"192.0.2.1", "10.9.0.2", tcp, 1, false}});
}

TEST_CASE("blocks, without what is taken out of them") {
  check(under({"{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24, except: "
               "[192.0.2.64/26]}}]}]}"}),
        {{"192.0.2.1", "10.9.0.2", tcp, 1, true},
         {"192.0.2.64", "10.9.0.2", tcp, 1, false},
         {"192.0.2.127", "10.9.0.2", tcp, 1, false},
         {"192.0.2.128", "10.9.0.2", tcp, 1, true},
         {"10.9.0.1", "10.9.0.2", tcp, 1, false}});
}

TEST_CASE("ports: numbers, ranges, whole protocols; TCP when it is not said") {
  check(under({"{podSelector: {}, ingress: [{ports: [{port: 80}, {port: 100, endPort: 200, protocol: UDP}, "
               "{protocol: SCTP}]}]}"}),
        {{"10.9.0.3", "10.9.0.2", tcp, 80, true},
         {"10.9.0.3", "10.9.0.2", udp, 80, false},
         {"10.9.0.3", "10.9.0.2", udp, 99, false},
         {"10.9.0.3", "10.9.0.2", udp, 100, true},
         {"10.9.0.3", "10.9.0.2", udp, 200, true},
         {"10.9.0.3", "10.9.0.2", udp, 201, false},
         {"10.9.0.3", "10.9.0.2", sctp, 7, true},
         {"10.9.0.3", "10.9.0.2", icmp, 0, false}});
}

TEST_CASE("a port by name is the destination's own number") {
  check(under({"{podSelector: {}, ingress: [{ports: [{port: http}]}]}"}),
        {{"10.9.0.3", "10.9.0.1", tcp, 80, true},
         {"10.9.0.3", "10.9.0.1", tcp, 8080, false},
         {"10.9.0.3", "10.9.0.2", tcp, 8080, true},
         {"10.9.0.3", "10.9.0.2", tcp, 80, false},
         {"10.9.0.3", "10.9.0.2", udp, 8080, false}});
  check(under({"{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: "
               "[{to: [{namespaceSelector: {}}], ports: [{port: http}]}]}"}),
        {{"10.9.0.1", "10.9.0.2", tcp, 8080, true},
         {"10.9.0.1", "10.9.0.2", tcp, 80, false},
         {"10.9.0.1", "10.9.0.3", tcp, 80, true},
         {"10.9.0.1", "10.9.1.4", tcp, 80, false},
         {"10.9.0.1", "192.0.2.1", tcp, 80, false}});
  check(under({"{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]}"}),
        {{"10.9.0.1", "10.9.0.2", tcp, 8080, true},
         {"10.9.0.1", "10.9.0.3", tcp, 80, true},
         {"10.9.0.1", "192.0.2.1", tcp, 80, false}});
}

TEST_CASE("several policies allow what any of them allows") {
  check(under({"{podSelector: {}, policyTypes: [Ingress, Egress]}",
               "{podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {}}], ports: "
               "[{port: 80}]}]}",
               "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: "
               "{}}]}]}"}),
        {{"10.9.0.1", "10.9.0.2", tcp, 80, true},
         {"10.9.0.1", "10.9.0.2", tcp, 81, false},
         {"10.9.0.2", "10.9.0.1", tcp, 80, false}});
}

TEST_CASE("policies that mean the DNS pod mean the addresses where this node answers, and port 53 alone") {
  for (const std::string_view to : {"{namespaceSelector: {matchLabels: {team: none}}}, {namespaceSelector: "
                                    "{}, podSelector: {matchLabels: "
                                    "{k8s-app: kube-dns}}}",
                                    "{namespaceSelector: {}}"}) {
    Scene scene = under({text("{{podSelector: {{}}, policyTypes: [Egress], egress: [{{to: [{}]}}]}}", to)});
    scene.dns = {address_of("10.9.0.254")};
    check(scene, {{"10.9.0.1", "10.9.0.254", udp, 53, true},
                  {"10.9.0.1", "10.9.0.254", tcp, 53, true},
                  {"10.9.0.1", "10.9.0.254", tcp, 6443, false}});
  }
  Scene closed = under({"{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}"});
  closed.dns = {address_of("10.9.0.254")};
  check(closed, {{"10.9.0.1", "10.9.0.254", udp, 53, false}});
  Scene open =
      under({"{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 53, protocol: UDP}]}]}"});
  open.dns = {address_of("10.9.0.254")};
  check(open, {{"10.9.0.1", "10.9.0.254", udp, 53, true}, {"10.9.0.1", "10.9.0.254", tcp, 53, false}});
}

TEST_CASE("groups and sets keep their names when pods come and go") {
  const std::string_view spec =
      "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}";
  Scene scene = under({spec});
  const PolicyRules before = plan_policies(scene.world(), {});
  scene.pods.erase(scene.pods.begin());
  const PolicyRules after = plan_policies(scene.world(), {});
  CHECK(before.groups == after.groups);
  REQUIRE(before.peers.size() == 1);
  REQUIRE(after.peers.size() == 1);
  CHECK(before.peers.begin()->first == "pods app=web of namespace a");
  CHECK(before.peers.begin()->second.addresses.size() == 2);
  CHECK(after.peers.begin()->second.addresses.empty());
  CHECK(after.ingress.size() == 1);
}

TEST_CASE("a block without parts of it, in ranges") {
  const auto ranges = [](std::string_view block, const std::vector<std::string_view>& parts) {
    std::vector<IpPrefix> except;
    for (const std::string_view part : parts) except.push_back(*IpPrefix::parse(part));
    std::string out;
    for (const AddressRange& range : ranges_of(*IpPrefix::parse(block), except))
      out += text("{}{}-{}", out.empty() ? "" : " ", range.first.to_text(), range.last.to_text());
    return out;
  };
  CHECK(ranges("10.0.0.0/8", {}) == "10.0.0.0-10.255.255.255");
  CHECK(ranges("10.0.0.0/8", {"10.0.0.0/8"}) == "");
  CHECK(ranges("10.0.0.7/30", {"10.0.0.4/32"}) == "10.0.0.5-10.0.0.7");
  CHECK(ranges("10.0.0.4/30", {"10.0.0.7/32"}) == "10.0.0.4-10.0.0.6");
  CHECK(ranges("10.0.0.0/29", {"10.0.0.4/31", "10.0.0.2/32", "10.0.0.4/32", "11.0.0.0/8"}) ==
        "10.0.0.0-10.0.0.1 10.0.0.3-10.0.0.3 10.0.0.6-10.0.0.7");
  CHECK(ranges("0.0.0.0/0", {"255.255.255.255/32", "0.0.0.0/1"}) == "128.0.0.0-255.255.255.254");
  CHECK(ranges("::/0", {"8000::/1"}) == "::-7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST_CASE("the plan decides as the API says: random policies, every pair of addresses, every port") {
  std::size_t passed = 0, denied = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    SeededRandom random(seed);
    Scene scene = random_scene(random, {});
    scene.dns = {address_of("10.9.0.254"), address_of("fd00:9::fe")};
    const PolicyRules rules = plan_policies(scene.world(), scene.dns);
    std::vector<IpAddress> addresses = scene.dns;
    for (const std::string_view more : {"192.0.2.9", "192.0.2.200", "2001:db8::9", "255.255.255.255"})
      addresses.push_back(address_of(more));
    for (int pod = 1; pod <= 8; ++pod) {
      addresses.push_back(address_of(text("10.9.{}.{}", pod > 6 ? 1 : 0, pod)));
      addresses.push_back(address_of(text("fd00:9:{}::{}", pod > 6 ? 1 : 0, pod)));
    }
    for (const IpAddress& from : addresses)
      for (const IpAddress& to : addresses)
        for (const std::uint8_t protocol : {tcp, udp, sctp})
          for (const std::uint16_t port : scene_ports) {
            if (from.is_v4() != to.is_v4()) continue;
            const Connection connection{from, to, protocol, port};
            const bool truth = scene.allows(connection);
            (truth ? passed : denied) += 1;
            if (lets_through(rules, connection) == truth) continue;
            CAPTURE(seed);
            CAPTURE(connection.to_text());
            CAPTURE(scene.to_text());
            REQUIRE(lets_through(rules, connection) == truth);
          }
  }
  CHECK(passed > 5000);
  CHECK(denied > 5000);
}

}  // namespace podo::policy
