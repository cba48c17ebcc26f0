// Downward API: what a pod may be told of itself, in its environment (fieldRef, resourceFieldRef) and in
// files of downwardAPI and projected volumes. Pure; errors are invalid, in the kubelet's words.
//
//   field    := metadata.{name,namespace,uid,labels,annotations} | metadata.{labels,annotations}['KEY']
//             | spec.{nodeName,serviceAccountName} | status.{podIP,podIPs,hostIP,hostIPs}
//   resource := ( "limits" | "requests" ) "." ( cpu | memory | ephemeral-storage | hugepages-SIZE )
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/format/json_tree.h"
#include "model/strategy/pod_resources.h"

namespace podo::pod {

// What the pod itself does not say.
struct DownwardFacts {
  std::vector<std::string> pod_ips, host_ips;
  strategy::Amounts allocatable;  // of the node: the limits of a container that has none
};

// Labels and annotations as a whole are lines KEY="VALUE", by key, the value as Go quotes it; absent ones of
// ['KEY'] are "". Lists of addresses have a comma between.
Result<std::string> field_value(const json::Item& pod, std::string_view field, const DownwardFacts& facts);

// `selector`: a resourceFieldRef {resource, divisor, containerName}. `own`: the container that asks, for one
// that names none; null in volumes, where one must be named. Rounded up to whole divisors (CPUs, bytes).
Result<std::string> resource_value(const json::Item& pod, const json::Item& selector, const json::Item* own,
                                   const DownwardFacts& facts);

// As fmt's %q: in double quotes, with \n, \", \\, \x07, é as it is.
std::string quoted(std::string_view text);

}  // namespace podo::pod
