#include "cluster/workloads/cron.h"

#include "base/core/timestamp.h"
#include "cluster/control/plans_testing.h"
#include "cluster/workloads/cron_job_plan.h"

namespace podo::controllers {
namespace {

Seconds at(std::string_view time) { return parse_rfc3339(time)->ns / 1'000'000'000; }

// A TZif file of nothing but its rule.
TimeZone zone_of(std::string_view rule) {
  std::string file;
  for (const char* version : {"", "2"}) {
    file += "TZif";
    file += *version != '\0' ? *version : '\0';
    file.append(15, '\0');
    for (const int count : {0, 0, 0, 0, 1, 4}) file.append(3, '\0').push_back(static_cast<char>(count));
    file.append(6, '\0');
    file.append("UTC\0", 4);
  }
  file.append("\n").append(rule).append("\n");
  auto zone = TimeZone::parse(file);
  REQUIRE_MESSAGE(zone.has_value(), rule);
  return *std::move(zone);
}

std::string next(std::string_view schedule, std::string_view after, const TimeZone& zone = {}) {
  const auto cron = Cron::parse(schedule);
  REQUIRE_MESSAGE(cron.has_value(), schedule);
  const auto found = cron->next(at(after), zone);
  return found ? time_text(*found) : "never";
}

}  // namespace

TEST_CASE("the next time of a schedule") {
  struct Case {
    std::string_view schedule, after, next;
  };
  for (const Case& each : {
           Case{"* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"},
           {"*/15 * * * *", "2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"},
           {"5-10/5 3 * * *", "2026-01-01T03:05:30Z", "2026-01-01T03:10:00Z"},
           {"0 0 31 * *", "2026-04-01T00:00:00Z", "2026-05-31T00:00:00Z"},
           {"0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
           {"0 12 * * MON-fri", "2026-01-02T12:00:00Z", "2026-01-05T12:00:00Z"},  // a Friday
           {"0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"},        // either is enough
           {"0 0 */2 * 1", "2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z"},  // both, when one begins with *
           {"0 0 1 JAN,jul ?", "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z"},
           {"@hourly", "2026-01-01T00:59:59Z", "2026-01-01T01:00:00Z"},
           {"@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"},
           {"@every 1h30m", "2026-01-01T00:00:10Z", "2026-01-01T01:30:10Z"},
           {"0 0 30 2 *", "2026-01-01T00:00:00Z", "never"},
       })
    CHECK_EQ(next(each.schedule, each.after), each.next);
  for (const std::string_view wrong :
       {"", "* * * *", "60 * * * *", "* * 0 * *", "x * * * *", "*/0 * * * *", "5-1 * * * *", "@never"})
    CHECK_FALSE(Cron::parse(wrong).has_value());
}

TEST_CASE("schedules in a time zone") {
  const TimeZone berlin = zone_of("CET-1CEST,M3.5.0,M10.5.0/3"), india = zone_of("IST-5:30"),
                 sydney = zone_of("AEST-10AEDT,M10.1.0,M4.1.0/3");
  CHECK(berlin.offset_at(at("2026-03-29T00:59:59Z")) == 3600);
  CHECK(berlin.offset_at(at("2026-03-29T01:00:00Z")) == 7200);
  CHECK(berlin.offset_at(at("2026-10-25T01:00:00Z")) == 3600);
  CHECK(sydney.offset_at(at("2026-01-01T00:00:00Z")) == 39'600);
  CHECK(sydney.offset_at(at("2026-07-01T00:00:00Z")) == 36'000);
  CHECK(next("0 9 * * *", "2026-01-01T00:00:00Z", india) == "2026-01-01T03:30:00Z");
  CHECK(next("0 9 * * *", "2026-07-01T00:00:00Z", berlin) == "2026-07-01T07:00:00Z");
  // 02:30 is left out in spring, and comes twice in autumn.
  CHECK(next("30 2 * * *", "2026-03-28T12:00:00Z", berlin) == "2026-03-30T00:30:00Z");
  CHECK(next("30 2 * * *", "2026-10-24T12:00:00Z", berlin) == "2026-10-25T00:30:00Z");
  CHECK(next("30 2 * * *", "2026-10-25T00:30:00Z", berlin) == "2026-10-25T01:30:00Z");
  CHECK_FALSE(TimeZone::parse("TZif").has_value());
}

TEST_CASE("times that were missed") {
  const Cron cron = *Cron::parse("0 * * * *");
  const auto missed = cron.missed(at("2026-01-01T00:00:00Z"), at("2026-01-01T03:30:00Z"), {});
  CHECK(missed.count == 3);
  CHECK(missed.last == at("2026-01-01T03:00:00Z"));
  const auto many = cron.missed(at("2020-01-01T00:00:00Z"), at("2026-01-01T03:30:00Z"), {});
  CHECK(many.count == 101);
  CHECK(many.last == at("2026-01-01T03:00:00Z"));
}

namespace {

struct CronCase {
  std::string_view spec = R"("schedule":"0 * * * *")", status = "{}";
  std::string_view now = "2026-01-01T03:00:05Z";
};

Plan plan_of(const CronCase& in, std::initializer_list<std::string_view> job_texts) {
  const json::Tree wanted = tree_of(text(R"({{"metadata":{{"name":"c","namespace":"default","uid":"u",
    "creationTimestamp":"2026-01-01T02:30:00Z"}},"spec":{{{},"successfulJobsHistoryLimit":1,
    "jobTemplate":{{"metadata":{{"labels":{{"x":"y"}}}},"spec":{{"parallelism":1}}}}}},"status":{}}})",
                                         in.spec, in.status));
  const Facts self = self_of(Kind::cron_job, wanted);
  std::vector<json::Tree> jobs;
  for (const std::string_view job : job_texts) jobs.push_back(tree_of(job));
  const Result<TimeZone> zone = TimeZone();
  return plan_cron_job({wanted.root(), self, jobs, zone, at(in.now)});
}

constexpr std::string_view running =
    R"({"metadata":{"name":"c-1","uid":"1"},"status":{"startTime":"2026-01-01T01:00:00Z"}})";

}  // namespace

TEST_CASE("a CronJob starts what is due, once") {
  const Plan due = plan_of({}, {});
  CHECK(told(due) == "create Job c-29453940, status CronJob c");
  CHECK(due.again_after == 3595);
  CHECK(kube::text_at(due.writes[0].object.root(), "metadata.labels.x") == "y");
  CHECK(kube::text_at(due.writes[1].object.root(), "status.lastScheduleTime") == "2026-01-01T03:00:00Z");
  CHECK(told(plan_of({.status = R"({"lastScheduleTime":"2026-01-01T03:00:00Z"})"}, {})).empty());
  CHECK(told(plan_of({.now = "2026-01-01T02:59:00Z"}, {})).empty());
  CHECK(told(plan_of({.spec = R"("schedule":"0 * * * *","suspend":true)"}, {})).empty());
  const Plan late = plan_of(
      {.spec = R"("schedule":"0 * * * *","startingDeadlineSeconds":10)", .now = "2026-01-01T03:05:00Z"}, {});
  CHECK(told(late).empty());
}

TEST_CASE("what a CronJob does while a Job runs") {
  const CronCase forbid{.spec = R"("schedule":"0 * * * *","concurrencyPolicy":"Forbid")"};
  CHECK(told(plan_of(forbid, {running})) == "status CronJob c");
  CHECK(plan_of(forbid, {running}).said[0].reason == "JobAlreadyActive");
  const CronCase replace{.spec = R"("schedule":"0 * * * *","concurrencyPolicy":"Replace")"};
  CHECK(told(plan_of(replace, {running})) == "remove Job c-1, create Job c-29453940, status CronJob c");
}

TEST_CASE("a CronJob keeps as many finished Jobs as it shall") {
  const auto done = [](int number) {
    return text(R"({{"metadata":{{"name":"c-{}","uid":"{}"}},"status":{{"startTime":"2026-01-01T0{}:00:00Z",
      "completionTime":"2026-01-01T0{}:30:00Z","conditions":[{{"type":"Complete","status":"True"}}]}}}})",
                number, number, number, number);
  };
  const std::string one = done(1), two = done(2);
  const Plan plan = plan_of(
      {.status = R"({"lastScheduleTime":"2026-01-01T03:00:00Z","active":[{"name":"c-2"}]})"}, {one, two});
  CHECK(told(plan) == "remove Job c-1, status CronJob c");
  CHECK(plan.said[0].message == "Saw completed job: c-2, condition: Complete");
  CHECK(kube::text_at(plan.writes[1].object.root(), "status.lastSuccessfulTime") == "2026-01-01T02:30:00Z");
  CHECK(kube::size_at(plan.writes[1].object.root(), "status.active") == 0);
}

}  // namespace podo::controllers
