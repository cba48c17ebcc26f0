#include "traffic/policy/policy_view.h"

#include <algorithm>

#include "model/kube/path.h"

namespace podo::policy {
namespace {

using objects::Object;

std::string key_of(const Object& object) { return text("{}/{}", object.name_space(), object.name()); }

// What this server gave out can be read; what cannot is as if it were not there.
std::optional<json::Tree> tree_of(const Object& object) {
  if (!object) return std::nullopt;
  auto tree = object.tree();
  return tree ? std::optional(*std::move(tree)) : std::nullopt;
}

}  // namespace

bool PolicyView::take_policy(const Object& before, const Object& now) {
  const std::string key = key_of(now ? now : before);
  const auto tree = tree_of(now);
  if (!tree) return world_.policies.erase(key) != 0;
  auto policy = read_policy(tree->root());
  if (!policy) {  // who wrote it meant to allow less: what it said before stays
    log_.warn("network policy {}: {}", key, policy.error().message());
    return false;
  }
  world_.policies.insert_or_assign(key, *std::move(policy));
  return true;
}

bool PolicyView::take_name_space(const Object& before, const Object& now) {
  const std::string name((now ? now : before).name());
  const auto tree = tree_of(now);
  if (!tree) return world_.name_spaces.erase(name) != 0;
  kube::Labels labels = kube::labels_of(kube::find_at(tree->root(), "metadata.labels"));
  const auto there = world_.name_spaces.find(name);
  if (there != world_.name_spaces.end() && there->second == labels) return false;
  world_.name_spaces.insert_or_assign(name, std::move(labels));
  return true;
}

bool PolicyView::take_pod(const Object& before, const Object& now) {
  const auto old_tree = tree_of(before), tree = tree_of(now);
  const auto old_pod = old_tree ? read_pod(old_tree->root()) : std::nullopt;
  auto pod = tree ? read_pod(tree->root()) : std::nullopt;
  bool changed = false;
  if (old_pod && (!pod || pod->uid != old_pod->uid)) changed = drop_pod(old_pod->uid);
  if (!pod) return changed;
  const std::string uid = pod->uid;
  Known& known = known_[uid];
  known = {.pod = *std::move(pod), .revision = now.revision()};
  return settle(uid) || changed;
}

bool PolicyView::drop_pod(const std::string& uid) {
  forgotten_.erase(uid);
  const auto known = known_.find(uid);
  if (known == known_.end()) return false;
  if (guarded_.contains(uid)) {
    known->second.deleted = true;
    return false;
  }
  known_.erase(known);
  return settle(uid);
}

bool PolicyView::guard(GuardedPod pod) {
  forgotten_.erase(pod.uid);
  const auto [place, is_new] = guarded_.insert_or_assign(pod.uid, std::move(pod.addresses));
  for (auto& [other, addresses] : guarded_)  // of a pod whose end has not been told yet
    if (other != pod.uid)
      std::erase_if(addresses,
                    [&](const IpAddress& one) { return std::ranges::contains(place->second, one); });
  const bool changed = settle(pod.uid);
  return settle_others(pod.uid, place->second) || changed;
}

bool PolicyView::forget(std::string_view uid) {
  const auto guarded = guarded_.find(uid);
  if (guarded == guarded_.end()) return false;
  const auto node = guarded_.extract(guarded);
  const auto known = known_.find(uid);
  if (known != known_.end() && known->second.deleted) known_.erase(known);
  else if (known != known_.end()) forgotten_.emplace(uid);
  const bool changed = settle(node.key());
  return settle_others(node.key(), node.mapped()) || changed;
}

const objects::Revision* PolicyView::find_pod(std::string_view uid) const {
  const auto known = known_.find(uid);
  return known != known_.end() ? &known->second.revision : nullptr;
}

bool PolicyView::is_taken(const IpAddress& address) const {
  return std::ranges::any_of(
      guarded_, [&](const auto& guarded) { return std::ranges::contains(guarded.second, address); });
}

// The pod becomes in the world what it has to be.
bool PolicyView::settle(const std::string& uid) {
  const auto known = known_.find(uid);
  if (known == known_.end()) return world_.pods.erase(uid) != 0;
  PolicyPod pod = known->second.pod;
  const auto guarded = guarded_.find(uid);
  pod.here = guarded != guarded_.end() || pod.node == node_;
  if (guarded != guarded_.end()) pod.addresses = guarded->second;
  else if (pod.here && forgotten_.contains(uid)) pod.addresses.clear();
  else if (pod.here)
    std::erase_if(pod.addresses, [&](const IpAddress& address) { return is_taken(address); });
  PolicyPod& there = world_.pods[uid];
  if (there == pod) return false;
  there = std::move(pod);
  return true;
}

bool PolicyView::settle_others(const std::string& uid, const std::vector<IpAddress>& addresses) {
  std::vector<std::string> others;
  for (const auto& [other, known] : known_)
    if (other != uid && known.pod.node == node_ &&
        std::ranges::any_of(known.pod.addresses, [&](const IpAddress& address) {
          return std::ranges::contains(addresses, address);
        }))
      others.push_back(other);
  bool changed = false;
  for (const std::string& other : others) changed = settle(other) || changed;
  return changed;
}

}  // namespace podo::policy
