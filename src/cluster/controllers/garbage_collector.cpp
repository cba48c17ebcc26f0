#include "cluster/controllers/garbage_collector.h"

#include <algorithm>

#include "base/io/combine.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::text_at;
using objects::Object;

constexpr Duration until_mirrored = seconds(30);
constexpr std::string_view foreground_finalizer = "foregroundDeletion", orphan_finalizer = "orphan";

json::Tree metadata_of(const Object& object) {
  std::string json;
  object.append_metadata(json);
  Result<json::Tree> tree = json::Tree::parse(std::move(json));
  return tree ? *std::move(tree) : json::Tree();
}

// Without parsing: most objects belong to nobody.
bool may_concern(const Object& object) {
  if (!object) return false;
  std::string metadata;
  object.append_metadata(metadata);
  return metadata.contains("\"ownerReferences\":") || metadata.contains("\"deletionTimestamp\":");
}

// Events speak of others, belong to nobody, and end by themselves.
bool is_collected(const schema::GroupVersion& group, const schema::Resource& resource) {
  constexpr std::uint32_t wanted = schema::verb_list | schema::verb_watch | schema::verb_delete;
  if (resource.stored_as != group.api_version || (resource.verbs & wanted) != wanted) return false;
  return group.served && resource.plural != "events";
}

bool has_finalizer(const json::Item& object, std::string_view name) {
  for (const json::Item& finalizer : kube::children_at(object, "metadata.finalizers"))
    if (finalizer.string_or("") == name) return true;
  return false;
}

bool awaits_dependents(const json::Item& object) {
  return kube::find_at(object, "metadata.deletionTimestamp") != nullptr &&
         has_finalizer(object, foreground_finalizer);
}

// Who is gone, or has been changed in a way that makes the wish void.
bool is_void(const Result<json::Tree>& answer) {
  if (answer) return false;
  const ErrorKind kind = answer.error().kind();
  return kind == ErrorKind::not_found || kind == ErrorKind::invalid;
}

}  // namespace

GarbageCollector::GarbageCollector(World& world)
    : world_(world), schema_(world.ground.client.schema()), queue_(world.ground.loop, "garbage") {
  for (std::size_t i = 0; i < kinds; ++i) {
    Watched& watched = world.of(static_cast<Kind>(i));
    const schema::Resource& resource = watched.resource();
    if (!is_collected(*resource.group_version, resource)) continue;
    mirrors_.emplace(&resource, nullptr);
    watched.on_object(
        [this, &resource](const Object& before, const Object& now) { see(resource, before, now); });
  }
}

GarbageCollector::~GarbageCollector() = default;

Task<void> GarbageCollector::mirror_the_rest() {
  for (std::size_t i = 0; i < kinds; ++i) {
    const Watched& watched = world_.of(static_cast<Kind>(i));
    if (mirrors_.contains(&watched.resource())) mirrors_[&watched.resource()] = &watched.mirror();
  }
  for (const schema::GroupVersion& group : schema_.group_versions())
    for (const schema::Resource& resource : group.resources) {
      if (!is_collected(group, resource) || mirrors_.contains(&resource)) continue;
      const auto told = [this, &resource](const Object& before, const Object& now) {
        see(resource, before, now);
      };
      own_mirrors_.push_back(co_await world_.ground.client.mirror(resource, {}, told));
      mirrors_.emplace(&resource, own_mirrors_.back().get());
    }
}

// Nothing is judged before all mirrors are there.
Task<void> GarbageCollector::run(int workers) {
  co_await mirror_the_rest();
  io::TaskGroup group(world_.ground.loop);
  for (int i = 0; i < workers; ++i) group.spawn(work(), text("garbage collector {}", i));
  co_await group.join();
}

void GarbageCollector::add(const OwnerGraph::Uids& due) {
  for (const std::string& uid : due) queue_.add(uid);
}

void GarbageCollector::see(const schema::Resource& resource, const Object& before, const Object& now) {
  if (now && !may_concern(now) && !may_concern(before)) return;
  std::string was, is;
  if (before) was = text_at(metadata_of(before).root(), "uid");
  if (now) {
    const json::Tree metadata = metadata_of(now);
    is = text_at(metadata.root(), "uid");
    add(graph_.put(is, belonging_of(resource, metadata.root())));
  }
  if (before && was != is) add(graph_.erase(was));
}

Task<void> GarbageCollector::work() {
  for (;;) {
    const std::string uid = co_await queue_.next();
    const Result<void> outcome = co_await look_at(uid).result();
    if (!outcome && outcome.error().kind() == ErrorKind::cancelled) co_await Result<void>(outcome);
    if (!outcome && outcome.error().kind() != ErrorKind::conflict)
      world_.ground.log.debug("garbage collector: {}", outcome.error().message());
    queue_.done(uid, outcome ? client::WorkQueue::Outcome::good : client::WorkQueue::Outcome::failed);
  }
}

Task<void> GarbageCollector::look_at(std::string uid) {
  const Belonging* known = graph_.find(uid);
  if (known == nullptr) co_return;
  Place place{known->resource, known->name_space, known->name, uid};
  if (known->leaves_orphans()) co_return co_await leave_orphans(std::move(place));
  if (known->awaits_dependents()) co_return co_await end_in_foreground(std::move(place));
  if (!known->deleting) co_await look_at_owners(std::move(place));
}

bool GarbageCollector::is_mirrored(const Reference& owner) const {
  const schema::Resource* resource = schema_.find_kind(owner.api_version, owner.kind);
  return resource != nullptr && mirrors_.contains(&objects::storage_of(schema_, *resource));
}

// As the mirrors have it: of an owner whose end has not been seen, the end will be told.
bool GarbageCollector::is_seen_alive(std::string_view name_space, const Reference& owner) const {
  const schema::Resource* resource = schema_.find_kind(owner.api_version, owner.kind);
  if (resource == nullptr) return false;
  const auto mirror = mirrors_.find(&objects::storage_of(schema_, *resource));
  if (mirror == mirrors_.end()) return false;
  const Object* object = mirror->second->find(resource->namespaced ? name_space : "", owner.name);
  if (object == nullptr) return false;
  const json::Tree metadata = metadata_of(*object);
  return text_at(metadata.root(), "uid") == owner.uid &&
         !belonging_of(*resource, metadata.root()).awaits_dependents();
}

Task<GarbageCollector::Standing> GarbageCollector::standing_of(std::string name_space, Reference owner) {
  const std::string whole =
      text("{} {} {} {} {}", name_space, owner.api_version, owner.kind, owner.name, owner.uid);
  if (absent_.find(whole) != nullptr) co_return Standing::absent;
  const schema::Resource* resource = schema_.find_kind(owner.api_version, owner.kind);
  if (resource == nullptr || !resource->group_version->served) co_return Standing::solid;
  if (resource->namespaced && name_space.empty()) co_return Standing::solid;  // it has none to look in
  const std::optional<json::Tree> found = co_await world_.ground.client.find(
      {.resource = resource, .name_space = resource->namespaced ? name_space : "", .name = owner.name});
  if (!found || text_at(found->root(), "metadata.uid") != owner.uid) {
    absent_.put(whole, true);
    co_return Standing::absent;
  }
  co_return awaits_dependents(found->root()) ? Standing::waiting : Standing::solid;
}

Task<GarbageCollector::Standings> GarbageCollector::standings_of(Place place, std::vector<Reference> owners) {
  Standings standings;
  for (const Reference& owner : owners) {
    if (is_seen_alive(place.name_space, owner)) {
      standings.any_solid = true;
      continue;
    }
    const Standing standing = co_await standing_of(place.name_space, owner);
    // Its end may come while a watch is lost: until a mirror has it, it is asked for again.
    if (standing == Standing::solid && is_mirrored(owner)) queue_.add_after(place.uid, until_mirrored);
    if (standing == Standing::solid) standings.any_solid = true;
    if (standing == Standing::waiting) standings.waiting.push_back(owner.uid);
    if (standing == Standing::absent) standings.absent.push_back(owner.uid);
  }
  co_return standings;
}

Task<void> GarbageCollector::look_at_owners(Place place) {
  const auto references = [](const json::Item& metadata) {
    std::vector<Reference> owners;
    for (const json::Item& owner : kube::children_at(metadata, "ownerReferences"))
      owners.push_back({std::string(text_at(owner, "apiVersion")), std::string(text_at(owner, "kind")),
                        std::string(text_at(owner, "name")), std::string(text_at(owner, "uid"))});
    return owners;
  };
  if (const Object* seen = mirrors_.at(place.resource)->find(place.name_space, place.name)) {
    const json::Tree metadata = metadata_of(*seen);
    const std::vector<Reference> owners = references(metadata.root());
    if (std::ranges::all_of(owners,
                            [&](const Reference& owner) { return is_seen_alive(place.name_space, owner); }))
      co_return;
  }
  std::optional<json::Tree> object = co_await world_.ground.client.find(place.where());
  if (!object || text_at(object->root(), "metadata.uid") != place.uid) co_return;  // the mirror will tell
  if (kube::find_at(object->root(), "metadata.deletionTimestamp") != nullptr) co_return;
  const std::vector<Reference> owners = references(kube::part_at(object->root(), "metadata"));
  if (owners.empty()) co_return;
  Standings standings = co_await standings_of(place, owners);
  if (standings.any_solid) {
    std::ranges::move(standings.waiting, std::back_inserter(standings.absent));
    if (!standings.absent.empty()) co_await forget_owners(place, std::move(standings.absent));
    co_return;
  }
  if (!standings.waiting.empty() && !graph_.dependents(place.uid).empty())
    co_return co_await remove_waiting(place, *std::move(object));
  std::string propagation = "Background";
  if (has_finalizer(object->root(), foreground_finalizer)) propagation = "Foreground";
  if (has_finalizer(object->root(), orphan_finalizer)) propagation = "Orphan";
  co_await remove(place, std::string(text_at(object->root(), "metadata.resourceVersion")), propagation);
}

Task<void> GarbageCollector::remove(Place place, std::string resource_version, std::string propagation) {
  const Result<void> removed =
      co_await world_.ground.client
          .remove(place.where(),
                  {.uid = place.uid, .resource_version = resource_version, .propagation = propagation})
          .result();
  if (!removed && removed.error().kind() != ErrorKind::not_found) co_await Result<void>(removed);
}

// An owner waits for it, and it has dependents: they go first. When one of them waits as well, they may form
// a ring in which each waits for the next: it blocks nobody then.
Task<void> GarbageCollector::remove_waiting(Place place, json::Tree object) {
  std::string version(text_at(object.root(), "metadata.resourceVersion"));
  bool may_be_ring = false;
  for (const std::string& uid : graph_.dependents(place.uid))
    may_be_ring = may_be_ring || graph_.find(uid)->awaits_dependents();
  if (may_be_ring) {
    json::Tree patch;
    json::Item& metadata = patch.root().member("metadata");
    metadata.member("resourceVersion").set_string(version);
    metadata.member("ownerReferences").copy(kube::part_at(object.root(), "metadata.ownerReferences"));
    for (json::Item* owner = metadata.member("ownerReferences").first(); owner != nullptr;
         owner = owner->next())
      owner->member("blockOwnerDeletion").set_boolean(false);
    const json::Tree patched =
        co_await world_.ground.client.patch(place.where(), client::Patch::merge, patch.to_text());
    version = text_at(patched.root(), "metadata.resourceVersion");
  }
  co_await remove(place, std::move(version), "Foreground");
}

Task<void> GarbageCollector::end_in_foreground(Place place) {
  const OwnerGraph::Uids blocking = graph_.blocking(place.uid);
  if (blocking.empty()) co_return co_await remove_finalizer(place, std::string(foreground_finalizer));
  for (const std::string& uid : blocking)
    if (!graph_.find(uid)->awaits_dependents()) queue_.add(uid);
}

Task<void> GarbageCollector::leave_orphans(Place place) {
  for (const std::string& uid : graph_.dependents(place.uid)) {
    const Belonging* dependent = graph_.find(uid);
    if (dependent == nullptr) continue;
    const Place its{dependent->resource, dependent->name_space, dependent->name, uid};
    std::vector<std::string> owner;
    owner.push_back(place.uid);
    co_await forget_owners(its, std::move(owner));
  }
  co_await remove_finalizer(place, std::string(orphan_finalizer));
}

Task<void> GarbageCollector::forget_owners(Place place, std::vector<std::string> uids) {
  json::Tree patch;
  json::Item& metadata = patch.root().member("metadata");
  metadata.member("uid").set_string(place.uid);  // of this one, not of another with its name
  for (const std::string& uid : uids) {
    json::Item& owner = metadata.member("ownerReferences").append();
    owner.member("$patch").set_string("delete");
    owner.member("uid").set_string(uid);
  }
  const Result<json::Tree> patched =
      co_await world_.ground.client.patch(place.where(), client::Patch::strategic, patch.to_text()).result();
  if (!patched && !is_void(patched)) co_await Failure(patched.error());
}

Task<void> GarbageCollector::remove_finalizer(Place place, std::string finalizer) {
  const std::optional<json::Tree> object = co_await world_.ground.client.find(place.where());
  if (!object || text_at(object->root(), "metadata.uid") != place.uid) co_return;
  if (!has_finalizer(object->root(), finalizer)) co_return;
  json::Tree patch;
  json::Item& metadata = patch.root().member("metadata");
  metadata.member("resourceVersion").copy(kube::part_at(object->root(), "metadata.resourceVersion"));
  json::Item& others = metadata.member("finalizers");
  others.set_array();
  for (const json::Item& other : kube::children_at(object->root(), "metadata.finalizers"))
    if (other.string_or("") != finalizer) others.append().copy(other);
  const Result<json::Tree> patched =
      co_await world_.ground.client.patch(place.where(), client::Patch::merge, patch.to_text()).result();
  if (!patched && patched.error().kind() != ErrorKind::not_found) co_await Failure(patched.error());
}

}  // namespace podo::controllers
