// Sets of paths to fields, as sorted tries: what a manager owns. Private to model/patch.
//
// Nodes never change once they are in a set, so sets share them. They lie in an Arena, their texts where
// they came from (the schema, trees of JSON, the Arena): a set is a view of all these.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/format/json_tree.h"
#include "model/schema/arena.h"

namespace podo::patch {

using schema::Arena;

// One step of a path: to a member, an item by its keys, by its value, by its place.
struct Step {
  enum class Kind : std::uint8_t { field, key, value, index };
  Kind kind = Kind::field;
  std::string_view text;  // NAME   {"name":"web"}   "x"   3      as fieldsV1 has it behind "f:", "k:", ...
};
// The order of fieldsV1: fields by bytes, then keys, values, indices; numbers by their value.
int compare(const Step& a, const Step& b);

struct PathNode {
  Step step;
  bool member = false;  // the path to here is in the set
  const PathNode* children = nullptr;
  const PathNode* next = nullptr;  // sibling behind this one
};

class PathSet {
 public:
  constexpr PathSet() = default;
  constexpr explicit PathSet(const PathNode* first) : first_(first) {}
  const PathNode* first() const { return first_; }
  bool empty() const { return first_ == nullptr; }
  const PathNode* find(const Step& step) const;

 private:
  const PathNode* first_ = nullptr;
};

// A level of a set being made, from the front.
class PathList {
 public:
  // Steps in order; a node without anything is left out.
  void append(Arena& arena, const Step& step, bool member, PathSet below = {});
  void append_rest(const PathNode* rest);  // shared, and the last thing that is appended
  PathSet set() const { return PathSet(first_); }
  bool empty() const { return first_ == nullptr; }
  const PathNode* last() const { return last_; }

 private:
  const PathNode* first_ = nullptr;
  PathNode* last_ = nullptr;
};

PathSet unite(Arena& arena, PathSet a, PathSet b);
PathSet intersect(Arena& arena, PathSet a, PathSet b);
// Members of `a` that are not in `b`; a member of `b` does not take what is below it.
PathSet subtract(Arena& arena, PathSet a, PathSet b);
// As subtract(), with all that lies below members of `b`.
PathSet subtract_below(Arena& arena, PathSet a, PathSet b);
bool equal(PathSet a, PathSet b);
// Of dotted paths of fields; "*" is any step, and means something to keep_only() alone.
PathSet set_of(Arena& arena, std::span<const std::string_view> dotted);
// Those paths that begin with one of `prefixes`.
PathSet keep_only(Arena& arena, PathSet set, PathSet prefixes);

// As paths have it: `.image`, `[name="web"]`.
void append_step(std::string& out, const Step& step);
// `.spec.containers[name="web"].image` of every member: those of a level first, then what is below.
void append_paths(std::vector<std::string>& out, PathSet set);

// Invalid when it is no fieldsV1. Steps of kinds nobody knows are left out.
Result<PathSet> read_fields(Arena& arena, const json::Item& fields_v1);
void write_fields(json::Item& into, PathSet set);

// What stands in a key's or value's text, for keys: the members one after the other. False at the end.
struct KeyScanner {
  std::string_view rest;
  std::string_view name, value;
  explicit KeyScanner(std::string_view text) : rest(text) {}
  bool next();
};

}  // namespace podo::patch
