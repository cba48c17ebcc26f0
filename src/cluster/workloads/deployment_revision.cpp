#include <algorithm>
#include <charconv>

#include "base/core/ensure.h"
#include "cluster/control/claims.h"
#include "cluster/control/conditions.h"
#include "cluster/workloads/deployment_rollout.h"
#include "cluster/workloads/pod_template.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::find_at;
using kube::number_at;
using kube::part_at;
using kube::text_at;

constexpr std::string_view revision_key = "deployment.kubernetes.io/revision",
                           history_key = "deployment.kubernetes.io/revision-history",
                           desired_key = "deployment.kubernetes.io/desired-replicas",
                           most_key = "deployment.kubernetes.io/max-replicas";
constexpr std::size_t history_bytes_max = 2000;

std::string_view note(const json::Item& object, std::string_view key) {
  const json::Item* found = object.find("metadata", "annotations", key);
  return found != nullptr ? found->string_or("") : std::string_view();
}

std::int64_t number_of(std::string_view digits) {
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

bool is_own(std::string_view key) {
  return key == "kubectl.kubernetes.io/last-applied-configuration" || key == revision_key ||
         key == history_key || key == desired_key || key == most_key ||
         key == "deprecated.deployment.rollback.to";
}

// The Deployment's notes (change-cause among them) go over to its ReplicaSet. True: some did.
bool copy_notes(json::Item& set, const json::Item& deployment) {
  bool changed = false;
  for (const json::Item& from : kube::children_at(deployment, "metadata.annotations")) {
    if (is_own(from.key()) || note(set, from.key()) == from.string_or("")) continue;
    set.member("metadata").member("annotations").member(from.key()).copy(from);
    changed = true;
  }
  return changed;
}

// An older ReplicaSet that is the new one again moves to the front of history, and remembers where it was.
bool advance_revision(json::Item& set, std::int64_t revision) {
  const std::string before(note(set, revision_key));
  if (number_of(before) >= revision) return false;
  json::Item& notes = set.member("metadata").member("annotations");
  notes.member(revision_key).set_string(text("{}", revision));
  if (before.empty()) return true;
  std::string history(note(set, history_key));
  history.append(history.empty() ? "" : ",").append(before);
  while (history.size() > history_bytes_max) history.erase(0, history.find(',') + 1);
  notes.member(history_key).set_string(history);
  return true;
}

void note_sizes(json::Item& set, std::int64_t desired, std::int64_t most) {
  json::Item& notes = set.member("metadata").member("annotations");
  notes.member(desired_key).set_string(text("{}", desired));
  notes.member(most_key).set_string(text("{}", most));
}

SetInRollout view_of(json::Tree tree) {
  SetInRollout set;
  set.object = std::move(tree);
  const json::Item& object = set.object.root();
  set.name = text_at(object, "metadata.name");
  set.uid = text_at(object, "metadata.uid");
  set.created = time_at(object, "metadata.creationTimestamp");
  set.deleting = find_at(object, "metadata.deletionTimestamp") != nullptr;
  set.wanted = set.before = number_at(object, "spec.replicas");
  set.replicas = number_at(object, "status.replicas");
  set.ready = number_at(object, "status.readyReplicas");
  set.available = number_at(object, "status.availableReplicas");
  set.ending = number_at(object, "status.terminatingReplicas");
  set.revision = number_of(note(object, revision_key));
  return set;
}

}  // namespace

void Rollout::find_sets() {
  for (json::Tree& tree : in.sets) sets.push_back(view_of(std::move(tree)));
  std::ranges::sort(sets, [](const SetInRollout& a, const SetInRollout& b) {
    return a.created != b.created ? a.created < b.created : a.name < b.name;
  });
  const json::Item& wanted = part_at(in.wanted, "spec.template");
  for (SetInRollout& set : sets) {
    if (fresh == nullptr && same_template(part_at(set.object.root(), "spec.template"), wanted)) fresh = &set;
    else old.push_back(&set);
  }
}

std::int64_t Rollout::next_revision() const {
  std::int64_t newest = 0;
  for (const SetInRollout* set : old) newest = std::max(newest, set->revision);
  return newest + 1;
}

bool Rollout::sync_revision() {
  if (fresh == nullptr) return false;
  json::Item& set = fresh->object.root();
  bool changed = copy_notes(set, in.wanted);
  if (advance_revision(set, next_revision())) changed = true;
  const std::int64_t min_ready = number_at(in.wanted, "spec.minReadySeconds");
  if (number_at(set, "spec.minReadySeconds") != min_ready) {
    set.member("spec").member("minReadySeconds").set_number(min_ready);
    changed = true;
  }
  const std::string_view revision = note(set, revision_key);
  const bool noted = note(in.wanted, revision_key) == revision;
  if (!noted) {
    json::Tree patch;
    patch.root().member("metadata").member("annotations").member(revision_key).set_string(revision);
    plan.writes.push_back({.verb = Write::Verb::patch,
                           .kind = Kind::deployment,
                           .name_space = in.self.name_space,
                           .name = in.self.name,
                           .change = patch.to_text()});
  }
  if (changed) plan.writes.push_back(update(Kind::replica_set, std::move(fresh->object)));
  return !plan.writes.empty();
}

void Rollout::create_fresh() {
  const json::Item& wanted = part_at(in.wanted, "spec.template");
  const std::string hash = template_hash(wanted, number_at(in.wanted, "status.collisionCount"));
  const std::int64_t size = rolling ? fresh_size(0) : replicas;
  json::Tree tree;
  json::Item& set = tree.root();
  set.member("kind").set_string("ReplicaSet");
  set.member("apiVersion").set_string("apps/v1");
  json::Item& metadata = set.member("metadata");
  metadata.member("name").set_string(in.self.name + "-" + hash);
  metadata.member("namespace").set_string(in.self.name_space);
  metadata.member("labels").copy(part_at(wanted, "metadata.labels"));
  metadata.member("labels").member(template_hash_label).set_string(hash);
  copy_notes(set, in.wanted);
  advance_revision(set, next_revision());
  note_sizes(set, replicas, replicas + surge);
  write_owner(metadata.member("ownerReferences").append(), Kind::deployment, in.self);
  json::Item& spec = set.member("spec");
  spec.member("replicas").set_number(size);
  if (const auto min_ready = number_at(in.wanted, "spec.minReadySeconds"))
    spec.member("minReadySeconds").set_number(min_ready);
  spec.member("selector").copy(part_at(in.wanted, "spec.selector"));
  spec.member("selector").member("matchLabels").member(template_hash_label).set_string(hash);
  spec.member("template").copy(wanted);
  spec.member("template").member("metadata").member("labels").member(template_hash_label).set_string(hash);
  const std::string name = in.self.name + "-" + hash;
  Write write = create(Kind::replica_set, in.self.name_space, std::move(tree));
  write.name = name;
  if (size > 0) write.done = {"ScalingReplicaSet", text("Scaled up replica set {} from 0 to {}", name, size)};
  write.failed = {"ReplicaSetCreateError", text("Failed to create new replica set \"{}\": %", name), true};
  plan.writes.push_back(std::move(write));
  json::Tree status = json::Tree::copy_of(part_at(in.wanted, "status"));
  if (!has_deadline()) return;
  set_condition(status.root(),
                {"Progressing", "True", "NewReplicaSetCreated", text("Created new replica set \"{}\"", name)},
                in.now, Times::update);
  if (auto written = update_status(Kind::deployment, in.wanted, status.root()))
    plan.writes.push_back(*std::move(written));
}

void Rollout::clean_up_history() {
  const json::Item* limit = find_at(in.wanted, "spec.revisionHistoryLimit");
  if (limit == nullptr) return;
  std::vector<const SetInRollout*> past;
  for (const SetInRollout* set : old)
    if (!set->deleting) past.push_back(set);
  const auto kept = static_cast<std::size_t>(limit->as_int64().value_or(10));
  if (past.size() <= kept) return;
  std::ranges::stable_sort(past, {}, &SetInRollout::revision);
  past.resize(past.size() - kept);
  for (const SetInRollout* set : past) {
    const json::Item& object = set->object.root();
    if (set->replicas != 0 || set->wanted != 0 || set->changed ||
        number_at(object, "metadata.generation") > number_at(object, "status.observedGeneration"))
      continue;
    plan.writes.push_back({.verb = Write::Verb::remove,
                           .kind = Kind::replica_set,
                           .name_space = in.self.name_space,
                           .name = set->name,
                           .uid = set->uid});
  }
}

// deployment_scale.cpp has the sizes; how they are noted is here, beside the keys.
void Rollout::write_sets() {
  for (SetInRollout* set : all()) {
    json::Item& object = set->object.root();
    const bool noted = number_of(note(object, desired_key)) == replicas &&
                       number_of(note(object, most_key)) == replicas + surge;
    if (!set->changed || (set->wanted == set->before && noted)) continue;
    note_sizes(object, replicas, replicas + surge);
    object.member("spec").member("replicas").set_number(set->wanted);
    Write write = update(Kind::replica_set, json::Tree::copy_of(object));
    if (set->wanted != set->before)
      write.done = {"ScalingReplicaSet",
                    text("Scaled {} replica set {} from {} to {}", set->wanted > set->before ? "up" : "down",
                         set->name, set->before, set->wanted)};
    plan.writes.push_back(std::move(write));
  }
}

bool Rollout::is_scaling() const {
  return std::ranges::any_of(all(), [&](const SetInRollout* set) {
    const std::string_view desired = note(set->object.root(), desired_key);
    return set->wanted > 0 && !desired.empty() && number_of(desired) != replicas;
  });
}

std::optional<Write> plan_create_failure(const json::Item& wanted, std::string_view set, bool taken,
                                         std::string_view problem, Seconds now) {
  json::Tree tree = json::Tree::copy_of(part_at(wanted, "status"));
  json::Item& status = tree.root();
  if (taken) status.member("collisionCount").set_number(number_at(status, "collisionCount") + 1);
  else
    set_condition(status,
                  {"Progressing", "False", "ReplicaSetCreateError",
                   text("Failed to create new replica set \"{}\": {}", set, problem)},
                  now, Times::update);
  return update_status(Kind::deployment, wanted, status);
}

}  // namespace podo::controllers
