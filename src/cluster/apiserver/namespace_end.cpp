// The end of a namespace: everything in it is deleted, its pods before all else (they may need the rest until
// they end), what cannot go yet is told in its conditions, and when it is empty its own finalizer goes, and
// so does it.
#include <map>

#include "cluster/apiserver/delete.h"
#include "cluster/apiserver/loops.h"
#include "cluster/apiserver/names_due.h"
#include "cluster/objects/mirror.h"
#include "cluster/service_addresses/service_addresses.h"
#include "model/kube/path.h"
#include "model/kube/stamp.h"
#include "model/schema/convert.h"

namespace podo::apiserver {
namespace {

using json::Item;
using objects::Object;

struct Left {
  std::map<std::string, std::size_t> resources;   // "pods.": that many
  std::map<std::string, std::size_t> finalizers;  // that many objects have it
  std::string problem;                            // of a deletion that failed
};

bool is_pods(const schema::Resource& resource) {
  return resource.plural == "pods" && resource.group_version->group.empty();
}

// Pods have until their end to end; those with finalizers until somebody takes them away.
Task<bool> delete_object_of(Parts& parts, const schema::Resource& resource, Object object) {
  objects::Objects& objects = parts.ground.objects;
  const objects::Key key{.resource = &resource,
                         .name_space = std::string(object.name_space()),
                         .name = std::string(object.name())};
  json::Tree tree = co_await object.tree();
  const json::Tree before = json::Tree::copy_of(tree.root());
  DeleteWish wish;
  wish.propagation = "Background";
  const bool gone = mark_deleted(tree.root(), resource, wish, parts.ground.clock.wall());
  if (!gone) {
    co_await objects.update(key, object.revision(), schema::canonical(tree.root(), *resource.type));
    co_return false;
  }
  const bool has_addresses = resource.plural == "services" && resource.group_version->group.empty();
  Reservation freed = has_addresses ? parts.addresses->free(before.root()) : Reservation();
  co_await objects.remove(key, object.revision(), freed.alongside());
  freed.keep();
  co_return true;
}

void count(Left& left, const schema::Resource& resource, const Item& object) {
  ++left.resources[text("{}.{}", resource.plural, resource.group_version->group)];
  for (const Item& finalizer : kube::children_at(object, "metadata.finalizers"))
    ++left.finalizers[std::string(finalizer.string_or(""))];
}

Task<void> delete_all_of(Parts& parts, const schema::Resource& resource, std::string name_space, Left& left) {
  const objects::ListPage page = co_await parts.ground.objects.list(resource, name_space);
  for (const Object& object : page.objects) {
    const auto gone = co_await delete_object_of(parts, resource, object).result();
    if (gone && *gone) continue;
    if (!gone && gone.error().kind() == ErrorKind::cancelled) co_await Failure(gone.error());
    if (!gone && !is_conflict(gone.error())) left.problem = gone.error().message();
    const json::Tree tree = co_await object.tree();
    count(left, resource, tree.root());
  }
}

Task<Left> delete_content(Parts& parts, std::string name_space) {
  Left left;
  for (const bool pods : {true, false}) {
    for (const schema::GroupVersion& group : parts.schema.group_versions())
      for (const schema::Resource& resource : group.resources)
        if (resource.namespaced && resource.stored_as == group.api_version && is_pods(resource) == pods)
          co_await delete_all_of(parts, resource, name_space, left);
    if (!left.resources.empty()) break;
  }
  co_return left;
}

// "a in 1 resource instances, b in 2 resource instances"
std::string list_of(const std::map<std::string, std::size_t>& counts, std::string_view verb) {
  std::string all;
  for (const auto& [name, number] : counts)
    all += text("{}{} {} {} resource instances", all.empty() ? "" : ", ", name, verb, number);
  return all;
}

void set_condition(Item& object, std::string_view type, bool value, std::string_view reason,
                   std::string_view message, Wall now) {
  Item& conditions = object.member("status").member("conditions");
  Item* found = nullptr;
  for (Item* item = conditions.first(); item != nullptr; item = item->next())
    if (kube::text_at(*item, "type") == type) found = item;
  Item& condition = found != nullptr ? *found : conditions.append();
  const std::string_view status = value ? "True" : "False";
  if (kube::text_at(condition, "status") != status)
    condition.member("lastTransitionTime").set_string(kube::time_text(now));
  condition.member("type").set_string(type);
  condition.member("status").set_string(status);
  condition.member("reason").set_string(reason);
  condition.member("message").set_string(message);
}

void tell_what_is_left(Item& object, const Left& left, Wall now) {
  set_condition(object, "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered",
                "All resources successfully discovered", now);
  set_condition(object, "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
                "All legacy kube types successfully parsed", now);
  if (left.problem.empty())
    set_condition(object, "NamespaceDeletionContentFailure", false, "ContentDeleted",
                  "All content successfully deleted, may be waiting on finalization", now);
  else
    set_condition(object, "NamespaceDeletionContentFailure", true, "ContentDeletionFailed",
                  text("Failed to delete all resource types, 1 remaining: {}", left.problem), now);
  if (left.resources.empty())
    set_condition(object, "NamespaceContentRemaining", false, "ContentRemoved",
                  "All content successfully removed", now);
  else
    set_condition(object, "NamespaceContentRemaining", true, "SomeResourcesRemain",
                  text("Some resources are remaining: {}", list_of(left.resources, "has")), now);
  if (left.finalizers.empty())
    set_condition(object, "NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers",
                  "All content-preserving finalizers finished", now);
  else
    set_condition(
        object, "NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
        text("Some content in the namespace has finalizers remaining: {}", list_of(left.finalizers, "in")),
        now);
}

// True: there is nothing more to do for it.
Task<bool> end_namespace(Parts& parts, std::string name) {
  objects::Objects& objects = parts.ground.objects;
  const schema::Resource& namespaces = objects.resource("", "namespaces");
  const objects::Key key{.resource = &namespaces, .name_space = "", .name = name};
  const auto found = co_await objects.find(key);
  if (!found) co_return true;
  json::Tree tree = co_await found->tree();
  Item& object = tree.root();
  if (kube::find_at(object, "metadata.deletionTimestamp") == nullptr) co_return true;
  const Left left = co_await delete_content(parts, name);
  if (left.resources.empty()) object.member("spec").remove("finalizers");
  if (is_due(object)) {
    co_await objects.remove(key, found->revision());
    co_return true;
  }
  tell_what_is_left(object, left, parts.ground.clock.wall());
  co_await objects.update(key, found->revision(), schema::canonical(object, *namespaces.type));
  co_return left.resources.empty();  // somebody's finalizer holds it: a change of it brings it back here
}

}  // namespace

Task<void> empty_namespaces(Parts& parts) {
  NamesDue due(parts.ground.loop);
  objects::Objects& objects = parts.ground.objects;
  const auto ending = [&due](const Object&, const Object& now) {
    if (now && now.json().contains("\"deletionTimestamp\":")) due.add(std::string(now.name()));
  };
  const auto namespaces =
      co_await objects::Mirror::start(objects, objects.resource("", "namespaces"), ending);
  for (;;) {
    std::string name = co_await due.next();
    const auto done = co_await end_namespace(parts, name).result();
    if (!done && done.error().kind() == ErrorKind::cancelled) co_await Failure(done.error());
    if (!done && !is_conflict(done.error()))
      parts.ground.log.warn("end of namespace {}: {}", name, done.error().message());
    if (!done || !*done) due.add_after(std::move(name), milliseconds(done ? 1000 : 100));
  }
}

Task<void> run_loops(Parts& parts) {
  io::TaskGroup loops(parts.ground.loop);
  loops.spawn(keep_namespaces_furnished(parts), "what namespaces have");
  loops.spawn(empty_namespaces(parts), "ends of namespaces");
  co_await loops.join();
}

}  // namespace podo::apiserver
