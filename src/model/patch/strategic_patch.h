// What the two halves of strategic merge share: objects (strategic_patch.cpp) and lists with their order
// (strategic_list.cpp). Private to model/patch.
#pragma once

#include <vector>

#include "model/patch/patch.h"

namespace podo::patch::strategic {

using json::Item;

inline constexpr std::string_view directive = "$patch";
inline constexpr std::string_view retain_keys = "$retainKeys";
inline constexpr std::string_view delete_from = "$deleteFromPrimitiveList";
inline constexpr std::string_view element_order = "$setElementOrder";

struct Where {                           // what holds the member, and what stands there
  const schema::Type* type = nullptr;    // null: nothing is known
  const schema::Field* field = nullptr;  // null: an item of a list or map
};

Result<> merge_object(Item& object, const Item& patch, const Where& where);
// `items` by `key` ("" for scalars) into the list; nothing is patched when `patch` is null. `order` is what
// $setElementOrder says, or null: then the order is that of the patch.
Result<> merge_list(Item& list, const Item* patch, const Item* order, const Where& where);
Result<> delete_scalars(Item& list, const Item& values);

// `into` becomes what is new in the object: without nulls and directives.
void take_new(Item& into, const Item& patch);

// Upstream's errors.
std::string go_text(const Item& item);  // as %v prints it: map[a:1 b:[x]]
Failure no_merge_key(const Item& map, std::string_view key);
Failure bad_type(std::string_view expected, const Item& got);
Failure unknown_directive(const Item& what, const Item& map);

}  // namespace podo::patch::strategic
