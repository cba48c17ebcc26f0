// Properties of all controllers together, in simulated clusters with faults.
#include <algorithm>
#include <set>

#include "cluster/control/conditions.h"
#include "cluster/controllers/controllers_testing.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::number_at;
using kube::text_at;

constexpr Faults some_faults{.conflicts = 50, .lost_requests = 30, .lost_answers = 20, .ended_watches = 5};
constexpr int worlds = 20;

std::string workload(std::string_view api, std::string_view kind, std::string_view name,
                     std::string_view spec, std::string_view restart = "Always", int image = 1) {
  return text(R"({{"apiVersion":"{}","kind":"{}","metadata":{{"name":"{}"}},"spec":{{{}{}
    "template":{{"metadata":{{"labels":{{"app":"{}"}}}},
    "spec":{{"restartPolicy":"{}","containers":[{{"name":"c","image":"i:{}"}}]}}}}}}}})",
              api, kind, name,
              kind == "Job" ? std::string() : text(R"("selector":{{"matchLabels":{{"app":"{}"}}}},)", name),
              spec, name, restart, image);
}

bool is_active(const json::Item& pod) {
  const std::string_view phase = text_at(pod, "status.phase");
  return kube::find_at(pod, "metadata.deletionTimestamp") == nullptr && phase != "Succeeded" &&
         phase != "Failed";
}
bool is_ready(const json::Item& pod) {
  return is_active(pod) && condition_holds(kube::part_at(pod, "status"), "Ready");
}

int count(FakeCluster& c, bool (*which)(const json::Item&), std::string_view app = "web") {
  int found = 0;
  for (const json::Tree* pod : c.api.all("pods"))
    found += text_at(pod->root(), "metadata.labels.app") == app && which(pod->root());
  return found;
}

// As kubectl does it: read, change, write, again when somebody was faster. It counts as a new generation.
void change(FakeCluster& c, const std::string& key, const std::function<void(json::Item& spec)>& edit) {
  json::Item& object = c.at(key);
  edit(object.member("spec"));
  object.member("metadata").member("generation").set_number(number_at(object, "metadata.generation") + 1);
  c.api.changed(key);
}

void set_image(json::Item& spec, int image) {
  spec.find("template", "spec", "containers")->first()->member("image").set_string(text("i:{}", image));
}

int pods_of_image(FakeCluster& c, int image) {
  int found = 0;
  for (const json::Tree* pod : c.api.all("pods"))
    found += is_ready(pod->root()) && text_at(pod->root(), "spec.containers[0].image") == text("i:{}", image);
  return found;
}

Task<void> replica_sets_converge(FakeCluster& c) {
  const std::string key = c.api.make(workload("apps/v1", "ReplicaSet", "web", R"("replicas":5,)"));
  CHECK(co_await c.settles(
      [&] { return count(c, is_ready) == 5 && number_at(c.at(key), "status.readyReplicas") == 5; }));
  change(c, key, [](json::Item& spec) { spec.member("replicas").set_number(2); });
  CHECK(co_await c.settles(
      [&] { return count(c, is_active) == 2 && number_at(c.at(key), "status.replicas") == 2; }));
  const int writes = c.api.writes;
  co_await io::sleep(seconds(600));
  CHECK(c.api.writes - writes < 10);  // at rest; only controllers that begin anew say something
}

// The sum of what the ReplicaSets want stays below the surge, and a removed pod is never one too many.
Task<void> rollouts_keep_their_bounds(FakeCluster& c) {
  const int replicas = 6;
  bool reached = false;
  c.api.observe = [&] {
    std::int64_t wanted = 0;
    for (const json::Tree* set : c.api.all("replicasets")) wanted += number_at(set->root(), "spec.replicas");
    CHECK(wanted <= replicas + 2);
  };
  c.api.removing = [&](const json::Item& pod) {
    if (!reached || !is_ready(pod)) return;
    CHECK(count(c, is_ready) - 1 >= replicas - 1);
  };
  const std::string key = c.api.make(workload("apps/v1", "Deployment", "web",
                                              R"("replicas":6,"strategy":{"type":"RollingUpdate",
      "rollingUpdate":{"maxSurge":2,"maxUnavailable":1}},)"));
  CHECK(co_await c.settles([&] { return pods_of_image(c, 1) == 6; }));
  reached = true;
  for (const int image : {2, 3, 1}) {
    change(c, key, [&](json::Item& spec) { set_image(spec, image); });
    co_await io::sleep(seconds(static_cast<std::int64_t>(c.loop.random().below(20))));
  }
  CHECK(co_await c.settles([&] {
    return pods_of_image(c, 1) == 6 && count(c, is_active) == 6 &&
           reason_of(kube::part_at(c.at(key), "status"), "Progressing") == "NewReplicaSetAvailable";
  }));
  CHECK(number_at(c.at(key), "status.availableReplicas") == 6);
  reached = false;
  c.api.observe = [] {};
  change(c, key, [](json::Item& spec) { spec.member("replicas").set_number(1); });
  CHECK(co_await c.settles([&] { return count(c, is_active) == 1; }));
  c.api.erase(key);
  CHECK(co_await c.settles([&] { return c.api.all("replicasets").empty() && c.api.all("pods").empty(); }));
}

Task<void> recreation_never_mixes(FakeCluster& c) {
  c.api.observe = [&] {
    std::set<std::string> images;
    for (const json::Tree* pod : c.api.all("pods"))
      if (text_at(pod->root(), "status.phase") == "Running")
        images.emplace(text_at(pod->root(), "spec.containers[0].image"));
    CHECK(images.size() <= 1);
  };
  const std::string key =
      c.api.make(workload("apps/v1", "Deployment", "web", R"("replicas":3,"strategy":{"type":"Recreate"},)"));
  CHECK(co_await c.settles([&] { return pods_of_image(c, 1) == 3; }));
  change(c, key, [](json::Item& spec) { set_image(spec, 2); });
  CHECK(co_await c.settles([&] { return pods_of_image(c, 2) == 3 && count(c, is_active) == 3; }));
}

Task<void> stateful_sets_are_orderly(FakeCluster& c) {
  bool growing = true;
  c.api.observe = [&] {
    if (!growing) return;
    for (int ordinal = 1; ordinal < 4; ++ordinal)  // nobody before the one before him
      if (c.api.find(text("pods/default/web-{}", ordinal)))
        CHECK(c.api.find(text("pods/default/web-{}", ordinal - 1)));
  };
  const std::string key =
      c.api.make(workload("apps/v1", "StatefulSet", "web", R"("replicas":4,"serviceName":"s",
    "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],
    "resources":{"requests":{"storage":"1Gi"}}}}],)"));
  CHECK(co_await c.settles(
      [&] { return count(c, is_ready) == 4 && number_at(c.at(key), "status.readyReplicas") == 4; }));
  CHECK(c.api.all("persistentvolumeclaims").size() == 4);
  growing = false;
  c.api.removing = [&](const json::Item&) { CHECK(count(c, is_ready) == 4); };  // one at a time
  change(c, key, [](json::Item& spec) { set_image(spec, 2); });
  CHECK(co_await c.settles([&] {
    return pods_of_image(c, 2) == 4 &&
           text_at(c.at(key), "status.currentRevision") == text_at(c.at(key), "status.updateRevision");
  }));
  c.api.removing = [](const json::Item&) {};
  change(c, key, [](json::Item& spec) { spec.member("replicas").set_number(1); });
  CHECK(
      co_await c.settles([&] { return c.api.all("pods").size() == 1 && c.api.find("pods/default/web-0"); }));
  CHECK(c.api.all("persistentvolumeclaims").size() == 4);
}

Task<void> daemons_are_everywhere(FakeCluster& c) {
  const std::string key = c.api.make(workload("apps/v1", "DaemonSet", "web", ""));
  const auto one_each = [&] {
    std::set<std::string_view> nodes;
    for (const json::Tree* pod : c.api.all("pods"))
      if (is_ready(pod->root())) nodes.insert(text_at(pod->root(), "spec.nodeName"));
    return nodes.size() == c.nodes.nodes.size() && count(c, is_active) == static_cast<int>(nodes.size());
  };
  CHECK(co_await c.settles(one_each));
  c.nodes.nodes.push_back("n4");
  c.api.make(R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"n4"}})");
  CHECK(co_await c.settles(one_each));
  c.api.removing = [&](const json::Item& pod) {
    if (is_ready(pod)) CHECK(count(c, is_ready) == 4);
  };
  change(c, key, [](json::Item& spec) { set_image(spec, 2); });
  CHECK(co_await c.settles([&] { return pods_of_image(c, 2) == 4 && one_each(); }));
  CHECK(number_at(c.at(key), "status.updatedNumberScheduled") == 4);
}

Task<void> jobs_count_every_pod(FakeCluster& c) {
  c.nodes.ends = true;
  c.nodes.failures = 20;
  const std::string plain = c.api.make(
      workload("batch/v1", "Job", "web", R"("completions":6,"parallelism":3,"backoffLimit":100,)", "Never"));
  const std::string by_index = c.api.make(
      workload("batch/v1", "Job", "many",
               R"("completions":5,"parallelism":2,"completionMode":"Indexed","backoffLimit":100,)", "Never"));
  const auto complete = [&](const std::string& key) {
    return condition_holds(kube::part_at(c.at(key), "status"), "Complete");
  };
  CHECK(co_await c.settles([&] { return complete(plain) && complete(by_index); }, seconds(36'000)));
  std::int64_t succeeded = 0;
  for (const json::Tree* pod : c.api.all("pods")) {
    CHECK(kube::size_at(pod->root(), "metadata.finalizers") == 0);
    succeeded += text_at(pod->root(), "metadata.labels.app") == "web" &&
                 text_at(pod->root(), "status.phase") == "Succeeded";
  }
  CHECK(number_at(c.at(plain), "status.succeeded") == succeeded);
  CHECK(succeeded >= 6);
  CHECK(text_at(c.at(by_index), "status.completedIndexes") == "0-4");
  CHECK(number_at(c.at(by_index), "status.succeeded") == 5);
  CHECK(number_at(c.at(plain), "status.active") == 0);
}

Task<void> jobs_fail_for_good(FakeCluster& c) {
  c.nodes.ends = true;
  c.nodes.failures = 100;
  const std::string key = c.api.make(
      workload("batch/v1", "Job", "web", R"("completions":3,"parallelism":2,"backoffLimit":2,)", "Never"));
  CHECK(co_await c.settles([&] { return condition_holds(kube::part_at(c.at(key), "status"), "Failed"); }));
  CHECK(reason_of(kube::part_at(c.at(key), "status"), "Failed") == "BackoffLimitExceeded");
  CHECK(number_at(c.at(key), "status.failed") >= 3);
  c.api.erase(key);
  CHECK(co_await c.settles([&] { return c.api.all("pods").empty(); }));
}

Task<void> cron_jobs_keep_time(FakeCluster& c) {
  c.nodes.ends = true;
  std::set<std::string> started;
  c.api.observe = [&] {
    for (const json::Tree* job : c.api.all("jobs")) started.emplace(text_at(job->root(), "metadata.name"));
  };
  c.api.make(R"({"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"tick"},"spec":{
    "schedule":"*/5 * * * *","successfulJobsHistoryLimit":2,"jobTemplate":{"spec":{"template":{
    "spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}})");
  co_await io::sleep(seconds(3600 + 60));
  CHECK(started.size() >= 11);
  CHECK(started.size() <= 12);
  CHECK(co_await c.settles([&] { return c.api.all("jobs").size() <= 3 && c.api.all("pods").size() <= 3; }));
}

}  // namespace

TEST_CASE("a ReplicaSet comes to rest with as many pods as it wants") {
  in_many_worlds(worlds, {}, replica_sets_converge);
  in_many_worlds(worlds, some_faults, replica_sets_converge);
}
TEST_CASE("a rollout stays within surge and availability") {
  in_many_worlds(worlds, {}, rollouts_keep_their_bounds);
  in_many_worlds(worlds, some_faults, rollouts_keep_their_bounds);
}
TEST_CASE("recreating never runs old and new side by side") {
  in_many_worlds(worlds, some_faults, recreation_never_mixes);
}
TEST_CASE("a StatefulSet grows, changes and shrinks in order") {
  in_many_worlds(worlds, {}, stateful_sets_are_orderly);
  in_many_worlds(worlds, some_faults, stateful_sets_are_orderly);
}
TEST_CASE("a DaemonSet has one pod on every node") {
  in_many_worlds(worlds, {}, daemons_are_everywhere);
  in_many_worlds(worlds, some_faults, daemons_are_everywhere);
}
TEST_CASE("a Job counts every pod once") {
  in_many_worlds(worlds, {}, jobs_count_every_pod);
  in_many_worlds(worlds, some_faults, jobs_count_every_pod);
}
TEST_CASE("a Job that fails leaves nothing behind") {
  in_many_worlds(worlds, some_faults, jobs_fail_for_good);
}
TEST_CASE("a CronJob starts a Job at each of its times") {
  in_many_worlds(worlds / 3, {}, cron_jobs_keep_time);
  in_many_worlds(worlds / 3, some_faults, cron_jobs_keep_time);
}

}  // namespace podo::controllers
