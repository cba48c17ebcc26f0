#include <algorithm>

#include "model/patch/typed.h"

namespace podo::patch {
namespace {

using json::Item;
using json::Kind;

// True: the value is a leaf; otherwise its parts are below.
bool collect(Arena& arena, const Place& place, const Item& value, PathList& below);

void collect_members(Arena& arena, const Place& place, const Item& object, bool is_struct, PathList& into) {
  for (const Item* const member : sorted_members(arena, &object)) {
    const schema::Field* field = nullptr;
    if (is_struct) {
      field = place.type->object->find(member->key());
      if (field == nullptr || field->name == "managedFields") continue;  // kind, apiVersion
    }
    PathList below;
    const bool leaf = collect(arena, is_struct ? Place{&field->type, field} : place.item(), *member, below);
    const bool empty = member->is(Kind::null) || (member->is(Kind::object) && member->size() == 0);
    into.append(arena, {Step::Kind::field, member->key()}, leaf || empty || !is_struct, below.set());
  }
}

void collect_items(Arena& arena, const Place& place, const Item& list, PathList& into) {
  const auto items = locate(arena, place, &list);
  if (!items) return;  // check_typed() has told
  for (std::size_t i = 0; i < items->size();) {
    std::size_t end = i + 1;
    while (end < items->size() && compare((*items)[end].step, (*items)[i].step) == 0) ++end;
    PathList below;
    if (end == i + 1) collect(arena, place.item(), *(*items)[i].item, below);
    into.append(arena, (*items)[i].step, true, below.set());
    i = end;
  }
}

bool collect(Arena& arena, const Place& place, const Item& value, PathList& below) {
  const Form form = form_of(place, &value);
  if (form == Form::leaf) return true;
  if (value.is(Kind::null)) return false;
  if (form == Form::structure || form == Form::map) {
    collect_members(arena, place, value, form == Form::structure, below);
  } else {
    collect_items(arena, place, value, below);
  }
  return false;
}

// What stands behind one step, by the schema alone; no type: nothing is known.
Place behind(const Place& place, const Step& step) {
  switch (form_of(place, nullptr)) {
    case Form::structure:
      if (const schema::Field* const field = place.type->object->find(step.text))
        return {&field->type, field};
      return {};
    case Form::map:
    case Form::set:
    case Form::keyed: return place.item();
    case Form::leaf: break;
  }
  return {};
}

}  // namespace

PathSet fields_of(Arena& arena, const Place& root, const Item& wanted) {
  PathList below;
  collect(arena, root, wanted, below);
  return below.set();
}

PathSet with_parents(Arena& arena, const Place& root, PathSet set) {
  PathList made;
  const bool is_struct = form_of(root, nullptr) == Form::structure;
  for (const PathNode* node = set.first(); node != nullptr; node = node->next) {
    if (node->children == nullptr) {
      made.append(arena, node->step, node->member);
      continue;
    }
    const Place there = behind(root, node->step);
    made.append(arena, node->step, node->member || (is_struct && there.field != nullptr),
                with_parents(arena, there, PathSet(node->children)));
  }
  return made.set();
}

namespace {

// Something in the set lies below what is a leaf now.
bool is_too_deep(const Place& root, PathSet set) {
  for (const PathNode* node = set.first(); node != nullptr; node = node->next) {
    if (node->children == nullptr) continue;
    const Place there = behind(root, node->step);
    if (there.type == nullptr) continue;
    if (form_of(there, nullptr) == Form::leaf || is_too_deep(there, PathSet(node->children))) return true;
  }
  return false;
}

}  // namespace

PathSet reconciled(Arena& arena, const Place& root, PathSet set) {
  if (!is_too_deep(root, set)) return set;
  PathList made;
  for (const PathNode* node = set.first(); node != nullptr; node = node->next) {
    const Place there = node->children != nullptr ? behind(root, node->step) : Place();
    if (there.type != nullptr && form_of(there, nullptr) == Form::leaf) {
      made.append(arena, node->step, true);
    } else if (there.type == nullptr) {
      made.append(arena, node->step, node->member, PathSet(node->children));
    } else {
      made.append(arena, node->step, node->member, reconciled(arena, there, PathSet(node->children)));
    }
  }
  return made.set();
}

}  // namespace podo::patch
