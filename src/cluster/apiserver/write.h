// How an object comes to be stored, the same for every verb that writes:
//
//   (shaped Tree) -> defaults -> managedFields -> admission -> defaults -> strategy -> validation
//                 -> admission's second look -> addresses of Services -> canonical bytes -> objects
//
// What comes back is JSON in the version of the request. With dry_run all of it happens but the last step.
// A change that somebody else was faster with fails with the Status Conflict of modified().
#pragma once

#include "cluster/api_request/body.h"
#include "cluster/apiserver/call.h"
#include "cluster/objects/objects.h"
#include "model/patch/apply.h"

namespace podo::apiserver {

// What the request is about, in storage. `name` of the path unless given.
objects::Key key_of(const Request& request);
objects::Key key_of(const Request& request, std::string name);

// `now` becomes an object. Without a name it gets one of its generateName, a few times if it must.
// `applied`: managedFields are made already.
Task<std::string> save_new(Call& call, json::Tree now, const WriteOptions& options, bool applied = false);

struct Current {
  objects::Object stored;
  json::Tree object;  // in the version of the request
};
Task<std::optional<Current>> find_current(Call& call);
Task<Current> get_current(Call& call);  // 404

struct Saved {
  std::string json;
  bool removed = false;  // its last finalizer went, and so did it
};
struct How {
  std::string_view part = {};  // what is taken over: all, or a subresource (strategy::prepare_update)
  bool applied = false;        // managedFields are made already
  bool own = false;            // the server's own change: all of it counts, and it is right
};
// `now` takes the place of `current`.
Task<Saved> save_update(Call& call, json::Tree now, const Current& current, const WriteOptions& options,
                        How how);

// Removes what is stored, and what goes with it (a Service's addresses). modified() when it has changed.
Task<void> remove_stored(Call& call, const Current& current);

// An object that is being deleted goes when nobody holds it any more.
bool is_due(const json::Item& object);

// The object's namespace and name are the URL's; they are taken over where it has none.
Result<> check_place(Request& request, json::Item& object);

patch::Manager manager_of(const Request& request, const WriteOptions& options, bool applies = false);

// Somebody else was faster, and trying again may help.
bool is_conflict(const Error& error);
inline constexpr int conflict_tries = 6;  // the first, and five more

}  // namespace podo::apiserver
