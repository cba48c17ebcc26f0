// Server-side apply: who owns which field, and what an object becomes when somebody applies a
// configuration. The model is Kubernetes' structured merge: a set of paths for each manager, kept in
// metadata.managedFields (fieldsV1); what a path may lead into is told by the schema (lists atomic, set or
// map; maps and objects granular or atomic).
//
//   apply    an apply patch: fields are merged in, those given up go, conflicts are found
//   track    everything else (create, update, other patches): whoever changed a field owns it
//
// Pure: the time comes in. Objects are those of the request's version, defaulted; what comes out wants
// schema::shape and defaults again. Entries of another version of the group are taken to be of this one.
// /scale is a change of spec.replicas of its parent, by a manager with subresource "scale".
#pragma once

#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/format/json_tree.h"
#include "model/schema/schema.h"

namespace podo::patch {

struct Manager {
  std::string name;      // --field-manager, or of the user agent; "" is "unknown"
  bool applies = false;  // operation Apply; otherwise Update
  std::string api_version, subresource;
  Wall at;  // now; whole seconds are kept
};

struct Conflict {
  Manager with;
  std::string path;  // `.spec.replicas`, `.spec.containers[name="web"].image`
};
// `conflict with "kubectl-edit" using apps/v1`: the message of its cause; `path` is the cause's field.
std::string text_of(const Conflict& conflict);
// `Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.replicas`.
std::string text_of(const std::vector<Conflict>& conflicts);

struct ApplyOptions {
  Manager by;
  bool force = false;
};
// `live` becomes what applying `wanted` makes of it (null: there is no object yet), managedFields
// included. Fields the manager applied before and does not want now go, unless another one owns them. With
// conflicts and without force nothing is changed, and they are returned, by manager.
//
// `wanted` is what the client sent: parsed, neither shaped nor defaulted. Invalid: a wrong kind or
// version, managedFields in it (upstream: 400); corrupt: it does not fit the schema (upstream: 500 with
// `failed to create typed patch object (...): .spec.x: field not declared in schema`).
Result<std::vector<Conflict>> apply(json::Tree& live, const json::Item& wanted,
                                    const schema::Resource& resource, const ApplyOptions& options);

// `now` came of `before` (null: it is created) by `by`; managedFields of `now` are made so. Entries whose
// fields did not change keep their time. Those that a client sends replace the stored ones, unless they
// are none, make no sense, or come by a subresource. More than ten Update managers: the oldest become
// "ancient-changes". An object without managers stays so until somebody applies. Never fails.
enum class History : bool { kept, forgotten };  // the stored entries
Result<> track(const json::Item* before, json::Item& now, const schema::Resource& resource, const Manager& by,
               History stored = History::kept);
// Whether managedFields of what the client sent are [] or [{}]: all managers are to be forgotten. To be
// asked before shape() takes the [] out.
bool forgets_managers(const json::Item& sent);

// After admission: when times in managedFields are all that differs, `now` gets those of `before`, so that
// nothing needs to be written.
void keep_times(const json::Item& before, json::Item& now);

// What a request to this resource or subresource cannot change, and so never owns: dotted paths, "*" is
// any item. `only`, when there are some, is all that it may own.
struct ResetFields {
  std::span<const std::string_view> reset, only;
};
ResetFields reset_fields(const schema::Resource& resource, std::string_view subresource);

}  // namespace podo::patch
