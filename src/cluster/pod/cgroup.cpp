#include "cluster/pod/cgroup.h"

#include <algorithm>

#include "model/kube/path.h"
#include "model/strategy/pod_resources.h"

namespace podo::pod {
namespace {

using strategy::Amounts;

constexpr std::int64_t period_us = 100'000, quota_us_min = 1000;
constexpr std::int64_t memory_bytes_min = 6 << 20;  // the engine's
constexpr int spared = -997, first_to_go = 1000;
constexpr std::int64_t system_critical_priority = 2'000'000'000;

std::int64_t milli_of(const Amounts& amounts, std::string_view resource) {
  const auto found = amounts.find(resource);
  return found == amounts.end() ? 0 : found->second.milli();
}
std::int64_t units_of(const Amounts& amounts, std::string_view resource) {
  const auto found = amounts.find(resource);
  return found == amounts.end() ? 0 : found->second.rounded_up();
}

void limit_cpu(docker::Resources& to, std::int64_t milli_cpus) {
  if (milli_cpus <= 0) return;
  to.cpu_period = period_us;
  to.cpu_quota = std::max(milli_cpus * period_us / 1000, quota_us_min);
}

// Does every container have such a limit, or the pod itself? A group is not limited by what some of it say.
bool is_limited(const json::Item& pod, std::string_view resource) {
  const auto says = [&](const json::Item& of) {
    return units_of(strategy::amounts_of(kube::find_at(of, "resources.limits")), resource) > 0;
  };
  if (says(kube::part_at(pod, "spec"))) return true;
  for (const std::string_view list : {"spec.containers", "spec.initContainers"}) {
    for (const json::Item& container : kube::children_at(pod, list)) {
      if (!says(container)) return false;
    }
  }
  return true;
}

bool is_sidecar(const json::Item& container) { return kube::text_at(container, "restartPolicy") == "Always"; }

std::int64_t memory_request(const json::Item& of) {
  return units_of(strategy::amounts_of(kube::find_at(of, "resources.requests")), "memory");
}

// What the pod requests beyond its containers is shared by them evenly.
std::int64_t share_of_pod(const json::Item& pod) {
  const std::int64_t of_pod = memory_request(kube::part_at(pod, "spec"));
  std::int64_t of_containers = 0, count = 0;
  for (const json::Item& container : kube::children_at(pod, "spec.containers")) {
    of_containers += memory_request(container);
    ++count;
  }
  for (const json::Item& container : kube::children_at(pod, "spec.initContainers")) {
    if (!is_sidecar(container)) continue;
    of_containers += memory_request(container);
    ++count;
  }
  return count == 0 ? 0 : std::max<std::int64_t>(of_pod - of_containers, 0) / count;
}

std::int64_t burstable_score(std::int64_t request, std::uint64_t machine) {
  if (machine == 0) return first_to_go - 1;
  const auto part =
      static_cast<std::int64_t>(1000.0 * static_cast<double>(request) / static_cast<double>(machine));
  return std::clamp<std::int64_t>(first_to_go - part, first_to_go + spared, first_to_go - 1);
}

}  // namespace

std::string_view quality_of(const json::Item& pod) {
  const std::string_view known = kube::text_at(pod, "status.qosClass");
  return known.empty() ? strategy::qos_class(kube::part_at(pod, "spec")) : known;
}

std::string class_group(std::string_view parent, std::string_view quality) {
  const std::string_view name = quality == "Burstable"    ? "/burstable"
                                : quality == "BestEffort" ? "/besteffort"
                                                          : "";
  return text("{}/kubepods{}", parent, name);
}

std::string pod_group(std::string_view parent, const json::Item& pod) {
  return text("{}/pod{}", class_group(parent, quality_of(pod)), kube::text_at(pod, "metadata.uid"));
}

std::int64_t cpu_shares(std::int64_t milli_cpus) {
  return std::clamp(milli_cpus * 1024 / 1000, cpu_shares_min, cpu_shares_max);
}

Result<docker::Resources> container_limits(const json::Item& container) {
  const Amounts limits = strategy::amounts_of(kube::find_at(container, "resources.limits"));
  const Amounts requests = strategy::amounts_of(kube::find_at(container, "resources.requests"));
  for (const auto& [name, amount] : limits) {
    if (name.starts_with("hugepages-") && amount.sign() > 0)
      return unsupported("huge pages ({}) are not supported by this node", name);
  }
  docker::Resources to;
  const std::int64_t requested = milli_of(requests, "cpu");
  to.cpu_shares = cpu_shares(requested == 0 ? milli_of(limits, "cpu") : requested);
  limit_cpu(to, milli_of(limits, "cpu"));
  if (const std::int64_t bytes = units_of(limits, "memory"); bytes > 0)
    to.memory = to.memory_swap = std::max(bytes, memory_bytes_min);
  return to;
}

docker::Resources pod_limits(const json::Item& pod) {
  docker::Resources to;
  const json::Item& spec = kube::part_at(pod, "spec");
  if (quality_of(pod) == "BestEffort") {
    to.cpu_shares = cpu_shares_min;
    return to;
  }
  const Amounts limits = strategy::pod_amounts(spec, "limits");
  to.cpu_shares = cpu_shares(milli_of(strategy::pod_amounts(spec, "requests"), "cpu"));
  if (is_limited(pod, "cpu")) limit_cpu(to, milli_of(limits, "cpu"));
  if (is_limited(pod, "memory")) to.memory = to.memory_swap = units_of(limits, "memory");
  return to;
}

int oom_score_adj(const json::Item& pod, const json::Item& container, std::uint64_t machine) {
  if (kube::number_at(pod, "spec.priority") >= system_critical_priority) return spared;
  const std::string_view quality = quality_of(pod);
  if (quality == "Guaranteed") return spared;
  if (quality == "BestEffort") return first_to_go;
  const std::int64_t share = share_of_pod(pod);
  std::int64_t request = memory_request(container) + share;
  // A sidecar is as dear as the dearest of those it serves.
  if (is_sidecar(container)) {
    for (const json::Item& each : kube::children_at(pod, "spec.containers"))
      request = std::max(request, memory_request(each) + share);
  }
  return static_cast<int>(burstable_score(request, machine));
}

}  // namespace podo::pod
