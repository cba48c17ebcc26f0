// Patches as pure functions: what an object becomes. Nothing here knows what is stored or who asks.
//
//   json_patch       RFC 6902
//   merge_patch      RFC 7396
//   strategic_patch  Kubernetes: lists merge by the patch keys of the schema, with $patch, $retainKeys,
//                    $deleteFromPrimitiveList/NAME and $setElementOrder/NAME
//
// The patched object replaces `object` only when the whole patch succeeded; it wants schema::shape again.
// Errors have upstream's words. Invalid: the patch cannot be read, or makes no sense (400); conflict: it
// does not apply to this object (422); exhausted: too many operations (413).
#pragma once

#include "base/format/json_tree.h"
#include "model/schema/schema.h"

namespace podo::patch {

inline constexpr std::size_t operations_max = 10'000;
inline constexpr std::size_t copied_bytes_max = 3u << 20;  // by all "copy" operations together

Result<> json_patch(json::Tree& object, const json::Item& operations);
// A patch that is no object replaces all; upstream refuses it before.
void merge_patch(json::Item& object, const json::Item& patch);
Result<> strategic_patch(json::Tree& object, const json::Item& patch, const schema::Struct& type);

// A JSON pointer (RFC 6901) to what it names; null when there is nothing. Invalid: it does not begin
// with "/".
Result<json::Item*> find_pointer(json::Item& object, std::string_view pointer);

}  // namespace podo::patch
