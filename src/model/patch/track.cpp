#include "model/patch/apply.h"
#include "model/patch/owners.h"

namespace podo::patch {

using json::Item;
using json::Kind;

namespace {

const Item* managed_of(const Item* object) {
  const Item* const found = object != nullptr ? object->find("metadata", "managedFields") : nullptr;
  return found != nullptr && found->is(Kind::array) ? found : nullptr;
}

void take_stored(const Item* before, Item& now) {
  const Item* const stored = managed_of(before);
  Item* const metadata = now.find("metadata");
  if (stored != nullptr) now.member("metadata").member("managedFields").copy(*stored);
  else if (metadata != nullptr) metadata->remove("managedFields");
}

bool is_one_empty(const Item& list) {
  return list.size() == 1 && list.first()->is(Kind::object) && list.first()->size() == 0;
}

// Whose entries count: those that were sent, or the stored ones.
void choose_entries(Arena& arena, const Item* before, Item& now, std::string_view subresource,
                    History stored) {
  Item* const sent = now.find("metadata", "managedFields");
  const bool is_list = sent != nullptr && sent->is(Kind::array) && sent->size() != 0;
  if (subresource.empty() && (stored == History::forgotten || (is_list && is_one_empty(*sent)))) {
    if (sent != nullptr) now.find("metadata")->remove("managedFields");
  } else if (!subresource.empty() || !is_list || !read_managers(arena, *sent)) {
    take_stored(before, now);
  }
}

bool same_but(const Item& a, const Item& b, std::string_view name) {
  std::size_t counted = 0;
  for (const Item* i = a.first(); i != nullptr; i = i->next()) {
    if (i->key() == name) continue;
    const Item* const other = b.find(i->key());
    if (other == nullptr || !json::same(*i, *other)) return false;
    ++counted;
  }
  return counted == b.size() - (b.find(name) != nullptr ? 1 : 0);
}

}  // namespace

Result<> track(const Item* before, Item& now, const schema::Resource& resource, const Manager& by,
               History stored) {
  Manager manager = by;
  manager.applies = false;
  Arena arena;
  const schema::Type type = {schema::Kind::object, resource.type, nullptr};
  const Place root = {&type, nullptr};
  choose_entries(arena, before, now, by.subresource, stored);
  Managers managers(arena, now);
  if (managers.empty() && before != nullptr) return managers.write(), Result<>();
  const auto differs = compare(arena, root, before != nullptr ? *before : implied, now);
  if (!differs) return take_stored(before, now), Result<>();
  if (differs->is_same()) return managers.write(), Result<>();
  for (Entry& entry : managers.entries()) entry.set = reconciled(arena, root, entry.set);
  const ResetFields reset = reset_fields(resource, by.subresource);
  const PathSet changed = without(arena, unite(arena, differs->modified, differs->added), reset);
  managers.subtract_from_all(changed);
  managers.subtract_from_all(without(arena, differs->removed, reset));
  PathSet mine = without_system_fields(arena, changed);
  if (!mine.empty()) {
    if (const Entry* const known = managers.find(manager)) mine = unite(arena, mine, known->set);
    managers.put(manager, mine, true);
  }
  managers.limit_updates();
  managers.write();
  return {};
}

bool forgets_managers(const Item& sent) {
  const Item* const list = managed_of(&sent);
  return list != nullptr && (list->size() == 0 || is_one_empty(*list));
}

void keep_times(const Item& before, Item& now) {
  const Item* const old = managed_of(&before);
  const Item* const managed = managed_of(&now);
  if (old == nullptr || managed == nullptr || old->size() != managed->size()) return;
  for (const Item *a = old->first(), *b = managed->first(); a != nullptr; a = a->next(), b = b->next()) {
    if (!same_but(*a, *b, "time")) return;
  }
  if (!same_but(before, now, "metadata")) return;
  if (!same_but(*before.find("metadata"), *now.find("metadata"), "managedFields")) return;
  now.find("metadata", "managedFields")->copy(*old);
}

}  // namespace podo::patch
