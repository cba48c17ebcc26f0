// Deleting: what DeleteOptions say, and what happens to an object. It goes at once, or stays, marked, until
// its time of grace is over and nobody's finalizer holds it.
#pragma once

#include "cluster/apiserver/write.h"

namespace podo::apiserver {

struct DeleteWish {
  std::optional<std::int64_t> grace_s = {};
  std::string uid, resource_version;  // preconditions; "" of none
  std::string propagation = {};       // "Orphan", "Background", "Foreground"; "" is the kind's default
  bool accepted_is_enough = false;    // 202 while it stays: dependents go first
  bool dry_run = false;
};
// Of the body (any encoding, or none) and the query, checked.
Task<DeleteWish> read_delete_options(Request& request);
// Of DeleteOptions as an object: an Eviction carries one.
Result<DeleteWish> read_delete_options(Request& request, const json::Item& options);

// `object` becomes what it is while it is being deleted: with the time of its end, its grace, and finalizers
// for what becomes of its dependents. True: nothing holds it, it may go at once. Pure.
bool mark_deleted(json::Item& object, const schema::Resource& resource, const DeleteWish& wish, Wall now);

struct Deleted {
  std::string json;  // its last or its marked state, in the request's version
  std::string uid;
  bool gone = false;
};
// One try: modified() when somebody was faster.
Task<Deleted> delete_stored(Call& call, const Current& current, const DeleteWish& wish);
// Until it worked; 404 when there is none.
Task<Deleted> delete_named(Call& call, std::string name, const DeleteWish& wish);

}  // namespace podo::apiserver
