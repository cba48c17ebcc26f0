// Status: what the API is told of a pod. A pure function of the pod, what was observed and what was said
// before: phase, conditions and containers' states, in the words of the kubelet.
//
//   json::Tree now = status(pod, seen, previous, wall);
//   std::optional<std::string> patch = status_patch(pod, now.root());    // absent: nothing is new
//
// What others wrote into it (conditions of other types, nominatedNodeName) stays as it is. Phases never go
// back from Succeeded or Failed, and become so only when nothing of the pod runs any more.
#pragma once

#include <optional>
#include <string>

#include "base/format/json_tree.h"
#include "cluster/pod/observation.h"

namespace podo::pod {

// `previous`: what this gave the last time; the pod's own status in the beginning.
json::Tree status(const json::Item& pod, const Observation& seen, const json::Item& previous, Moment now);

// A strategic merge patch of the subresource `status` that makes the pod's status this one.
std::optional<std::string> status_patch(const json::Item& pod, const json::Item& status);

}  // namespace podo::pod
