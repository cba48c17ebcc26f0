// What a Schema is made of. Private to model/schema.
#pragma once

#include <vector>

#include "model/schema/arena.h"
#include "model/schema/schema.h"

namespace podo::schema {

struct State {
  Arena arena;
  std::span<GroupVersion> group_versions;
  std::vector<const Struct*> types;  // by name
};

// by_name, by_number and defaulted of a Struct that has its fields. Those that stand in it inline, or are
// no pointers, must be indexed before.
void index_fields(Struct& type, Arena& arena);
// defaults_below of all of them.
void mark_defaults(std::span<Struct* const> types);

}  // namespace podo::schema
