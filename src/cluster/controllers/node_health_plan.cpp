#include "cluster/controllers/node_health_plan.h"

#include <algorithm>

#include "cluster/control/conditions.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::text_at;

constexpr std::string_view not_ready = "node.kubernetes.io/not-ready",
                           unreachable = "node.kubernetes.io/unreachable";

struct Sign {  // a condition that is a taint
  std::string_view condition, status, taint;
};
constexpr Sign signs[] = {
    {"Ready", "False", not_ready},
    {"Ready", "Unknown", unreachable},
    {"MemoryPressure", "True", "node.kubernetes.io/memory-pressure"},
    {"DiskPressure", "True", "node.kubernetes.io/disk-pressure"},
    {"PIDPressure", "True", "node.kubernetes.io/pid-pressure"},
    {"NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"},
};
constexpr std::string_view unschedulable = "node.kubernetes.io/unschedulable";

bool shows(const json::Item& node, const Sign& sign) {
  const json::Item* condition = find_condition(kube::part_at(node, "status"), sign.condition);
  return condition != nullptr && text_at(*condition, "status") == sign.status;
}

struct Wish {
  std::string_view key, effect;
  bool wanted;
};

void apply(json::Item& taints, const Wish& wish, Seconds now) {
  const auto is_it = [&](const json::Item& taint) {
    return text_at(taint, "key") == wish.key && text_at(taint, "effect") == wish.effect;
  };
  bool there = false;
  for (const json::Item& taint : kube::children(&taints)) there = there || is_it(taint);
  if (there == wish.wanted) return;
  if (!wish.wanted) return taints.keep_if([&](const json::Item& taint) { return !is_it(taint); });
  json::Item& taint = taints.append();
  taint.member("key").set_string(wish.key);
  taint.member("effect").set_string(wish.effect);
  if (wish.effect == "NoExecute") taint.member("timeAdded").set_string(time_text(now));
}

// Nobody knows any more what has not been said for so long.
std::optional<Write> forget_conditions(const NodeInput& in) {
  json::Tree status = json::Tree::copy_of(kube::part_at(in.node, "status"));
  for (const std::string_view type : {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"}) {
    const json::Item* there = find_condition(status.root(), type);
    if (there != nullptr && text_at(*there, "status") == "Unknown") continue;
    const bool never = there == nullptr;
    const std::string heard(never ? time_text(in.self.created) : text_at(*there, "lastHeartbeatTime"));
    set_condition(status.root(),
                  {type, "Unknown", never ? "NodeStatusNeverUpdated" : "NodeStatusUnknown",
                   never ? "Kubelet never posted node status." : "Kubelet stopped posting node status."},
                  in.now);
    for (json::Item* i = status.root().member("conditions").first(); i != nullptr; i = i->next())
      if (text_at(*i, "type") == type && !heard.empty()) i->member("lastHeartbeatTime").set_string(heard);
  }
  return update_status(Kind::node, in.node, status.root());
}

// Only those that became ready before the node was lost: what it says of its pods afterwards is news.
void take_readiness(const NodeInput& in, Plan& plan) {
  for (const Pod* pod : in.pods) {
    if (!pod->ready || pod->ended() || pod->ready_since > in.self.ready_since) continue;
    json::Tree patch;
    patch.root().member("metadata").member("uid").set_string(pod->uid);
    json::Item& condition = patch.root().member("status").member("conditions").append();
    condition.member("type").set_string("Ready");
    condition.member("status").set_string("False");
    condition.member("lastTransitionTime").set_string(time_text(in.now));
    plan.writes.push_back({.verb = Write::Verb::patch,
                           .kind = Kind::pod,
                           .name_space = pod->name_space,
                           .name = pod->name,
                           .change = patch.to_text(),
                           .subresource = "status"});
  }
}

}  // namespace

json::Tree wanted_taints(const json::Item& node, bool all_are_down, Seconds now) {
  json::Tree taints = json::Tree::copy_of(kube::part_at(node, "spec.taints"));
  if (!taints.root().is(json::Kind::array)) taints.root().set_array();
  for (const Sign& sign : signs) apply(taints.root(), {sign.taint, "NoSchedule", shows(node, sign)}, now);
  apply(taints.root(), {unschedulable, "NoSchedule", kube::is_true_at(node, "spec.unschedulable")}, now);
  apply(taints.root(), {not_ready, "NoExecute", shows(node, signs[0]) && !all_are_down}, now);
  apply(taints.root(), {unreachable, "NoExecute", shows(node, signs[1]) && !all_are_down}, now);
  return taints;
}

Plan plan_node_health(const NodeInput& in) {
  Plan plan;
  const Seconds patience = in.self.ready.empty() ? first_word_within : node_silence_max;
  if (in.silent_for >= patience) {
    if (auto write = forget_conditions(in)) {
      if (in.self.ready == "True")
        plan.said.push_back({"NodeNotReady", text("Node {} status is now: NodeNotReady", in.self.name)});
      plan.writes.push_back(*std::move(write));
      return plan;  // the change of its conditions brings it back here
    }
  } else {
    plan.look_again(patience - in.silent_for);
  }
  const json::Tree taints = wanted_taints(in.node, in.all_are_down, in.now);
  if (!json::same(taints.root(), kube::part_at(in.node, "spec.taints")) &&
      (taints.root().size() != 0 || kube::size_at(in.node, "spec.taints") != 0)) {
    json::Tree changed = json::Tree::copy_of(in.node);
    changed.root().member("spec").member("taints").copy(taints.root());
    plan.writes.push_back(update(Kind::node, std::move(changed)));
  }
  if (in.self.ready == "False" || in.self.ready == "Unknown") take_readiness(in, plan);
  return plan;
}

std::optional<IpPrefix> free_range(const IpPrefix& all, int length, const std::vector<std::string>& taken) {
  std::vector<IpPrefix> others;
  for (const std::string& one : taken)
    if (const auto prefix = IpPrefix::parse(one)) others.push_back(*prefix);
  IpPrefix range{all.first(), length};
  while (all.contains(range.first())) {
    if (std::ranges::none_of(others, [&](const IpPrefix& other) { return other.overlaps(range); }))
      return range;
    const IpAddress next = range.last().plus(1);
    if (next <= range.address) break;  // behind the last address of all
    range.address = next;
  }
  return std::nullopt;
}

}  // namespace podo::controllers
