// A day in the life of a cluster, in seconds: users who change their minds, machines that die, parts that are
// killed at any moment. What must never be so is watched all the time (DayCluster), what must be so in the
// end is looked at when the day is over.
//
//   PODO_SEED=17 PODO_HOURS=24 build/dev/cluster_day        the same day again
#include <doctest/doctest.h>
#include <stdlib.h>

#include "base/io/combine.h"
#include "base/io/timer.h"
#include "day_cluster.h"
#include "model/kube/path.h"

namespace podo::simulation {
namespace {

using kube::number_at;
using kube::text_at;

constexpr Chances chances;

std::string template_of(std::string_view app, std::string_view restart, int version) {
  return text(R"("template":{{"metadata":{{"labels":{{"app":"{}"}}}},"spec":{{"restartPolicy":"{}",
      "terminationGracePeriodSeconds":5,"containers":[{{"name":"c","image":"i:{}",
      "resources":{{"requests":{{"cpu":"{}m"}}}}}}]}}}})",
              app, restart, version, pod_millicores);
}
std::string workload(std::string_view kind, std::string_view name, int replicas, std::string_view more) {
  const std::string count = replicas < 0 ? "" : text(R"("replicas":{},)", replicas);
  return text(
      R"({{"apiVersion":"apps/v1","kind":"{}","metadata":{{"name":"{}","namespace":"default"}},"spec":{{
      {}{}"selector":{{"matchLabels":{{"app":"{}"}}}},{}}}}})",
      kind, name, count, more, name, template_of(name, "Always", 1));
}
std::string job(std::string_view name, int completions) {
  return text(
      R"({{"apiVersion":"batch/v1","kind":"Job","metadata":{{"name":"{}","namespace":"default"}},"spec":{{
      "completions":{},"parallelism":2,"backoffLimit":1000,"ttlSecondsAfterFinished":600,{}}}}})",
      name, completions, template_of(name, "Never", 1));
}

void set_version(json::Item& object, std::uint64_t version) {
  object.find("spec", "template", "spec", "containers")
      ->first()
      ->member("image")
      .set_string(text("i:{}", version));
}

// What users want; they change their minds every few minutes.
class Users {
 public:
  explicit Users(DayCluster& cluster) : c_(cluster) {}

  Task<void> begin() {
    for (const char* name : {"web", "cart", "pay"})
      co_await c_.apply(workload("Deployment", name, 3,
                                 R"("strategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":1}},)"));
    co_await c_.apply(workload("StatefulSet", "base", 3, R"("serviceName":"base",)"));
    co_await c_.apply(workload("DaemonSet", "watch", -1, ""));
    co_await c_.apply(text(
        R"({{"apiVersion":"batch/v1","kind":"CronJob","metadata":{{"name":"tick","namespace":"default"}},
        "spec":{{
        "schedule":"*/10 * * * *","concurrencyPolicy":"Forbid",
        "jobTemplate":{{"spec":{{"backoffLimit":100,{}}}}}}}}})",
        template_of("tick", "Never", 1)));
  }

  Task<void> act() {
    constexpr const char* deployments[] = {"web", "cart", "pay"};
    const std::string name = deployments[c_.below(3)];
    switch (c_.below(8)) {
      case 0:
      case 1:
        co_await c_.change("deployments", name, [this](json::Item& it) { set_version(it, ++versions_); });
        break;
      case 2:
        co_await c_.change("deployments", name, [this](json::Item& it) {
          it.member("spec").member("replicas").set_number(static_cast<std::int64_t>(c_.below(8)));
        });
        break;
      case 3:
        co_await c_.change("statefulsets", "base", [this](json::Item& it) { set_version(it, ++versions_); });
        break;
      case 4:
        co_await c_.change("statefulsets", "base", [this](json::Item& it) {
          it.member("spec").member("replicas").set_number(static_cast<std::int64_t>(1 + c_.below(4)));
        });
        break;
      case 5: co_await c_.apply(job(text("job-{}", ++jobs_), 1 + static_cast<int>(c_.below(4)))); break;
      case 6: co_await kill_a_pod(); break;
      default:
        co_await c_.change("daemonsets", "watch", [this](json::Item& it) { set_version(it, ++versions_); });
    }
  }

 private:
  Task<void> kill_a_pod() {
    const std::vector<json::Tree> pods = co_await c_.all("pods");
    if (pods.empty()) co_return;
    const json::Tree& unlucky = pods[c_.below(pods.size())];
    co_await c_.remove("pods", std::string(text_at(unlucky.root(), "metadata.name")));
  }

  DayCluster& c_;
  std::uint64_t versions_ = 1;
  int jobs_ = 0;
};

Task<void> machines_die(DayCluster& c) {
  for (;;) {
    co_await c.pause(seconds(2 * 3600));
    const auto unlucky = static_cast<std::size_t>(c.below(c.nodes()));
    c.kill_node(unlucky);
    co_await c.pause(seconds(1200));  // shorter than it takes to be told of, or long enough to be evicted
    c.revive_node(unlucky);
  }
}

bool is_active(const json::Item& pod) {
  const std::string_view phase = text_at(pod, "status.phase");
  return kube::find_at(pod, "metadata.deletionTimestamp") == nullptr && phase != "Succeeded" &&
         phase != "Failed";
}

// Every workload has the pods it wants, of the version it wants, and says so.
Task<bool> at_rest(DayCluster& c) {
  std::map<std::string, std::int64_t> pods;  // "app image" -> how many
  for (const json::Tree& pod : co_await c.all("pods")) {
    if (!is_active(pod.root())) continue;
    if (text_at(pod.root(), "status.phase") != "Running") co_return false;
    pods[text("{} {}", text_at(pod.root(), "metadata.labels.app"),
              text_at(pod.root(), "spec.containers[0].image"))]++;
  }
  for (const char* plural : {"deployments", "statefulsets", "daemonsets"}) {
    for (const json::Tree& each : co_await c.all(plural)) {
      const json::Item& it = each.root();
      const bool everywhere = std::string_view(plural) == "daemonsets";
      const std::int64_t wanted =
          everywhere ? static_cast<std::int64_t>(c.nodes()) : number_at(it, "spec.replicas");
      const std::string image(text_at(it, "spec.template.spec.containers[0].image"));
      const std::string key = text("{} {}", text_at(it, "metadata.name"), image);
      if (pods[key] != wanted) co_return false;
      pods.erase(key);
      if (number_at(it, everywhere ? "status.numberAvailable" : "status.availableReplicas") != wanted ||
          number_at(it, "status.observedGeneration") != number_at(it, "metadata.generation"))
        co_return false;
    }
  }
  for (const auto& [key, count] : pods)  // of Jobs only
    if (!key.starts_with("job-") && !key.starts_with("tick")) co_return false;
  co_return true;
}

// Those of users end, and go by their ttl; those of the CronJob are as many as it keeps.
Task<bool> no_job_is_left(DayCluster& c) {
  for (const json::Tree& job : co_await c.all("jobs"))
    if (text_at(job.root(), "metadata.name").starts_with("job-")) co_return false;
  co_return true;
}

Task<void> check_evening(DayCluster& c) {
  CHECK(co_await c.settles([&c] { return at_rest(c); }, seconds(3 * 3600)));
  CHECK(co_await c.settles([&c] { return no_job_is_left(c); }, seconds(3 * 3600)));
  std::set<std::string, std::less<>> owners;
  for (const char* plural :
       {"deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "cronjobs", "nodes"})
    for (const json::Tree& each : co_await c.all(plural))
      owners.emplace(text_at(each.root(), "metadata.uid"));
  for (const char* plural : {"replicasets", "pods", "jobs"})
    for (const json::Tree& each : co_await c.all(plural))
      for (const json::Item& owner : kube::children_at(each.root(), "metadata.ownerReferences"))
        CHECK_MESSAGE(owners.contains(text_at(owner, "uid")), text_at(each.root(), "metadata.name"));
}

Task<void> a_day(DayCluster& c, Duration length) {
  Users users(c);
  co_await users.begin();
  const Monotonic evening = c.loop.clock().now() + length;
  {
    io::TaskGroup fate(c.loop);
    fate.spawn(machines_die(c), "the fate of machines");
    while (c.loop.clock().now() < evening) {
      co_await c.pause(seconds(600));
      co_await users.act();
    }
    fate.cancel();
    co_await fate.join();
  }
  for (std::size_t i = 0; i < c.nodes(); ++i)
    if (!c.is_alive(i)) c.revive_node(i);
  co_await check_evening(c);
}

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  const char* words = ::getenv(variable);
  return words != nullptr ? ::strtoull(words, nullptr, 10) : otherwise;
}

// The digest of everything that happened.
std::uint64_t live(std::uint64_t seed, Duration length) {
  CAPTURE(seed);
  DayCluster cluster(seed, 4, chances);
  const Result<void> ran =
      cluster.loop.run(cluster.run([length](DayCluster& c) { return a_day(c, length); }));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  for (const std::string& complaint : cluster.complaints) FAIL_CHECK(complaint);
  CHECK(cluster.deaths > 0);
  return cluster.loop.trace_digest();
}

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::uint64_t hours = 6;
#else
constexpr std::uint64_t hours = 24;
#endif

}  // namespace

TEST_CASE("a day of a cluster ends with everything as its users want it") {
  const auto length = seconds(static_cast<std::int64_t>(3600 * number_of("PODO_HOURS", hours)));
  live(number_of("PODO_SEED", 1), length);
}

TEST_CASE("a day can be lived again, to the last step") {
  CHECK(live(2, seconds(1800)) == live(2, seconds(1800)));
}

}  // namespace podo::simulation
