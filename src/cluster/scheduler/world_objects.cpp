// What World makes of changes of everything but pods.
#include "cluster/scheduler/world.h"
#include "model/kube/path.h"

namespace podo::scheduler {

void World::change_node(const Object& before, const Object& now) {
  if (!now) {
    snapshot_.remove_node(before.name());
    return happened(Happening::node_gone);
  }
  const std::optional<json::Tree> tree = read(now);
  if (!tree) return;
  Node node = node_of(tree->root());
  const std::optional<std::size_t> known = snapshot_.find(node.name);
  if (known && snapshot_.nodes()[*known].node == node) return;  // a sign of life only
  const std::string name = node.name;
  snapshot_.set_node(std::move(node));
  happened(Happening::node_changed, name);
}

void World::change_namespace(const Object& before, const Object& now) {
  if (!now) return snapshot_.set_namespace(before.name(), std::nullopt);
  const std::optional<json::Tree> tree = read(now);
  if (!tree) return;
  snapshot_.set_namespace(now.name(), kube::labels_of(kube::find_at(tree->root(), "metadata.labels")));
  happened(Happening::namespaces);
}

void World::change_claim(const Object& before, const Object& now) {
  const std::optional<json::Tree> tree = now ? read(now) : std::nullopt;
  if (tree) storage_.set(claim_of(tree->root()));
  else if (!now) storage_.remove_claim(text("{}/{}", before.name_space(), before.name()));
  storage_changed.notify_all();
  happened(Happening::storage);
}

void World::change_volume(const Object& before, const Object& now) {
  const std::optional<json::Tree> tree = now ? read(now) : std::nullopt;
  if (tree) storage_.set(volume_of(tree->root()));
  else if (!now) storage_.remove_volume(before.name());
  happened(Happening::storage);
}

void World::change_class(const Object& before, const Object& now) {
  const std::optional<json::Tree> tree = now ? read(now) : std::nullopt;
  if (tree) storage_.set(storage_class_of(tree->root()));
  else if (!now) storage_.remove_class(before.name());
  happened(Happening::storage);
}

void World::change_budget(const Object& before, const Object& now) {
  const std::optional<json::Tree> tree = now ? read(now) : std::nullopt;
  if (tree) budgets_.insert_or_assign(text("{}/{}", now.name_space(), now.name()), budget_of(tree->root()));
  else if (!now) budgets_.erase(text("{}/{}", before.name_space(), before.name()));
}

}  // namespace podo::scheduler
