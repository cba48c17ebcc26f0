#include "model/patch/owners.h"

#include <vector>

namespace podo::patch {

using json::Item;

namespace {

constexpr std::string_view system_fields[] = {
    "apiVersion",
    "kind",
    "metadata",
    "metadata.clusterName",
    "metadata.creationTimestamp",
    "metadata.generation",
    "metadata.managedFields",
    "metadata.name",
    "metadata.namespace",
    "metadata.resourceVersion",
    "metadata.selfLink",
    "metadata.uid",
};
constexpr std::size_t annotations_bytes_max = 256u << 10;

void sort_all_members(Item& item) {
  std::vector<Item*> todo = {&item};
  while (!todo.empty()) {
    Item& next = *todo.back();
    todo.pop_back();
    if (next.is(json::Kind::object)) next.sort_members();
    for (Item* i = next.first(); i != nullptr; i = i->next()) {
      if (i->size() != 0) todo.push_back(i);
    }
  }
}

}  // namespace

PathSet without_system_fields(Arena& arena, PathSet set) {
  return set.empty() ? set : subtract(arena, set, set_of(arena, system_fields));
}

PathSet without(Arena& arena, PathSet set, const ResetFields& fields) {
  if (!fields.reset.empty()) set = subtract_below(arena, set, set_of(arena, fields.reset));
  if (!fields.only.empty()) set = keep_only(arena, set, set_of(arena, fields.only));
  return set;
}

LastApplied read_last_applied(Arena& arena, const Place& root, const Item& live,
                              std::string_view api_version) {
  const Item* const annotation = live.find("metadata", "annotations", last_applied);
  if (annotation == nullptr || annotation->string_or("").empty()) return {};
  auto tree = json::Tree::parse(std::string(annotation->string()));
  if (!tree || !tree->root().is(json::Kind::object)) return {};
  const Item* const version = tree->root().find("apiVersion");
  if (version == nullptr || version->string_or("") != api_version) return {};
  if (!check_typed(arena, root, tree->root())) return {};
  const auto differs = compare(arena, root, tree->root(), live, false);
  if (!differs) return {};
  PathSet set = fields_of(arena, root, tree->root());
  for (const PathSet changed : {differs->modified, differs->added, differs->removed}) {
    set = subtract(arena, set, changed);
  }
  return {*std::move(tree), set};
}

void update_last_applied(Item& object, const Item& wanted) {
  Item* const annotations = object.find("metadata", "annotations");
  Item* const annotation = annotations != nullptr ? annotations->find(last_applied) : nullptr;
  if (annotation == nullptr || annotation->string_or("").empty()) return;
  json::Tree applied = json::Tree::copy_of(wanted);
  if (Item* const own = applied.root().find("metadata", "annotations")) own->remove(last_applied);
  sort_all_members(applied.root());
  std::string text;
  json::append_text(text, applied.root(), json::Escapes::html);
  text += '\n';
  std::size_t bytes = text.size() + last_applied.size();
  for (const Item* i = annotations->first(); i != nullptr; i = i->next()) {
    if (i != annotation) bytes += i->key().size() + i->string_or("").size();
  }
  if (bytes > annotations_bytes_max) annotations->remove(last_applied);
  else annotation->set_string(text);
}

}  // namespace podo::patch
