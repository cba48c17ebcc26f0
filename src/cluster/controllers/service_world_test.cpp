// Services, claims and budgets in simulated clusters with faults.
#include <algorithm>
#include <set>

#include "base/format/base64.h"
#include "cluster/control/conditions.h"
#include "cluster/controllers/controllers_testing.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::text_at;

constexpr Faults some_faults{.conflicts = 50, .lost_requests = 30, .lost_answers = 20, .ended_watches = 5};

constexpr std::string_view web_service = R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},
  "spec":{"clusterIP":"10.96.0.9","ipFamilies":["IPv4"],"selector":{"app":"web"},
  "ports":[{"name":"http","port":80,"targetPort":8080,"protocol":"TCP"}]}})";

std::string set_of(int replicas) {
  return text(
      R"({{"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{{"name":"web"}},"spec":{{"replicas":{},
    "selector":{{"matchLabels":{{"app":"web"}}}},"template":{{"metadata":{{"labels":{{"app":"web"}}}},
    "spec":{{"containers":[{{"name":"c","image":"i"}}]}}}}}}}})",
      replicas);
}

// uid -> ready, of what the slices say, and of what is so. Each pod once.
using Seen = std::map<std::string, bool>;

Seen in_slices(FakeCluster& c, bool& twice) {
  Seen seen;
  for (const json::Tree* slice : c.api.all("endpointslices")) {
    CHECK(kube::size_at(slice->root(), "endpoints") <= 100);
    for (const json::Item& endpoint : kube::children_at(slice->root(), "endpoints"))
      twice =
          !seen.emplace(text_at(endpoint, "targetRef.uid"), kube::is_true_at(endpoint, "conditions.ready"))
               .second ||
          twice;
  }
  return seen;
}

Seen in_endpoints(FakeCluster& c) {
  Seen seen;
  const json::Tree* endpoints = c.api.find("endpoints/default/web");
  if (endpoints == nullptr) return seen;
  for (const json::Item& subset : kube::children_at(endpoints->root(), "subsets"))
    for (const std::string_view list : {"addresses", "notReadyAddresses"})
      for (const json::Item& address : kube::children_at(subset, list))
        seen.emplace(text_at(address, "targetRef.uid"), list == "addresses");
  return seen;
}

Seen in_truth(FakeCluster& c) {
  Seen seen;
  for (const json::Tree* pod : c.api.all("pods")) {
    const std::unique_ptr<const Facts> facts = facts_of(Kind::pod, pod->root());
    if (!as_pod(*facts).ips.empty() && as_pod(*facts).active())
      seen.emplace(facts->uid, as_pod(*facts).ready);
  }
  return seen;
}

Task<void> slices_follow_pods(FakeCluster& c) {
  const std::string set = c.api.make(set_of(130));
  c.api.make(web_service);
  const auto true_now = [&] {
    bool twice = false;
    const Seen truth = in_truth(c);
    return in_slices(c, twice) == truth && in_endpoints(c) == truth && !twice && !truth.empty();
  };
  CHECK(co_await c.settles([&] { return true_now() && in_truth(c).size() == 130; }));
  for (const int replicas : {40, 3, 90}) {
    c.at(set).member("spec").member("replicas").set_number(replicas);
    c.api.changed(set);
    co_await io::sleep(seconds(static_cast<std::int64_t>(c.loop.random().below(30))));
  }
  CHECK(co_await c.settles([&] { return true_now() && in_truth(c).size() == 90; }));
  CHECK(c.api.all("endpointslices").size() <= 2);
  c.api.remove("services/default/web");
  CHECK(co_await c.settles(
      [&] { return c.api.all("endpointslices").empty() && c.api.find("endpoints/default/web") == nullptr; }));
}

Task<void> endpoints_of_others_are_mirrored(FakeCluster& c) {
  c.api.make(R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"ext"},"spec":{"clusterIP":"10.96.0.8",
    "ports":[{"port":80,"protocol":"TCP"}]}})");
  const std::string key = c.api.make(R"({"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"ext"},
    "subsets":[{"addresses":[{"ip":"10.1.2.3"}],"ports":[{"port":80,"protocol":"TCP"}]}]})");
  const auto address = [&](std::string_view ip) {
    const auto slices = c.api.all("endpointslices");
    return slices.size() == 1 && text_at(slices[0]->root(), "endpoints[0].addresses[0]") == ip;
  };
  CHECK(co_await c.settles([&] { return address("10.1.2.3"); }));
  c.at(key).member("subsets").first()->member("addresses").first()->member("ip").set_string("10.1.2.4");
  c.api.changed(key);
  CHECK(co_await c.settles([&] { return address("10.1.2.4"); }));
  c.api.erase(key);
  CHECK(co_await c.settles([&] { return c.api.all("endpointslices").empty(); }));
}

std::string claim_named(std::string_view name, std::string_view spec) {
  return text(R"({{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{{"name":"{}",
    "finalizers":["kubernetes.io/pvc-protection"]}},"spec":{{"accessModes":["ReadWriteOnce"],
    "resources":{{"requests":{{"storage":"1Gi"}}}},{}}}}})",
              name, spec);
}

// No volume ever has two claims, no claim two volumes, and all that can be bound is.
Task<void> volumes_and_claims_are_pairs(FakeCluster& c) {
  constexpr int pairs = 12;
  c.api.observe = [&] {
    std::set<std::string> taken;
    for (const json::Tree* claim : c.api.all("persistentvolumeclaims"))
      if (const std::string_view volume = text_at(claim->root(), "spec.volumeName"); !volume.empty())
        CHECK(taken.emplace(volume).second);
  };
  for (int i = 0; i < pairs; ++i) {
    c.api.make(text(R"({{"apiVersion":"v1","kind":"PersistentVolume","metadata":{{"name":"v{}"}},"spec":{{
      "capacity":{{"storage":"{}Gi"}},"accessModes":["ReadWriteOnce"],"hostPath":{{"path":"/v"}},
      "persistentVolumeReclaimPolicy":"Retain","storageClassName":"hand"}}}})",
                    i, i % 3 + 1));
    c.api.make(claim_named(text("c{}", i), R"("storageClassName":"hand")"));
    co_await io::sleep(milliseconds(static_cast<std::int64_t>(c.loop.random().below(500))));
  }
  const auto phases = [&](std::string_view plural, std::string_view phase) {
    return std::ranges::count_if(c.api.all(plural), [&](const json::Tree* object) {
      return text_at(object->root(), "status.phase") == phase;
    });
  };
  CHECK(co_await c.settles([&] {
    return phases("persistentvolumeclaims", "Bound") == pairs &&
           phases("persistentvolumes", "Bound") == pairs;
  }));
  for (int i = 0; i < pairs; i += 2) c.api.remove(text("persistentvolumeclaims/default/c{}", i));
  CHECK(co_await c.settles([&] { return phases("persistentvolumes", "Released") == pairs / 2; }));
  CHECK(phases("persistentvolumeclaims", "Bound") == pairs / 2);
}

Task<void> local_path_makes_and_removes_folders(FakeCluster& c) {
  CHECK(co_await c.settles([&] { return c.api.find("storageclasses//local-path") != nullptr; }));
  const std::string claim = c.api.make(claim_named("data", R"("storageClassName":"local-path")"));
  co_await io::sleep(seconds(20));
  CHECK(c.api.all("persistentvolumes").empty());
  const std::string pod = c.api.make(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{
    "containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v",
    "persistentVolumeClaim":{"claimName":"data"}}]}})");
  c.at(claim)
      .member("metadata")
      .member("annotations")
      .member("volume.kubernetes.io/selected-node")
      .set_string("n1");
  c.api.changed(claim);
  CHECK(co_await c.settles([&] { return text_at(c.at(claim), "status.phase") == "Bound"; }));
  CHECK(c.folders.size() == 1);
  CHECK(co_await c.settles([&] { return text_at(c.at(pod), "status.phase") == "Running"; }));
  c.api.remove(claim);
  co_await io::sleep(seconds(60));
  CHECK(c.api.find(claim) != nullptr);  // the pod uses it
  CHECK(c.folders.size() == 1);
  c.api.remove(pod);
  CHECK(co_await c.settles(
      [&] { return c.api.find(claim) == nullptr && c.api.all("persistentvolumes").empty(); }));
  CHECK(c.folders.empty());
}

Task<void> ephemeral_claims_live_with_their_pod(FakeCluster& c) {
  const std::string pod = c.api.make(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{
    "containers":[{"name":"c","image":"i"}],"volumes":[{"name":"scratch","ephemeral":{"volumeClaimTemplate":{
    "metadata":{"labels":{"a":"b"}},"spec":{"accessModes":["ReadWriteOnce"],
    "resources":{"requests":{"storage":"1Gi"}}}}}}]}})");
  const std::string claim = "persistentvolumeclaims/default/p-scratch";
  CHECK(co_await c.settles([&] { return c.api.find(claim) != nullptr; }));
  CHECK(text_at(c.at(claim), "metadata.labels.a") == "b");
  c.api.remove(pod);
  CHECK(co_await c.settles([&] { return c.api.find(claim) == nullptr; }));
}

Task<void> budgets_count_what_is_healthy(FakeCluster& c) {
  c.api.make(set_of(5));
  const std::string budget = c.api.make(R"({"apiVersion":"policy/v1","kind":"PodDisruptionBudget",
    "metadata":{"name":"web"},"spec":{"minAvailable":"60%","selector":{"matchLabels":{"app":"web"}}}})");
  CHECK(co_await c.settles([&] {
    return c.number(budget, "status.currentHealthy") == 5 && c.number(budget, "status.desiredHealthy") == 3 &&
           c.number(budget, "status.disruptionsAllowed") == 2;
  }));
  CHECK(condition_holds(kube::part_at(c.at(budget), "status"), "DisruptionAllowed"));
}

Task<void> tokens_live_with_their_account(FakeCluster& c) {
  const std::string account =
      c.api.make(R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"robot"}})");
  const auto token_of = [&](std::string_view name, std::string_view owner) {
    return c.api.make(text(R"({{"apiVersion":"v1","kind":"Secret","metadata":{{"name":"{}",
      "annotations":{{"kubernetes.io/service-account.name":"{}"}}}},
    "type":"kubernetes.io/service-account-token"}})",
                           name, owner));
  };
  const std::string good = token_of("good", "robot"), lost = token_of("lost", "nobody");
  CHECK(co_await c.settles(
      [&] { return c.api.find(lost) == nullptr && kube::size_at(c.at(good), "data") == 3; }));
  CHECK(base64::decode(text_at(c.at(good), "data.token")) ==
        text("token of robot {}", text_at(c.at(account), "metadata.uid")));
  c.api.erase(account);
  CHECK(co_await c.settles([&] { return c.api.find(good) == nullptr; }));
}

Task<void> bootstrap_tokens_end_in_time(FakeCluster& c) {
  const Seconds end = c.loop.clock().wall().ns / 1'000'000'000 + 600;
  const std::string key = c.api.make(text(R"({{"apiVersion":"v1","kind":"Secret","metadata":{{
    "name":"bootstrap-token-abcdef","namespace":"kube-system"}},"type":"bootstrap.kubernetes.io/token",
    "data":{{"expiration":"{}"}}}})",
                                          base64::encode(time_text(end))));
  co_await io::sleep(seconds(590));
  CHECK(c.api.find(key) != nullptr);
  CHECK(co_await c.settles([&] { return c.api.find(key) == nullptr; }));
}

}  // namespace

TEST_CASE("slices and Endpoints say what is true of the pods") {
  in_many_worlds(2, {}, slices_follow_pods);
  in_many_worlds(5, some_faults, slices_follow_pods);
}
TEST_CASE("Endpoints of Services without a selector are mirrored") {
  in_many_worlds(10, some_faults, endpoints_of_others_are_mirrored);
}
TEST_CASE("every volume has one claim, and every claim one volume") {
  in_many_worlds(3, {}, volumes_and_claims_are_pairs);
  in_many_worlds(10, some_faults, volumes_and_claims_are_pairs);
}
TEST_CASE("a claim of local-path is a folder as long as it is there") {
  in_many_worlds(3, {}, local_path_makes_and_removes_folders);
  in_many_worlds(10, some_faults, local_path_makes_and_removes_folders);
}
TEST_CASE("the claim of an ephemeral volume comes and goes with its pod") {
  in_many_worlds(10, some_faults, ephemeral_claims_live_with_their_pod);
}
TEST_CASE("a Secret for a service account's token is filled, and goes with the account") {
  in_many_worlds(10, some_faults, tokens_live_with_their_account);
}
TEST_CASE("a bootstrap token ends at its time") {
  in_many_worlds(5, some_faults, bootstrap_tokens_end_in_time);
}
TEST_CASE("a budget allows what is healthy beyond what must stay") {
  in_many_worlds(10, some_faults, budgets_count_what_is_healthy);
}

}  // namespace podo::controllers
