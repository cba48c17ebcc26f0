#include "base/core/timestamp.h"
#include "base/io/combine.h"
#include "base/io/timer.h"
#include "day_cluster.h"
#include "model/kube/path.h"

namespace podo::simulation {
namespace {

using kube::text_at;

void set_condition(json::Item& status, std::string_view type, bool holds, std::string_view now) {
  json::Item& conditions = status.member("conditions");
  json::Item* found = nullptr;
  for (json::Item* each = conditions.first(); each != nullptr; each = each->next())
    if (text_at(*each, "type") == type) found = each;
  if (found == nullptr) found = &conditions.append();
  const std::string_view value = holds ? "True" : "False";
  if (text_at(*found, "status") != value) found->member("lastTransitionTime").set_string(now);
  found->member("type").set_string(type);
  found->member("status").set_string(value);
}

bool belongs_to_job(const json::Item& pod) { return text_at(pod, "spec.restartPolicy") == "Never"; }

}  // namespace

SmallKubelet::SmallKubelet(DayCluster& cluster, std::string name)
    : cluster_(cluster),
      name_(std::move(name)),
      transport_(cluster.loop, *cluster.api, cluster.chances),
      client_(transport_, cluster.schema) {}

Task<void> SmallKubelet::run() {
  for (;;) {
    const Result<void> registered = co_await register_node().result();
    if (registered) break;
    co_await io::sleep(seconds(1));
  }
  io::TaskGroup group(cluster_.loop);
  group.spawn(beat(), "heartbeats");
  group.spawn(tend(), "pods");
  co_await group.join();
}

// What ran here before a boot runs no more: those pods failed.
Task<void> SmallKubelet::register_node() {
  const auto there = co_await client_.find(cluster_.at("nodes", name_));
  if (!there) {
    const json::Tree node = co_await json::Tree::parse(text(
        R"({{"apiVersion":"v1","kind":"Node","metadata":{{"name":"{}",
          "labels":{{"kubernetes.io/hostname":"{}"}}}},
          "status":{{"capacity":{{"cpu":"{}m","memory":"16Gi","pods":"110"}},
          "allocatable":{{"cpu":"{}m","memory":"16Gi","pods":"110"}}}}}})",
        name_, name_, node_millicores, node_millicores));
    co_await client_.create(cluster_.at("nodes"), node.root());
  }
  pods_ = co_await client_.mirror(*cluster_.at("pods").resource, {.fields = "spec.nodeName=" + name_},
                                  [this](const objects::Object&, const objects::Object& now) {
                                    if (now) look_soon(now, seconds(3));
                                  });
  std::vector<json::Tree> lost;
  pods_->each("", [&](const objects::Object& pod) {
    if (auto tree = pod.tree()) lost.push_back(*std::move(tree));
  });
  for (const json::Tree& pod : lost)
    if (text_at(pod.root(), "status.phase") == "Running") co_await say(pod.root(), "Failed", false);
}

Task<void> SmallKubelet::beat() {
  const client::Where leases{.resource = client_.resource("coordination.k8s.io", "leases"),
                             .name_space = "kube-node-lease",
                             .name = name_};
  for (;; co_await io::sleep(seconds(10))) {
    const std::string now = rfc3339(cluster_.loop.clock().wall());
    const auto renew = [&]() -> Task<void> {
      auto lease = co_await client_.find(leases);
      json::Tree made;
      json::Item& root = lease ? lease->root() : made.root();
      root.member("metadata").member("name").set_string(name_);
      root.member("spec").member("holderIdentity").set_string(name_);
      root.member("spec").member("renewTime").set_string(now.substr(0, 19) + ".000000Z");
      root.member("spec").member("leaseDurationSeconds").set_number(40);
      if (lease) {
        co_await client_.update(leases, root);
      } else {
        client::Where all = leases;
        all.name.clear();
        co_await client_.create(all, root);
      }
      auto node = co_await client_.find(cluster_.at("nodes", name_));
      if (!node || text_at(node->root(), "status.conditions[0].status") == "True") co_return;
      set_condition(node->root().member("status"), "Ready", true, now.substr(0, 19) + "Z");
      client::Where status = cluster_.at("nodes", name_);
      status.subresource = "status";
      co_await client_.update(status, node->root());
    };
    const Result<void> renewed = co_await renew().result();
    if (!renewed && renewed.error().kind() == ErrorKind::cancelled) co_await Result<void>(renewed);
  }
}

void SmallKubelet::look_soon(const objects::Object& pod, Duration within) {
  const auto wait = static_cast<std::int64_t>(cluster_.below(static_cast<std::uint64_t>(within.ns)));
  due_.emplace(cluster_.loop.clock().now() + Duration{wait}, text("{}/{}", pod.name_space(), pod.name()));
  added_.notify_all();
}

Task<void> SmallKubelet::tend() {
  for (;;) {
    if (due_.empty()) {
      co_await added_.wait();
      continue;
    }
    const Monotonic now = cluster_.loop.clock().now();
    if (due_.begin()->first > now) {
      co_await io::sleep(due_.begin()->first - now);
      continue;
    }
    const std::string key = due_.extract(due_.begin()).mapped();
    const Result<void> looked = co_await look_at(key).result();
    if (!looked && looked.error().kind() == ErrorKind::cancelled) co_await Result<void>(looked);
    const std::size_t slash = key.find('/');
    const objects::Object* pod = pods_->find(key.substr(0, slash), key.substr(slash + 1));
    if (!looked && pod != nullptr) look_soon(*pod, seconds(2));
  }
}

Task<void> SmallKubelet::look_at(std::string key) {
  const std::size_t slash = key.find('/');
  const objects::Object* found = pods_->find(key.substr(0, slash), key.substr(slash + 1));
  if (found == nullptr) co_return;
  const json::Tree pod = co_await found->tree();
  const std::string_view phase = text_at(pod.root(), "status.phase");
  const bool ended = phase == "Succeeded" || phase == "Failed";
  if (kube::find_at(pod.root(), "metadata.deletionTimestamp") != nullptr) {
    if (!ended && phase == "Running") {
      co_await say(pod.root(), belongs_to_job(pod.root()) ? "Failed" : "Succeeded", false);
    } else {
      client::Where where = cluster_.at("pods", key.substr(slash + 1));
      where.name_space = key.substr(0, slash);
      co_await client_.remove(where, {.uid = std::string(text_at(pod.root(), "metadata.uid")), .grace_s = 0});
    }
  } else if (phase != "Running" && !ended) {
    co_await say(pod.root(), "Running", true);
  } else if (phase == "Running" && belongs_to_job(pod.root()) && cluster_.below(4) == 0) {
    co_await say(pod.root(), cluster_.below(5) == 0 ? "Failed" : "Succeeded", false);
  } else if (phase == "Running" && belongs_to_job(pod.root())) {
    look_soon(*found, seconds(30));
  }
}

Task<void> SmallKubelet::say(const json::Item& pod, std::string_view phase, bool ready) {
  json::Tree next = json::Tree::copy_of(pod);
  json::Item& status = next.root().member("status");
  const std::string now = rfc3339(cluster_.loop.clock().wall()).substr(0, 19) + "Z";
  status.member("phase").set_string(phase);
  if (status.find("podIP") == nullptr) {
    const int address = ++cluster_.addresses;
    const std::string ip = text("10.{}.{}.{}", 128 + address / 62500, address / 250 % 250, address % 250 + 1);
    status.member("podIP").set_string(ip);
    status.member("podIPs").append().member("ip").set_string(ip);
    status.member("startTime").set_string(now);
  }
  set_condition(status, "Ready", ready, now);
  if (phase != "Running") {
    status.member("containerStatuses").set_array();
    json::Item& container = status.member("containerStatuses").append();
    container.member("name").set_string("c");
    container.member("image").set_string("i");
    container.member("imageID").set_string("i");
    container.member("ready").set_boolean(false);
    container.member("restartCount").set_number(0);
    json::Item& ended = container.member("state").member("terminated");
    ended.member("exitCode").set_number(phase == "Succeeded" ? 0 : 1);
    ended.member("finishedAt").set_string(now);
  }
  client::Where where = cluster_.at("pods", std::string(text_at(pod, "metadata.name")));
  where.name_space = text_at(pod, "metadata.namespace");
  where.subresource = "status";
  co_await client_.update(where, next.root());
}

}  // namespace podo::simulation
