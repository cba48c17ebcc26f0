#include "cluster/apiserver/delete.h"
#include "model/kube/path.h"
#include "model/kube/stamp.h"
#include "model/strategy/strategy.h"

namespace podo::apiserver {
namespace {

using json::Item;

constexpr std::string_view orphan_finalizer = "orphan", foreground_finalizer = "foregroundDeletion";

bool is(const schema::Resource& resource, std::string_view group, std::string_view plural) {
  return resource.plural == plural && resource.group_version->group == group;
}

// Kinds that keep what belongs to them unless told otherwise.
bool orphans_by_default(const schema::Resource& resource) {
  return is(resource, "", "replicationcontrollers") || is(resource, "batch", "jobs");
}

bool has_finalizer(const Item& object, std::string_view name) {
  for (const Item& finalizer : kube::children_at(object, "metadata.finalizers"))
    if (finalizer.string_or("") == name) return true;
  return false;
}

void set_finalizer(Item& object, std::string_view name, bool wanted) {
  if (has_finalizer(object, name) == wanted) return;
  Item& list = object.member("metadata").member("finalizers");
  if (wanted) return list.append().set_string(name);
  list.keep_if([name](const Item& item) { return item.string_or("") != name; });
  if (list.size() == 0) object.member("metadata").remove("finalizers");
}

// What becomes of dependents is said by finalizers that the garbage collector takes away.
void set_propagation(Item& object, const schema::Resource& resource, const DeleteWish& wish) {
  bool orphan = wish.propagation == "Orphan", foreground = wish.propagation == "Foreground";
  if (wish.propagation.empty()) {
    foreground = has_finalizer(object, foreground_finalizer);
    orphan = has_finalizer(object, orphan_finalizer) || (!foreground && orphans_by_default(resource));
  }
  set_finalizer(object, orphan_finalizer, orphan);
  set_finalizer(object, foreground_finalizer, foreground);
}

// From now on it is being deleted. A second deletion may only shorten the grace.
void set_end(Item& object, std::int64_t grace_s, Wall now) {
  Item& metadata = object.member("metadata");
  const bool marked = metadata.find("deletionTimestamp") != nullptr;
  const Item* before = metadata.find("deletionGracePeriodSeconds");
  if (marked && (before == nullptr || before->as_int64().value_or(0) <= grace_s)) return;
  metadata.member("deletionTimestamp").set_string(kube::time_text({now.ns + seconds(grace_s).ns}));
  metadata.member("deletionGracePeriodSeconds").set_number(grace_s);
  if (!marked) strategy::count_deletion(object);
}

}  // namespace

bool mark_deleted(Item& object, const schema::Resource& resource, const DeleteWish& wish, Wall now) {
  const std::int64_t grace_s = std::max(strategy::grace_of(object, resource, wish.grace_s), std::int64_t{0});
  set_propagation(object, resource, wish);
  set_end(object, grace_s, now);
  // A namespace is emptied first: a finalizer of its own holds it until then.
  if (is(resource, "", "namespaces")) object.member("status").member("phase").set_string("Terminating");
  return kube::size_at(object, "metadata.finalizers") == 0 && kube::size_at(object, "spec.finalizers") == 0 &&
         grace_s == 0;
}

}  // namespace podo::apiserver
