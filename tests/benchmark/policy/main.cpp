// ./bench policy [--policies N] [--pods N]: what network policies cost, in a plan and in the kernel; needs
// root, and makes a network namespace of its own.
//
//   spread    namespaces of 50 pods and as many policies, each for some pods, of some pods
//   crowded   the same in one namespace
//   denied    one namespace; every policy is for all pods
//
// For each: the plan, the kernel's whole table, and a pod that comes and goes. Costs are those of cost.h.
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../cost.h"
#include "base/linux/namespaces.h"
#include "traffic/policy/policy_rules.h"

using namespace podo;
using namespace podo::policy;

namespace {

constexpr int rounds = 7, changes = 40;
constexpr const char* table = "podobench-policy";

kube::LabelSelector apps(int number) {
  return must(kube::LabelSelector::of(
      &json::Tree::parse(text(R"({{"matchLabels":{{"app":"app{}"}}}})", number))->root()));
}

PolicyPod pod_of(int number, int name_space, int apps_there) {
  const auto place = static_cast<std::uint64_t>(number);
  return {.uid = text("uid{}", number),
          .name_space = text("n{}", name_space),
          .name = text("pod{}", number),
          .node = "here",
          .labels = {{"app", text("app{}", number % apps_there)},
                     {"statefulset.kubernetes.io/pod-name", text("pod{}", number)},
                     {"tier", number % 2 == 0 ? "front" : "back"}},
          .ports = {{"http", IPPROTO_TCP, 8080}},
          .addresses = {IpAddress::parse("10.244.0.2")->plus(place),
                        IpAddress::parse("fd00:244::2")->plus(place)},
          .here = true};
}

struct Shape {
  const char* name;
  int policies, pods, name_spaces;
  bool for_all;
};

PolicyWorld world_of(const Shape& shape) {
  PolicyWorld world;
  const int apps_there = std::max(1, shape.pods / 10 / shape.name_spaces);
  for (int n = 0; n < shape.name_spaces; ++n)
    world.name_spaces[text("n{}", n)] = {{"kubernetes.io/metadata.name", text("n{}", n)}};
  for (int p = 0; p < shape.pods; ++p) {
    PolicyPod pod = pod_of(p, p % shape.name_spaces, apps_there);
    world.pods[pod.uid] = pod;
  }
  for (int p = 0; p < shape.policies; ++p) {
    Policy policy{.name_space = text("n{}", p % shape.name_spaces), .name = text("policy{}", p)};
    if (!shape.for_all) policy.pods = apps(p % apps_there);
    const PolicyPeer near{.pods = apps((p + 1) % apps_there)};
    const PolicyPeer far{.pods = apps((p + 2) % apps_there), .name_spaces = kube::LabelSelector()};
    const PolicyPeer block{.block = *IpPrefix::parse(text("192.0.{}.0/24", p % 256))};
    const PolicyPort by_name{.protocol = IPPROTO_TCP, .name = "http"};
    const PolicyPort by_number{.protocol = IPPROTO_TCP, .first = 80, .last = 80};
    policy.ingress = {PolicyRule{.peers = {near, far}, .ports = {by_name, by_number}}};
    if (p % 2 == 0) policy.egress = {PolicyRule{.peers = {near, block}, .ports = {by_number}}};
    world.policies[text("{}/{}", policy.name_space, policy.name)] = std::move(policy);
  }
  return world;
}

void print(const char* shape, const char* what, Cost cost) {
  std::printf("%-8s %-24s cpu %8.2f ms  wall %8.2f ms\n", shape, what, cost.cpu_ms, cost.wall_ms);
}

void measure(const Shape& shape) {
  PolicyWorld world = world_of(shape);
  const std::vector<IpAddress> dns = {*IpAddress::parse("10.96.0.10")};
  PolicyRules rules;
  print(shape.name, "plan", median_of(rounds, [&] { rules = plan_policies(world, dns); }));
  std::printf("%-8s %d policies, %d pods: %zu groups, %zu sets of peers\n", shape.name, shape.policies,
              shape.pods, rules.groups.size(), rules.peers.size());
  auto socket = must(linux::NetlinkSocket::open(NETLINK_NETFILTER));
  InstalledRules installed;
  const auto install = [&](const InstalledRules* before) {
    PolicyChange change = change_rules(table, before, plan_policies(world, dns));
    must(change.batch.commit(socket));
    installed = std::move(change.after);
  };
  print(shape.name, "all", median_of(rounds, [&] { install(nullptr); }));
  bool there = false;
  const PolicyPod one = pod_of(shape.pods + 1, 0, std::max(1, shape.pods / 10 / shape.name_spaces));
  print(shape.name, "a pod comes or goes", median_of(changes, [&] {
          if (std::exchange(there, !there)) world.pods.erase(one.uid);
          else world.pods[one.uid] = one;
          install(&installed);
        }));
  must(removal_of(table).commit(socket));
}

}  // namespace

int main(int count, char** arguments) {
  int policies = 500, pods = 500;
  for (int i = 1; i + 1 < count; i += 2) {
    if (std::strcmp(arguments[i], "--policies") == 0) policies = std::max(1, std::atoi(arguments[i + 1]));
    if (std::strcmp(arguments[i], "--pods") == 0) pods = std::max(1, std::atoi(arguments[i + 1]));
  }
  if (::geteuid() != 0) {
    std::fprintf(stderr, "network namespaces need root\n");
    return 1;
  }
  const auto visit = must(linux::NetworkNamespaceVisit::enter_new());
  measure({"spread", policies, pods, std::max(1, pods / 50), false});
  measure({"crowded", policies, pods, 1, false});
  measure({"denied", policies, pods, 1, true});
  return 0;
}
