// CronJobs: a Job at each time of a schedule, and the last few finished ones kept.
//
// The name of a Job says its time, in minutes since 1970, so that no time gets two of them.
#pragma once

#include "cluster/control/plan.h"
#include "cluster/workloads/cron.h"

namespace podo::controllers {

struct CronJobInput {
  const json::Item& wanted;
  const Facts& self;
  const std::vector<json::Tree>& jobs;  // all that it controls
  const Result<TimeZone>& zone;         // of spec.timeZone
  Seconds now;
};
Plan plan_cron_job(const CronJobInput& in);

}  // namespace podo::controllers
