// Server-side apply: who owns which field, and what an object becomes when somebody applies a configuration.
// The model is Kubernetes' structured merge: a set of paths per manager, kept in metadata.managedFields
// (fieldsV1), topology by the schema (lists atomic, set or map; maps and objects granular or atomic).
//
//   fieldsV1 := { "f:NAME": fieldsV1 | "k:{KEYS-JSON}": fieldsV1 | "v:VALUE-JSON": {} | "i:N": {} | ".": {} }
//
// Pure: the time comes in. Sets are sorted tries; an object of 5 KB with ten managers costs tens of
// microseconds.
#pragma once

#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/format/json_tree.h"
#include "model/schema/schema.h"

namespace podo::patch {

// One step of a path: a member, an item by its keys, an item by its value, an item by its place.
// Ordered as fieldsV1 writes them.
class PathSet;  // path_set.h: union, difference, intersection, leaves, to and from fieldsV1

struct Manager {
  std::string name;      // --field-manager
  bool applies = false;  // operation Apply; otherwise Update
  std::string api_version, subresource;
  Wall at;
};

// Conflicts are told one by one; the caller words them (facts: validation.md, "Conflict (apply)").
struct Conflict {
  Manager with;
  std::string path;  // ".spec.replicas", ".spec.containers[name=\"web\"].image"
};

struct ApplyOptions {
  Manager by;
  bool force = false;
};
// `live` becomes what applying `wanted` makes of it (an absent object: live is null), managedFields included.
// Fields the manager applied before and does not want now go, unless another one owns them. With conflicts
// and without force nothing is changed and they are returned.
Result<std::vector<Conflict>> apply(json::Tree& live, const json::Item& wanted, const schema::Struct& type,
                                    const ApplyOptions& options);

// Everything that is not an apply: `now` came of `before` by `by`; managedFields of `now` are made so. What
// did not change keeps its entry and time. Entries of Update managers beyond ten are merged into "ancient-
// changes".
Result<> track(const json::Item* before, json::Item& now, const schema::Struct& type, const Manager& by);

// What no manager may own: apiVersion, kind, metadata name, namespace, creationTimestamp, uid,
// resourceVersion, generation, managedFields; status of kinds with a status subresource on the main resource,
// and the rest on that subresource.
PathSet reset_fields(const schema::Resource& resource, std::string_view subresource);

}  // namespace podo::patch
