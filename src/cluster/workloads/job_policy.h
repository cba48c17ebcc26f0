// A Job's policies: what a failed pod means (podFailurePolicy), and when enough has succeeded
// (successPolicy).
#pragma once

#include "cluster/control/facts.h"
#include "cluster/workloads/job_indexes.h"

namespace podo::controllers {

enum class PodFailure : std::uint8_t { count, ignore, fail_index, fail_job };
struct FailureVerdict {
  PodFailure what = PodFailure::count;
  std::string why = {};  // of fail_job: for the condition
};
// `policy`: spec.podFailurePolicy or null. The first rule that matches decides.
FailureVerdict judge_failure(const json::Item* policy, const Pod& pod);

// The message of the condition when one of the rules is met.
std::optional<std::string> success_met(const json::Item* policy, const Indexes& completed,
                                       std::int64_t completions);

}  // namespace podo::controllers
