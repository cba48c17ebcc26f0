#include "cluster/pod/cgroup.h"

#include "cluster/pod/pod_testing.h"

namespace podo::pod {
namespace {

const char* const guaranteed = R"({"metadata": {"uid": "g"}, "spec": {"containers": [
  {"name": "a", "resources": {"limits": {"cpu": "500m", "memory": "64Mi"},
                              "requests": {"cpu": "500m", "memory": "64Mi"}}},
  {"name": "b", "resources": {"limits": {"cpu": "2", "memory": "1Gi"},
                              "requests": {"cpu": "2", "memory": "1Gi"}}}]}})";
const char* const burstable = R"({"metadata": {"uid": "b"}, "spec": {"containers": [
  {"name": "a", "resources": {"limits": {"cpu": "1m"}, "requests": {"cpu": "1m", "memory": "1Gi"}}},
  {"name": "b", "resources": {"requests": {"cpu": "100m"}}}],
  "initContainers": [{"name": "s", "restartPolicy": "Always"}, {"name": "i"}]}})";
const char* const best_effort = R"({"metadata": {"uid": "e"}, "spec": {"containers": [{"name": "a"}]}})";
const char* const limited_pod = R"({"metadata": {"uid": "p"}, "spec": {
  "resources": {"limits": {"memory": "2Gi"}, "requests": {"memory": "2Gi"}},
  "containers": [{"name": "a", "resources": {"requests": {"memory": "512Mi"}}}, {"name": "b"}]}})";

const json::Item& container_of(const json::Tree& pod, std::size_t index) {
  return *pod.root().find("spec", "containers")->at(index);
}

TEST_CASE("a pod's group lies in that of its class") {
  CHECK_EQ(pod_group("/podo", parsed(guaranteed).root()), "/podo/kubepods/podg");
  CHECK_EQ(pod_group("/podo", parsed(burstable).root()), "/podo/kubepods/burstable/podb");
  CHECK_EQ(pod_group("/podo", parsed(best_effort).root()), "/podo/kubepods/besteffort/pode");
  CHECK_EQ(class_group("/x", ""), "/x/kubepods");
  CHECK_EQ(quality_of(parsed(R"({"status": {"qosClass": "Burstable"}, "spec": {}})").root()), "Burstable");
}

TEST_CASE("requests are shares, limits are quota and bytes") {
  const json::Tree pod = parsed(guaranteed);
  const auto limits = container_limits(container_of(pod, 0));
  REQUIRE(limits.has_value());
  CHECK_EQ(limits->cpu_shares, 512);
  CHECK_EQ(limits->cpu_quota, 50'000);
  CHECK_EQ(limits->cpu_period, 100'000);
  CHECK_EQ(limits->memory, 64 << 20);
  CHECK_EQ(limits->memory_swap, 64 << 20);

  const json::Tree small = parsed(burstable);
  CHECK_EQ(container_limits(container_of(small, 0))->cpu_quota, 1000);  // the kernel's least
  CHECK_EQ(container_limits(container_of(small, 0))->cpu_shares, 2);
  CHECK_EQ(container_limits(container_of(small, 1))->cpu_quota, 0);
  CHECK_EQ(container_limits(container_of(small, 1))->memory, 0);

  const json::Tree tiny = parsed(R"({"resources": {"limits": {"memory": "1Mi"}}})");
  CHECK_EQ(container_limits(tiny.root())->memory, 6 << 20);

  const json::Tree huge = parsed(R"({"resources": {"limits": {"hugepages-2Mi": "4Mi"}}})");
  REQUIRE_FALSE(container_limits(huge.root()).has_value());
  CHECK_EQ(container_limits(huge.root()).error().kind(), ErrorKind::unsupported);
}

TEST_CASE("a pod's group has a limit when all of its containers have one, or the pod says it") {
  const docker::Resources all = pod_limits(parsed(guaranteed).root());
  CHECK_EQ(all.cpu_shares, 2560);
  CHECK_EQ(all.cpu_quota, 250'000);
  CHECK_EQ(all.memory, (64 << 20) + (1 << 30));

  const docker::Resources some = pod_limits(parsed(burstable).root());
  CHECK_EQ(some.cpu_shares, 103);
  CHECK_EQ(some.cpu_quota, 0);
  CHECK_EQ(some.memory, 0);

  CHECK_EQ(pod_limits(parsed(best_effort).root()).cpu_shares, 2);
  CHECK_EQ(pod_limits(parsed(limited_pod).root()).memory, std::int64_t{2} << 30);
  CHECK_EQ(pod_limits(parsed(limited_pod).root()).cpu_quota, 0);
}

TEST_CASE("who requests more is killed later") {
  constexpr std::uint64_t machine = std::uint64_t{8} << 30;
  const auto score = [](const char* text, std::size_t index) {
    const json::Tree pod = parsed(text);
    return oom_score_adj(pod.root(), container_of(pod, index), machine);
  };
  CHECK_EQ(score(guaranteed, 0), -997);
  CHECK_EQ(score(best_effort, 0), 1000);
  CHECK_EQ(score(burstable, 0), 875);
  CHECK_EQ(score(burstable, 1), 999);
  CHECK_EQ(score(limited_pod, 0), 844);  // 512 Mi of its own and half of the 1.5 Gi left
  const json::Tree pod = parsed(burstable);
  CHECK_EQ(oom_score_adj(pod.root(), *pod.root().find("spec", "initContainers")->at(0), machine), 875);
  CHECK_EQ(oom_score_adj(pod.root(), container_of(pod, 0), 1 << 20), 3);
  const json::Tree critical = parsed(R"({"spec": {"priority": 2000001000, "containers": [{"name": "a"}]}})");
  CHECK_EQ(oom_score_adj(critical.root(), container_of(critical, 0), machine), -997);
}

}  // namespace
}  // namespace podo::pod
