#include "cluster/scheduler/world.h"

#include <algorithm>

namespace podo::scheduler {
namespace {

std::string key_of(const objects::Object& object) {
  return std::string(object.name_space()).append("/").append(object.name());
}

}  // namespace

World::World(SchedulerGround ground, const SchedulerOptions& options)
    : ground_(ground),
      name_(options.name),
      queue_({.back_off_first = options.back_off_first,
              .back_off_most = options.back_off_most,
              .look_again = options.look_again}) {}

Task<void> World::mirror(std::string_view group, std::string_view plural,
                         void (World::*change)(const Object&, const Object&)) {
  const schema::Resource& resource = *ground_.client.resource(group, plural);
  mirrors_.push_back(co_await ground_.client.mirror(
      resource, {},
      [this, change](const Object& before, const Object& now) { (this->*change)(before, now); }));
}

// Pods last: they are looked at in the light of all the others.
Task<void> World::start() {
  co_await mirror("", "namespaces", &World::change_namespace);
  co_await mirror("", "nodes", &World::change_node);
  co_await mirror("storage.k8s.io", "storageclasses", &World::change_class);
  co_await mirror("", "persistentvolumes", &World::change_volume);
  co_await mirror("", "persistentvolumeclaims", &World::change_claim);
  co_await mirror("policy", "poddisruptionbudgets", &World::change_budget);
  co_await mirror("", "pods", &World::change_pod);
}

std::optional<json::Tree> World::read(const Object& object) const {
  Result<json::Tree> tree = object.tree();
  if (tree) return *std::move(tree);
  ground_.log.error("{}: {}", object.entry().key(), tree.error().message());
  return std::nullopt;
}

void World::stir() {
  is_stirred = true;
  stirred.notify_all();
}

// Pods of one shape are alike, except for claims and what was in their way.
void World::happened(Happening what, std::string_view node) {
  if (queue_.parked() == 0) return;
  const std::optional<std::size_t> index = snapshot_.find(node);
  queue_.wake(now(), [&](const Waiting& waiting) { return could_help(what, index, waiting, snapshot_); });
  stir();
}

void World::wake(std::string_view uid) {
  queue_.wake(now(), [&](const Waiting& waiting) { return waiting.pod->uid == uid; });
  stir();
}

void World::change_pod(const Object& before, const Object& now) {
  const std::string key = key_of(now ? now : before);
  std::optional<json::Tree> tree = now ? read(now) : std::nullopt;
  if (!tree) return drop(key);
  const auto pod = std::make_shared<const Pod>(pod_of(tree->root(), snapshot_.shape_of(tree->root())));
  const auto known = pods_.find(key);
  if (pod->ended || (known != pods_.end() && known->second->uid != pod->uid)) drop(key);
  if (!pod->ended) show(pod);
}

void World::show(const PodPtr& pod) {
  PodPtr& place = pods_[pod->key()];
  const PodPtr before = std::exchange(place, pod);
  if (pod->node.empty()) show_waiting(pod, before.get());
  else show_placed(pod, before.get());
}

void World::show_placed(const PodPtr& pod, const Pod* before) {
  const bool was_placed = before != nullptr && !before->node.empty();
  if (const auto mine = assumed_.find(pod->uid); mine != assumed_.end()) {
    snapshot_.remove(*mine->second.pod);
    storage_.forget(mine->second.volumes);
    assumed_.erase(mine);
  } else if (was_placed) {
    snapshot_.remove(*before);
  }
  snapshot_.add(pod);
  snapshot_.end_nomination(*pod);
  queue_.remove(pod->uid);
  if (!was_placed || before->shape != pod->shape) happened(Happening::pod_placed);
  if (was_placed && (before->shape != pod->shape || before->ending != pod->ending))
    happened(Happening::pod_gone, pod->node);
}

void World::show_waiting(const PodPtr& pod, const Pod* before) {
  const std::string_view nominated_before = before != nullptr ? std::string_view(before->nominated) : "";
  if (pod->ending) snapshot_.end_nomination(*pod);
  else if (!pod->nominated.empty() && pod->nominated != nominated_before)
    snapshot_.nominate(pod, pod->nominated);
  else if (pod->nominated.empty() && !nominated_before.empty()) snapshot_.end_nomination(*pod);
  if (pod->shape->scheduler != name_ || assumed_.contains(pod->uid)) return;
  if (pod->ending) return queue_.remove(pod->uid);
  const Waiting* waiting = queue_.find(pod->uid);
  if (waiting != nullptr && waiting->pod->shape == pod->shape) queue_.update(pod);
  else queue_.add(pod, now());
  stir();
}

void World::drop(std::string_view key) {
  const auto known = pods_.find(key);
  if (known == pods_.end()) return;
  const PodPtr pod = known->second;
  pods_.erase(known);
  std::string node = pod->node;
  if (const auto mine = assumed_.find(pod->uid); mine != assumed_.end()) {
    node = mine->second.pod->node;
    snapshot_.remove(*mine->second.pod);
    storage_.forget(mine->second.volumes);
    assumed_.erase(mine);
  } else if (!node.empty()) {
    snapshot_.remove(*pod);
  }
  if (node.empty()) node = snapshot_.nominated_node(*pod);
  snapshot_.end_nomination(*pod);
  queue_.remove(pod->uid);
  happened(Happening::pod_gone, node);
}

void World::assume(Waiting waiting, std::size_t node, VolumePlan volumes) {
  const PodPtr pod = placed(*waiting.pod, snapshot_.nodes()[node].node.name);
  snapshot_.end_nomination(*pod);
  snapshot_.add(pod);
  storage_.assume(volumes);
  assumed_.insert_or_assign(pod->uid, Assumed{pod, std::move(waiting), std::move(volumes)});
  happened(Happening::pod_placed);
}

void World::forget(std::string_view uid, Next next) {
  const auto mine = assumed_.find(uid);
  if (mine == assumed_.end()) return;
  Assumed gone = std::move(mine->second);
  assumed_.erase(mine);
  snapshot_.remove(*gone.pod);
  storage_.forget(gone.volumes);
  const Pod* shown = find(gone.pod->key());
  if (next == Next::try_again && shown != nullptr && shown->uid == gone.pod->uid && shown->node.empty() &&
      !shown->ending) {
    gone.waiting.pod = pods_.find(gone.pod->key())->second;
    queue_.back_off(std::move(gone.waiting), now());
    stir();
  }
  happened(Happening::pod_gone, gone.pod->node);
}

Assumed* World::assumed(std::string_view uid) {
  const auto found = assumed_.find(uid);
  return found != assumed_.end() ? &found->second : nullptr;
}

std::vector<std::string> World::assumed_since(Monotonic before) const {
  std::vector<std::string> uids;
  for (const auto& [uid, mine] : assumed_)
    if (mine.bound && *mine.bound < before) uids.push_back(uid);
  return uids;
}

const Pod* World::find(std::string_view key) const {
  const auto found = pods_.find(key);
  return found != pods_.end() ? found->second.get() : nullptr;
}

std::vector<Budget> World::budgets() const {
  std::vector<Budget> all;
  for (const auto& [key, budget] : budgets_) all.push_back(budget);
  return all;
}

}  // namespace podo::scheduler
