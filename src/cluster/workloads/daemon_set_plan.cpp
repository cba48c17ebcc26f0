#include "cluster/workloads/daemon_set_plan.h"

#include <algorithm>

#include "cluster/workloads/pod_template.h"
#include "model/kube/node_fit.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::find_at;
using kube::number_at;
using kube::part_at;
using kube::text_at;

constexpr std::string_view generation_key = "deprecated.daemonset.template.generation";
constexpr std::size_t made_at_once = 250;

void tolerate(json::Item& spec, std::string_view key, std::string_view effect) {
  for (const json::Item& each : kube::children_at(spec, "tolerations"))
    if (text_at(each, "key") == key && text_at(each, "effect") == effect &&
        text_at(each, "operator") == "Exists")
      return;
  json::Item& toleration = spec.member("tolerations").append();
  toleration.member("key").set_string(key);
  toleration.member("operator").set_string("Exists");
  toleration.member("effect").set_string(effect);
}

// A required affinity keeps only this node; its other terms have been looked at.
void bind_to(json::Item& spec, std::string_view node) {
  json::Item& required =
      spec.member("affinity").member("nodeAffinity").member("requiredDuringSchedulingIgnoredDuringExecution");
  const auto bind = [node](json::Item& term) {
    json::Item& fields = term.member("matchFields");
    fields.set_array();
    json::Item& field = fields.append();
    field.member("key").set_string("metadata.name");
    field.member("operator").set_string("In");
    field.member("values").append().set_string(node);
  };
  json::Item& terms = required.member("nodeSelectorTerms");
  if (terms.size() == 0) return bind(terms.append());
  for (json::Item* term = terms.first(); term != nullptr; term = term->next()) bind(*term);
}

// What there is on one node.
struct OnNode {
  const Node* node = nullptr;  // null: the node is gone
  bool wanted = false, may_stay = false;
  Pods pods;                     // neither ended nor being deleted
  bool ending = false;           // one that is being deleted
  const Pod* old_pod = nullptr;  // the oldest of each; of `pods`
  const Pod* fresh_pod = nullptr;
};

struct SetPlan {
  explicit SetPlan(const DaemonSetInput& input);
  void sort_pods();
  void clear_ended(OnNode& place, const Pod& pod);
  void manage();
  void remove_extra(OnNode& place);
  void roll_by_removing();
  void roll_by_surging();
  void make_on(std::string_view node);
  void write_status();
  bool is_fresh(const Pod& pod) const { return pod.label(revision_hash_label) == in.revisions.wanted_hash(); }
  bool available(const Pod* pod) const { return pod != nullptr && pod->available(min_ready, in.now); }
  void drop(const Pod& pod) { result.plan.writes.push_back(remove_pod(pod)); }

  const DaemonSetInput& in;
  std::map<std::string, OnNode, std::less<>> places;
  std::int64_t min_ready, surge = 0, unavailable = 0, desired = 0;
  std::vector<std::string> lacking;  // nodes that get a pod
  DaemonSetPlan result;
};

SetPlan::SetPlan(const DaemonSetInput& input)
    : in(input), min_ready(number_at(in.wanted, "spec.minReadySeconds")) {
  const json::Tree pod = daemon_template(in.wanted, "");
  const json::Item& spec = part_at(pod.root(), "spec");
  const std::string_view only = text_at(spec, "nodeName");
  const kube::NodeChoice choice = kube::node_choice_of(spec);
  const std::vector<kube::Toleration> tolerations = kube::tolerations_of(spec);
  const auto tolerated = [&](const Node& node, bool (*concerns)(const kube::Taint&)) {
    return kube::find_untolerated(node.taints, tolerations, concerns) == nullptr;
  };
  for (const Node* node : in.nodes) {
    OnNode& place = places[node->name];
    place.node = node;
    const bool selected = (only.empty() || only == node->name) && choice.admits(node->name, node->labels);
    place.wanted = selected && tolerated(*node, kube::refuses_new);
    place.may_stay = selected && tolerated(*node, kube::drives_away);
    desired += place.wanted;
  }
  if (text_at(in.wanted, "spec.updateStrategy.type") != "OnDelete") {
    const json::Item& rolling = part_at(in.wanted, "spec.updateStrategy.rollingUpdate");
    surge = resolve(rolling.find("maxSurge"), desired, Round::up);
    unavailable = resolve(rolling.find("maxUnavailable"), desired, Round::up);
    if (surge == 0 && unavailable == 0) unavailable = 1;
  }
  sort_pods();
}

void SetPlan::sort_pods() {
  Pods by_age = in.pods;
  std::ranges::sort(by_age, [](const Pod* a, const Pod* b) {
    return a->created != b->created ? a->created < b->created : a->name < b->name;
  });
  for (const Pod* pod : by_age) {
    OnNode& place = places[pod->target];
    if (pod->deleting()) {
      place.ending = true;
    } else if (pod->ended()) {
      clear_ended(place, *pod);
    } else {
      place.pods.push_back(pod);
      const Pod*& oldest = is_fresh(*pod) ? place.fresh_pod : place.old_pod;
      if (oldest == nullptr) oldest = pod;
    }
  }
}

void SetPlan::clear_ended(OnNode& place, const Pod& pod) {
  place.ending = true;  // it blocks its place until it is gone
  const bool failed = pod.phase == Phase::failed;
  if (failed && place.may_stay) {
    if (const auto rest = in.resting.find(pod.target); rest != in.resting.end() && rest->second > in.now)
      return result.plan.look_again(rest->second - in.now);
    result.failed_on.push_back(pod.target);
  }
  const std::string where = text("{}/{} on node {}", pod.name_space, pod.name, pod.target);
  if (failed)
    result.plan.said.push_back(
        {"FailedDaemonPod", text("Found failed daemon pod {}, will try to kill it", where), true});
  else
    result.plan.said.push_back(
        {"SucceededDaemonPod", text("Found succeeded daemon pod {}, will try to delete it", where)});
  drop(pod);
}

// More than one on a node: the oldest stays; while surging, the oldest of either template until the new one
// is available.
void SetPlan::remove_extra(OnNode& place) {
  const Pod* stays = surge == 0 && !place.pods.empty() ? place.pods.front() : nullptr;
  for (const Pod* pod : place.pods) {
    if (surge == 0 ? pod == stays : (pod == place.fresh_pod || pod == place.old_pod)) continue;
    drop(*pod);
  }
  if (surge > 0 && place.old_pod != nullptr && available(place.fresh_pod)) drop(*place.old_pod);
}

void SetPlan::manage() {
  for (auto& [name, place] : places) {
    if (!place.may_stay)
      for (const Pod* pod : place.pods) drop(*pod);
    else if (place.pods.size() > 1) remove_extra(place);
    else if (place.wanted && place.pods.empty() && !place.ending) lacking.push_back(name);
  }
}

void SetPlan::roll_by_removing() {
  std::int64_t missing = 0;
  std::vector<const Pod*> candidates, broken;
  for (const auto& [name, place] : places) {
    if (!place.wanted) continue;
    const Pod* only = place.pods.size() == 1 ? place.pods.front() : nullptr;
    if (!available(only)) ++missing;
    if (only == nullptr || is_fresh(*only)) continue;
    (available(only) ? candidates : broken).push_back(only);
  }
  for (const Pod* pod : broken) drop(*pod);
  const std::int64_t room = std::max<std::int64_t>(unavailable - missing, 0);
  candidates.resize(std::min(candidates.size(), static_cast<std::size_t>(room)));
  for (const Pod* pod : candidates) drop(*pod);
}

void SetPlan::roll_by_surging() {
  std::int64_t surging = 0;
  std::vector<std::string> candidates;
  for (const auto& [name, place] : places) {
    if (!place.wanted || place.old_pod == nullptr) continue;
    if (place.fresh_pod != nullptr) surging += !available(place.fresh_pod);
    else if (place.ending) continue;
    else if (!available(place.old_pod)) lacking.push_back(name);  // nothing to lose there
    else candidates.push_back(name);
  }
  const std::int64_t room = std::max<std::int64_t>(surge - surging, 0);
  candidates.resize(std::min(candidates.size(), static_cast<std::size_t>(room)));
  lacking.insert(lacking.end(), candidates.begin(), candidates.end());
}

void SetPlan::make_on(std::string_view node) {
  json::Tree pod = pod_of(daemon_template(in.wanted, node).root(), Kind::daemon_set, in.self);
  json::Item& labels = pod.root().member("metadata").member("labels");
  labels.member(revision_hash_label).set_string(in.revisions.wanted_hash());
  if (const json::Item* generation = in.wanted.find("metadata", "annotations", generation_key))
    labels.member("pod-template-generation").set_string(generation->string_or(""));
  result.plan.writes.push_back(create_pod(std::move(pod)));
}

void SetPlan::write_status() {
  std::int64_t scheduled = 0, astray = 0, ready = 0, updated = 0, reachable = 0;
  for (const auto& [name, place] : places) {
    if (place.node == nullptr) continue;
    const bool there = !place.pods.empty();
    if (!place.wanted) {
      astray += there && !place.may_stay;
      continue;
    }
    scheduled += there || place.ending;
    const auto is_ready = [](const Pod* pod) { return pod->ready; };
    const auto is_available = [&](const Pod* pod) { return available(pod); };
    ready += std::ranges::any_of(place.pods, is_ready);
    reachable += std::ranges::any_of(place.pods, is_available);
    updated += place.fresh_pod != nullptr;
  }
  json::Tree tree = json::Tree::copy_of(part_at(in.wanted, "status"));
  json::Item& status = tree.root();
  const auto set = [&](std::string_view name, std::int64_t count) {
    if (count != 0) status.member(name).set_number(count);
    else status.remove(name);
  };
  status.member("currentNumberScheduled").set_number(scheduled);
  status.member("numberMisscheduled").set_number(astray);
  status.member("desiredNumberScheduled").set_number(desired);
  status.member("numberReady").set_number(ready);
  status.member("observedGeneration").set_number(number_at(in.wanted, "metadata.generation"));
  set("updatedNumberScheduled", updated);
  set("numberAvailable", reachable);
  set("numberUnavailable", desired - reachable);
  result.plan.status = update_status(Kind::daemon_set, in.wanted, status);
}

}  // namespace

json::Tree daemon_template(const json::Item& wanted, std::string_view node) {
  json::Tree tree = json::Tree::copy_of(part_at(wanted, "spec.template"));
  json::Item& spec = tree.root().member("spec");
  tolerate(spec, "node.kubernetes.io/not-ready", "NoExecute");
  tolerate(spec, "node.kubernetes.io/unreachable", "NoExecute");
  for (const std::string_view key : {"node.kubernetes.io/disk-pressure", "node.kubernetes.io/memory-pressure",
                                     "node.kubernetes.io/pid-pressure", "node.kubernetes.io/unschedulable"})
    tolerate(spec, key, "NoSchedule");
  if (kube::is_true_at(spec, "hostNetwork"))
    tolerate(spec, "node.kubernetes.io/network-unavailable", "NoSchedule");
  if (!node.empty()) bind_to(spec, node);
  return tree;
}

DaemonSetPlan plan_daemon_set(const DaemonSetInput& in) {
  SetPlan set(in);
  if (in.self.deleting()) return {};
  if (auto due = in.revisions.due()) {
    DaemonSetPlan first;
    first.plan.writes.push_back(*std::move(due));
    return first;
  }
  set.manage();
  if (set.surge > 0) set.roll_by_surging();
  else if (set.unavailable > 0) set.roll_by_removing();
  if (set.lacking.size() > made_at_once) set.lacking.resize(made_at_once);
  for (const std::string& node : set.lacking) set.make_on(node);
  std::vector<std::string_view> used;
  std::vector<std::string> names;
  for (const Pod* pod : in.pods)
    names.push_back(text("{}-{}", in.self.name, pod->label(revision_hash_label)));
  used.assign(names.begin(), names.end());
  for (Write& write : in.revisions.past(used)) set.result.plan.writes.push_back(std::move(write));
  set.write_status();
  for (const Pod* pod : in.pods)
    if (pod->active() && pod->ready && !set.available(pod))
      set.result.plan.look_again(pod->ready_since + set.min_ready - in.now);
  return std::move(set.result);
}

}  // namespace podo::controllers
