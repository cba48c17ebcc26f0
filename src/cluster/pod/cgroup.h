// Control groups of pods, and the limits of what is in them. Pure.
//
//   PARENT/kubepods                       all pods
//   PARENT/kubepods/podUID                a Guaranteed one; its containers lie below it
//   PARENT/kubepods/burstable/podUID      CPU shares of this class: what its pods request together
//   PARENT/kubepods/besteffort/podUID     the fewest shares there are
//
// Requests are CPU shares (1024 a CPU), limits are CPU quota of periods of 100 ms and bytes of memory. Swap
// is not used. Only CPU and memory count; ephemeral storage is not limited here.
#pragma once

#include <string>
#include <string_view>

#include "base/format/json_tree.h"
#include "model/docker/container_config.h"

namespace podo::pod {

// "Guaranteed", "Burstable", "BestEffort": status.qosClass, else what the spec makes it.
std::string_view quality_of(const json::Item& pod);

// `parent`: "/podo". The class is "" (all pods), "Burstable" or "BestEffort".
std::string class_group(std::string_view parent, std::string_view quality);
std::string pod_group(std::string_view parent, const json::Item& pod);

inline constexpr std::int64_t cpu_shares_min = 2, cpu_shares_max = 262'144;
std::int64_t cpu_shares(std::int64_t milli_cpus);

// Unsupported when huge pages are asked for.
Result<docker::Resources> container_limits(const json::Item& container);
docker::Resources pod_limits(const json::Item& pod);

// Whom the kernel kills first when the machine's memory is short: -997 (Guaranteed, and system-node-critical)
// to 1000 (BestEffort); the more of the machine a Burstable container requests, the less.
int oom_score_adj(const json::Item& pod, const json::Item& container, std::uint64_t machine_memory_bytes);

}  // namespace podo::pod
