#include "cluster/workloads/cron_job_plan.h"

#include <algorithm>

#include "cluster/control/claims.h"
#include "cluster/control/conditions.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::find_at;
using kube::number_at;
using kube::part_at;
using kube::text_at;

// "" while it is not finished.
std::string_view end_of(const json::Item& job) {
  for (const std::string_view type : {"Complete", "Failed"})
    if (condition_holds(part_at(job, "status"), type)) return type;
  return {};
}

// As http dates with a numeric zone: "Mon, 02 Jan 2006 15:04:05 +0000".
std::string long_date(Seconds at) {
  constexpr std::string_view days = "SunMonTueWedThuFriSat", months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const Civil civil = civil_of(at);
  const auto two = [](int value) { return text("{}{}", value / 10, value % 10); };
  return text("{}, {} {} {} {}:{}:{} +0000", days.substr(static_cast<std::size_t>(civil.weekday) * 3, 3),
              two(civil.day), months.substr(static_cast<std::size_t>(civil.month - 1) * 3, 3), civil.year,
              two(civil.hour), two(civil.minute), two(civil.second));
}

struct CronPlan {
  explicit CronPlan(const CronJobInput& input)
      : in(input), status(json::Tree::copy_of(part_at(in.wanted, "status"))) {}

  void forget_ended();
  void keep_active(const json::Item& job);
  void clean_up(std::string_view end, std::string_view limit);
  void start_due();
  bool may_start(Seconds at);
  void start(Seconds at);
  void drop(const json::Item& job);
  void refer(json::Item& active, std::string_view name, std::string_view uid);
  Said warn(std::string_view reason, std::string message) {
    return {std::string(reason), std::move(message), true};
  }

  const CronJobInput& in;
  json::Tree status;
  std::vector<const json::Item*> running;
  Plan plan;
};

void CronPlan::refer(json::Item& active, std::string_view name, std::string_view uid) {
  json::Item& reference = active.append();
  reference.member("kind").set_string("Job");
  reference.member("namespace").set_string(in.self.name_space);
  reference.member("name").set_string(name);
  if (!uid.empty()) reference.member("uid").set_string(uid);
  reference.member("apiVersion").set_string("batch/v1");
}

void CronPlan::keep_active(const json::Item& job) {
  const std::string_view name = text_at(job, "metadata.name");
  bool known = false;
  for (const json::Item& active : kube::children_at(status.root(), "active"))
    if (text_at(active, "name") == name) known = true;
  const std::string_view end = end_of(job);
  if (end.empty()) {
    running.push_back(&job);
    return;
  }
  const Seconds done = time_at(job, "status.completionTime");
  if (end == "Complete" && done > time_at(status.root(), "lastSuccessfulTime"))
    status.root().member("lastSuccessfulTime").set_string(time_text(done));
  if (known)
    plan.said.push_back({"SawCompletedJob", text("Saw completed job: {}, condition: {}", name, end)});
}

void CronPlan::forget_ended() {
  for (const json::Tree& job : in.jobs) keep_active(job.root());
  for (const json::Item& active : kube::children_at(status.root(), "active")) {
    const std::string_view name = text_at(active, "name");
    if (!std::ranges::any_of(
            in.jobs, [&](const json::Tree& job) { return text_at(job.root(), "metadata.name") == name; }))
      plan.said.push_back({"MissingJob", text("Active job went missing: {}", name)});
  }
  status.root().remove("active");
  for (const json::Item* job : running)
    refer(status.root().member("active"), text_at(*job, "metadata.name"), text_at(*job, "metadata.uid"));
}

void CronPlan::drop(const json::Item& job) {
  Write write{.verb = Write::Verb::remove,
              .kind = Kind::job,
              .name_space = in.self.name_space,
              .name = std::string(text_at(job, "metadata.name")),
              .uid = std::string(text_at(job, "metadata.uid"))};
  write.done = {"SuccessfulDelete", "Deleted job %"};
  write.failed = {"FailedDelete", "Deleted job: %", true};
  plan.writes.push_back(std::move(write));
}

void CronPlan::clean_up(std::string_view end, std::string_view limit) {
  const json::Item* kept = find_at(in.wanted, limit);
  if (kept == nullptr) return;
  std::vector<const json::Item*> ended;
  for (const json::Tree& job : in.jobs)
    if (end_of(job.root()) == end && find_at(job.root(), "metadata.deletionTimestamp") == nullptr)
      ended.push_back(&job.root());
  std::ranges::sort(ended, [](const json::Item* a, const json::Item* b) {
    const Seconds left = time_at(*a, "status.startTime"), right = time_at(*b, "status.startTime");
    return left != right ? left < right : text_at(*a, "metadata.name") < text_at(*b, "metadata.name");
  });
  const auto more = static_cast<std::int64_t>(ended.size()) - kept->as_int64().value_or(0);
  for (std::int64_t i = 0; i < more; ++i) drop(*ended[static_cast<std::size_t>(i)]);
}

bool CronPlan::may_start(Seconds at) {
  if (const json::Item* deadline = find_at(in.wanted, "spec.startingDeadlineSeconds");
      deadline != nullptr && at + deadline->as_int64().value_or(0) < in.now) {
    plan.said.push_back(warn("MissSchedule", "Missed scheduled time to start a job: " + long_date(at)));
    return false;
  }
  const std::string_view policy = text_at(in.wanted, "spec.concurrencyPolicy");
  if (policy == "Forbid" && !running.empty()) {
    plan.said.push_back(
        {"JobAlreadyActive",
         "Not starting job because prior execution is running and concurrency policy is Forbid"});
    return false;
  }
  if (policy == "Replace")
    for (const json::Item* job : running) drop(*job);
  return true;
}

void CronPlan::start(Seconds at) {
  const json::Item& wanted = part_at(in.wanted, "spec.jobTemplate");
  const std::string name = text("{}-{}", in.self.name, at / 60);
  json::Tree tree;
  json::Item& job = tree.root();
  job.member("kind").set_string("Job");
  job.member("apiVersion").set_string("batch/v1");
  json::Item& metadata = job.member("metadata");
  metadata.member("name").set_string(name);
  metadata.member("namespace").set_string(in.self.name_space);
  for (const std::string_view part : {"labels", "annotations"})
    if (const json::Item* found = wanted.find("metadata", part); found != nullptr && found->size() != 0)
      metadata.member(part).copy(*found);
  metadata.member("annotations")
      .member("batch.kubernetes.io/cronjob-scheduled-timestamp")
      .set_string(time_text(at));
  write_owner(metadata.member("ownerReferences").append(), Kind::cron_job, in.self);
  job.member("spec").copy(part_at(wanted, "spec"));
  Write write = create(Kind::job, in.self.name_space, std::move(tree));
  write.name = name;
  write.done = {"SuccessfulCreate", "Created job %"};
  write.failed = {"FailedCreate", "Error creating job: %", true};
  plan.writes.push_back(std::move(write));
}

void CronPlan::start_due() {
  const std::string_view schedule = text_at(in.wanted, "spec.schedule");
  if (!in.zone) {
    plan.said.push_back(
        warn("UnknownTimeZone", text("invalid timeZone: \"{}\": {}", text_at(in.wanted, "spec.timeZone"),
                                     in.zone.error().message())));
    return;
  }
  if (kube::is_true_at(in.wanted, "spec.suspend")) return;
  const Result<Cron> cron = Cron::parse(schedule);
  if (!cron) {
    plan.said.push_back(warn("UnparseableSchedule",
                             text("unparseable schedule: \"{}\" : {}", schedule, cron.error().message())));
    return;
  }
  const Seconds last = time_at(in.wanted, "status.lastScheduleTime");
  Seconds since = last != 0 ? last : in.self.created;
  if (const json::Item* deadline = find_at(in.wanted, "spec.startingDeadlineSeconds"))
    since = std::max(since, in.now - deadline->as_int64().value_or(0) - 1);
  if (const auto next = cron->next(in.now, *in.zone)) plan.look_again(*next - in.now);
  const Cron::Missed missed = cron->missed(since, in.now, *in.zone);
  if (missed.count > 100)
    plan.said.push_back(
        warn("TooManyMissedTimes",
             "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check "
             "clock skew"));
  if (!missed.last || !may_start(*missed.last)) return;
  // A Job of that time may be there although the status does not say so yet: its write was lost.
  const std::string name = text("{}-{}", in.self.name, *missed.last / 60);
  const bool there = std::ranges::any_of(
      in.jobs, [&](const json::Tree& job) { return text_at(job.root(), "metadata.name") == name; });
  if (!there) start(*missed.last);
  status.root().member("lastScheduleTime").set_string(time_text(*missed.last));
}

}  // namespace

Plan plan_cron_job(const CronJobInput& in) {
  CronPlan cron(in);
  cron.forget_ended();
  if (!in.self.deleting()) {
    cron.clean_up("Complete", "spec.successfulJobsHistoryLimit");
    cron.clean_up("Failed", "spec.failedJobsHistoryLimit");
    cron.start_due();
  }
  // Last, and only when the Job could be made: lastScheduleTime says that it was.
  if (auto written = update_status(Kind::cron_job, in.wanted, cron.status.root()))
    cron.plan.writes.push_back(*std::move(written));
  return std::move(cron.plan);
}

}  // namespace podo::controllers
