// Jobs: pods that end, until enough of them have succeeded.
//
// Every pod keeps the finalizer batch.kubernetes.io/job-tracking until it has been counted, so that none is
// missed and none counted twice, whatever is restarted in between:
//
//   pod ends -> its uid into status.uncountedTerminatedPods -> the finalizer goes -> the uid becomes a number
//
// (of an Indexed one, success is its index in status.completedIndexes). The end comes in two steps as well:
// FailureTarget or SuccessCriteriaMet when it is decided, Failed or Complete when the last pod has ended.
#pragma once

#include "cluster/control/plan.h"

namespace podo::controllers {

struct JobInput {
  const json::Item& wanted;
  const Facts& self;
  const Pods& pods;  // all that it controls
  Seconds now;
};
Plan plan_job(const JobInput& in);

Write remove_finalizer(const Pod& pod);  // "batch.kubernetes.io/job-tracking"
bool is_finished(const json::Item& job);

// A pod of the Job; `index` of an Indexed one, which has failed `failures` times before.
json::Tree job_pod(const JobInput& in, std::optional<std::int64_t> index, std::int64_t failures);

// How long no new pod is to be made after failures in a row: 10 s, 20 s, ... 10 min after the last one.
Seconds job_backoff_left(const Pods& pods, Seconds now);

}  // namespace podo::controllers
