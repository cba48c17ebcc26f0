// StatefulSets: pods that keep their names, NAME-0 to NAME-(n-1), and their volumes.
//
//   OrderedReady  pod after pod: the next one when the one before is available; removed from the last on
//   Parallel      all at once
//
// A new template replaces pods from the last down to the partition, one at a time. Until the pods all have
// it, those below the partition are made anew from the template that was current before.
#pragma once

#include <map>

#include "cluster/workloads/revisions.h"

namespace podo::controllers {

struct StatefulSetInput {
  const json::Item& wanted;
  const Facts& self;
  const Pods& pods;                                                       // all that it controls
  const std::map<std::string, const Facts*, std::less<>>& volume_claims;  // of the namespace, by name
  const Revisions& revisions;
  Seconds now;
};
Plan plan_stateful_set(const StatefulSetInput& in);

// Of "web-12" in "web": 12.
std::optional<std::int64_t> ordinal_of(std::string_view pod, std::string_view set);

// stateful_set_pod.cpp
json::Tree stateful_pod(const StatefulSetInput& in, std::int64_t ordinal, std::string_view revision);
std::string claim_name(const json::Item& claim_template, std::string_view set, std::int64_t ordinal);
// Claims of a pod that are not there. Absent: one of them is being deleted, and so must go first.
std::optional<std::vector<Write>> missing_claims(const StatefulSetInput& in, std::int64_t ordinal);
// spec.persistentVolumeClaimRetentionPolicy: who takes the claims with him. `leaving`: the pod, when it is
// beyond the replicas.
std::vector<Write> claim_owners(const StatefulSetInput& in, std::int64_t ordinal, const Pod* leaving);

}  // namespace podo::controllers
