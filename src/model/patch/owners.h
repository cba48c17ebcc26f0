// What apply() and track() share. Private to model/patch.
#pragma once

#include "model/patch/managers.h"
#include "model/patch/typed.h"

namespace podo::patch {

// Without what no manager ever owns: kind and apiVersion, names, what the server fills in.
PathSet without_system_fields(Arena& arena, PathSet set);
PathSet without(Arena& arena, PathSet set, const ResetFields& fields);

inline constexpr std::string_view last_applied = "kubectl.kubernetes.io/last-applied-configuration";
// Fields of the live object that client-side apply has put there and nobody has changed since; none when
// the annotation is absent or makes no sense. The set views `tree`.
struct LastApplied {
  json::Tree tree;
  PathSet fields;
};
LastApplied read_last_applied(Arena& arena, const Place& root, const json::Item& live,
                              std::string_view api_version);
// An annotation that is there follows what kubectl applies by the server.
void update_last_applied(json::Item& object, const json::Item& wanted);

}  // namespace podo::patch
