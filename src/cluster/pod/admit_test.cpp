#include "cluster/pod/admit.h"

#include "cluster/pod/pod_testing.h"

namespace podo::pod {
namespace {

std::string refusal(std::string_view spec, std::vector<std::string_view> other_specs = {}) {
  const json::Tree node = parsed(R"({"metadata":{"name":"n","labels":{"disk":"ssd"}},)"
                                 R"("status":{"allocatable":{"cpu":"2","memory":"1Gi","pods":"3"}}})");
  const json::Tree pod = parsed(text(R"({{"spec":{}}})", spec));
  std::vector<json::Tree> trees;
  for (const std::string_view other : other_specs) trees.push_back(parsed(text(R"({{"spec":{}}})", other)));
  std::vector<const json::Item*> others;
  for (const json::Tree& tree : trees) others.push_back(&tree.root());
  const auto problem = admit(pod.root(), node.root(), others);
  return problem ? problem->reason + ": " + problem->message : "";
}

}  // namespace

TEST_CASE("a pod is admitted when it fits beside the others") {
  constexpr std::string_view one_cpu = R"({"containers":[{"resources":{"requests":{"cpu":"1"}}}]})";
  CHECK(refusal(one_cpu, {one_cpu}).empty());
  CHECK(refusal(one_cpu, {one_cpu, one_cpu}) ==
        "OutOfcpu: Node didn't have enough resource: cpu, requested: 1000, used: 2000, capacity: 2000");
  CHECK(refusal("{}", {"{}", "{}", "{}"}).starts_with("OutOfpods: "));
  CHECK(refusal(R"({"nodeSelector":{"disk":"ssd"}})").empty());
  CHECK(refusal(R"({"nodeSelector":{"disk":"slow"}})") ==
        "NodeAffinity: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
  constexpr std::string_view port =
      R"({"containers":[{"ports":[{"containerPort":1,"hostPort":80,"protocol":"TCP"}]}]})";
  CHECK(refusal(port, {port}).starts_with("NodePorts: "));
  CHECK(refusal(R"({"securityContext":{"sysctls":[{"name":"kernel.msgmax","value":"1"}]}})") ==
        "SysctlForbidden: forbidden sysctl: \"kernel.msgmax\" not allowlisted");
}

}  // namespace podo::pod
