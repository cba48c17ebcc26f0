#include "cluster/workloads/stateful_set_plan.h"

#include <algorithm>
#include <charconv>

#include "cluster/workloads/pod_template.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::number_at;
using kube::part_at;
using kube::text_at;

struct SetPlan {
  explicit SetPlan(const StatefulSetInput& input);
  void count();
  void run();
  bool keep(std::int64_t place);  // each: true when nothing more may be done now
  bool make(std::int64_t place, std::string_view revision);
  bool leave(const Pod& pod, std::int64_t ordinal);
  void replace_old();
  void finish_status();

  bool available(const Pod* pod) const {
    return pod != nullptr && pod->phase == Phase::running && !pod->deleting() &&
           pod->available(min_ready, in.now);
  }
  std::string_view revision_of(std::int64_t ordinal) const;
  void add(std::vector<Write> more) {
    for (Write& write : more) plan.writes.push_back(std::move(write));
  }
  void remove_one(const Pod& pod);

  const StatefulSetInput& in;
  std::int64_t first, replicas, min_ready, partition;
  bool ordered, rolling;
  std::string current, newest;
  std::vector<const Pod*> kept;                                // by place; null: not there
  std::vector<std::pair<std::int64_t, const Pod*>> condemned;  // by ordinal, the last first
  const Pod* first_unhealthy = nullptr;
  json::Tree status;
  Plan plan;
};

SetPlan::SetPlan(const StatefulSetInput& input)
    : in(input),
      first(number_at(in.wanted, "spec.ordinals.start")),
      replicas(number_at(in.wanted, "spec.replicas")),
      min_ready(number_at(in.wanted, "spec.minReadySeconds")),
      partition(number_at(in.wanted, "spec.updateStrategy.rollingUpdate.partition")),
      ordered(text_at(in.wanted, "spec.podManagementPolicy") != "Parallel"),
      rolling(text_at(in.wanted, "spec.updateStrategy.type") != "OnDelete"),
      current(text_at(in.wanted, "status.currentRevision")),
      newest(in.revisions.wanted_name()),
      kept(static_cast<std::size_t>(replicas)) {
  if (in.revisions.template_of(current) == nullptr) current = newest;
  for (const Pod* pod : in.pods) {
    const auto ordinal = ordinal_of(pod->name, in.self.name);
    if (!ordinal) continue;
    if (*ordinal >= first && *ordinal < first + replicas)
      kept[static_cast<std::size_t>(*ordinal - first)] = pod;
    else condemned.emplace_back(*ordinal, pod);
  }
  std::ranges::sort(condemned, [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const Pod* pod : kept)
    if (first_unhealthy == nullptr && pod != nullptr && !available(pod)) first_unhealthy = pod;
  for (auto it = condemned.rbegin(); it != condemned.rend(); ++it)
    if (first_unhealthy == nullptr && !available(it->second)) first_unhealthy = it->second;
}

// Which template a pod that is missing is made from.
std::string_view SetPlan::revision_of(std::int64_t ordinal) const {
  return rolling && ordinal < first + partition ? current : newest;
}

void SetPlan::count() {
  std::int64_t there = 0, ready = 0, reachable = 0, of_current = 0, of_newest = 0;
  for (const Pod* pod : in.pods) {
    if (!ordinal_of(pod->name, in.self.name)) continue;
    ++there;
    ready += pod->phase == Phase::running && pod->ready;
    reachable += pod->phase == Phase::running && pod->available(min_ready, in.now);
    if (pod->deleting()) continue;
    of_current += pod->label(revision_hash_label) == current;
    of_newest += pod->label(revision_hash_label) == newest;
  }
  status = json::Tree::copy_of(part_at(in.wanted, "status"));
  json::Item& root = status.root();
  const auto set = [&](std::string_view name, std::int64_t count) {
    if (count != 0) root.member(name).set_number(count);
    else root.remove(name);
  };
  root.member("observedGeneration").set_number(number_at(in.wanted, "metadata.generation"));
  root.member("replicas").set_number(there);
  set("readyReplicas", ready);
  root.member("availableReplicas").set_number(reachable);
  set("currentReplicas", of_current);
  set("updatedReplicas", of_newest);
  root.member("currentRevision").set_string(current);
  root.member("updateRevision").set_string(newest);
  if (root.find("collisionCount") == nullptr) root.member("collisionCount").set_number(0);
}

void SetPlan::remove_one(const Pod& pod) {
  Write write = remove(Kind::pod, pod);
  write.done = {"SuccessfulDelete",
                text("delete Pod {} in StatefulSet {} successful", pod.name, in.self.name)};
  write.failed = {"FailedDelete",
                  text("delete Pod {} in StatefulSet {} failed error: %", pod.name, in.self.name), true};
  plan.writes.push_back(std::move(write));
}

bool SetPlan::make(std::int64_t place, std::string_view revision) {
  const std::int64_t ordinal = first + place;
  auto claims = missing_claims(in, ordinal);
  if (!claims) return ordered;  // the claim's end shows as a change
  add(*std::move(claims));
  const std::string name = text("{}-{}", in.self.name, ordinal);
  Write write = create(Kind::pod, in.self.name_space, stateful_pod(in, ordinal, revision));
  write.done = {"SuccessfulCreate", text("create Pod {} in StatefulSet {} successful", name, in.self.name)};
  write.failed = {"FailedCreate", text("create Pod {} in StatefulSet {} failed error: %", name, in.self.name),
                  true};
  plan.writes.push_back(std::move(write));
  return ordered;
}

bool SetPlan::keep(std::int64_t place) {
  const Pod* pod = kept[static_cast<std::size_t>(place)];
  if (pod == nullptr) return make(place, revision_of(first + place));
  if (pod->ended() && !pod->deleting()) {
    const bool failed = pod->phase == Phase::failed;
    plan.said.push_back({failed ? "RecreatingFailedPod" : "RecreatingTerminatedPod",
                         text("StatefulSet {}/{} is recreating {} Pod {}", in.self.name_space, in.self.name,
                              failed ? "failed" : "terminated", pod->name),
                         failed});
    remove_one(*pod);
    return ordered;
  }
  if (!pod->deleting()) {
    if (auto claims = missing_claims(in, first + place)) add(*std::move(claims));
    add(claim_owners(in, first + place, nullptr));
  }
  return ordered && !available(pod);
}

bool SetPlan::leave(const Pod& pod, std::int64_t ordinal) {
  if (pod.deleting()) return ordered;
  if (ordered && !available(&pod) && &pod != first_unhealthy) return true;
  add(claim_owners(in, ordinal, &pod));
  remove_one(pod);
  return ordered;
}

// From the last to the partition; the next one when the one before is there again.
void SetPlan::replace_old() {
  if (!rolling) return;
  for (std::int64_t place = replicas - 1; place >= partition; --place) {
    const Pod* pod = kept[static_cast<std::size_t>(place)];
    if (pod == nullptr) return;
    if (pod->label(revision_hash_label) != newest && !pod->deleting()) return remove_one(*pod);
    if (!available(pod)) return;
  }
}

void SetPlan::run() {
  for (const Pod* pod : kept)
    if (pod != nullptr && pod->active() && pod->ready && !pod->available(min_ready, in.now))
      plan.look_again(pod->ready_since + min_ready - in.now);
  for (std::int64_t place = 0; place < replicas; ++place)
    if (keep(place)) return;
  for (const auto& [ordinal, pod] : condemned)
    if (leave(*pod, ordinal)) return;
  replace_old();
}

void SetPlan::finish_status() {
  json::Item& root = status.root();
  const std::int64_t there = number_at(root, "replicas");
  if (rolling && number_at(root, "updatedReplicas") == there && number_at(root, "readyReplicas") == there &&
      there == replicas && current != newest) {
    root.member("currentRevision").set_string(newest);
    if (there != 0) root.member("currentReplicas").set_number(there);
  }
  plan.status = update_status(Kind::stateful_set, in.wanted, root);
  std::vector<std::string_view> used = {current};
  for (const Pod* pod : in.pods) used.push_back(pod->label(revision_hash_label));
  add(in.revisions.past(used));
}

}  // namespace

std::optional<std::int64_t> ordinal_of(std::string_view pod, std::string_view set) {
  if (!pod.starts_with(set) || pod.size() < set.size() + 2 || pod[set.size()] != '-') return std::nullopt;
  const std::string_view digits = pod.substr(set.size() + 1);
  std::int64_t ordinal = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), ordinal);
  if (problem != std::errc() || end != digits.data() + digits.size() || ordinal < 0) return std::nullopt;
  return ordinal;
}

Plan plan_stateful_set(const StatefulSetInput& in) {
  SetPlan set(in);
  if (!in.self.deleting()) {
    if (auto due = in.revisions.due()) {
      set.plan.writes.push_back(*std::move(due));
      return std::move(set.plan);
    }
  }
  set.count();
  if (!in.self.deleting()) set.run();
  set.finish_status();
  return std::move(set.plan);
}

}  // namespace podo::controllers
