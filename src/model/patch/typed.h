// Objects as structured merge sees them: values at places of the schema. Walks over one or two of them:
// which paths there are, what differs, what a configuration makes of an object. Private to model/patch.
//
// In objects of the server a struct that is no pointer is there even when the tree does not have it, and
// so is what is written `always`: paths are those of the object as it would be encoded. What clients send
// is taken as it is.
#pragma once

#include <optional>

#include "model/patch/path_set.h"
#include "model/schema/schema.h"

namespace podo::patch {

// A value's type, and the field it stands in (null: an item of a list or map).
struct Place {
  const schema::Type* type = nullptr;
  const schema::Field* field = nullptr;
  Place item() const;
};

// How a value is owned: as a whole, or by its parts.
enum class Form : std::uint8_t { leaf, structure, map, set, keyed };
// Of one or two values (null: absent). One that is not of the type's kind makes a leaf.
Form form_of(const Place& place, const json::Item* a, const json::Item* b = nullptr);

// Present in the object as it is encoded, but not in the tree: zero, or a struct without members.
extern const json::Item implied;
bool is_implied(const schema::Field& field);

// Members that are null, "", 0, false, [] and {} are the same as absent ones here.
bool same_value(const schema::Type* type, const json::Item& a, const json::Item& b);
bool is_empty(const json::Item* item);  // null, absent, [] or {}

// The items of a set or keyed list with their steps, in the order of steps; equal steps in the order of
// the list. Invalid in upstream's words: "element 0: associative list with keys has an element that omits
// key field ..."
struct Located {
  Step step;
  const json::Item* item = nullptr;
  std::size_t place = 0;  // in the list
};
Result<std::span<Located>> locate(Arena& arena, const Place& list, const json::Item* items);
Result<Step> step_of(Arena& arena, const Place& list, const json::Item& item);
// Members by key.
std::span<const json::Item*> sorted_members(Arena& arena, const json::Item* object);

struct Comparison {
  PathSet added, removed, modified;
  bool is_same() const { return added.empty() && removed.empty() && modified.empty(); }
};
// Invalid when list items cannot be told apart.
Result<Comparison> compare(Arena& arena, const Place& root, const json::Item& before, const json::Item& now,
                           bool encoded = true);

// Every leaf, item and map entry that a configuration mentions.
PathSet fields_of(Arena& arena, const Place& root, const json::Item& wanted);
// With the fields of structs that members lie below of.
PathSet with_parents(Arena& arena, const Place& root, PathSet set);
// Sets that an older schema has made: what is a leaf now is owned as a whole.
PathSet reconciled(Arena& arena, const Place& root, PathSet set);

// `into` gets what `wanted` says; nothing goes. Lists take the order of `wanted` where both have the items.
Result<> merge(Arena& arena, const Place& root, json::Item& into, const json::Item& wanted);
void remove_fields(Arena& arena, const Place& root, json::Item& from, PathSet set);

// Invalid in upstream's words: ".spec.foo: field not declared in schema", or several after "errors:".
Result<> check_typed(Arena& arena, const Place& root, const json::Item& wanted);

}  // namespace podo::patch
