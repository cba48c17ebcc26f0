#include "cluster/controllers/owner_graph.h"

#include <algorithm>

#include "model/kube/path.h"

namespace podo::controllers {

using kube::text_at;

Belonging belonging_of(const schema::Resource& resource, const json::Item& metadata) {
  Belonging object{.resource = &resource,
                   .name_space = std::string(text_at(metadata, "namespace")),
                   .name = std::string(text_at(metadata, "name"))};
  for (const json::Item& owner : kube::children_at(metadata, "ownerReferences"))
    object.owners.push_back(
        {std::string(text_at(owner, "uid")), kube::is_true_at(owner, "blockOwnerDeletion")});
  object.deleting = kube::find_at(metadata, "deletionTimestamp") != nullptr;
  for (const json::Item& finalizer : kube::children_at(metadata, "finalizers")) {
    object.foreground = object.foreground || finalizer.string_or("") == "foregroundDeletion";
    object.orphan = object.orphan || finalizer.string_or("") == "orphan";
  }
  return object;
}

void OwnerGraph::link(const std::string& uid, const Belonging& object) {
  for (const Belonging::Owner& owner : object.owners) dependents_[owner.uid].insert(uid);
}

void OwnerGraph::unlink(const std::string& uid, const Belonging& object) {
  for (const Belonging::Owner& owner : object.owners) {
    const auto found = dependents_.find(owner.uid);
    if (found == dependents_.end()) continue;
    found->second.erase(uid);
    if (found->second.empty()) dependents_.erase(found);
  }
}

void OwnerGraph::add_waiting_owners(Uids& due, const Belonging& object) const {
  for (const Belonging::Owner& owner : object.owners)
    if (const Belonging* known = find(owner.uid); known != nullptr && known->awaits_dependents())
      due.push_back(owner.uid);
}

OwnerGraph::Uids OwnerGraph::put(const std::string& uid, Belonging now) {
  Uids due;
  bool other_owners = !now.owners.empty(), waited = false;
  if (const auto found = known_.find(uid); found != known_.end()) {
    const Belonging before = std::move(found->second);
    known_.erase(found);
    waited = before.awaits_dependents();
    other_owners = before.owners != now.owners;
    if (other_owners) add_waiting_owners(due, before);
    unlink(uid, before);
  }
  if (!now.concerns_collector()) return due;
  if (other_owners || now.awaits_dependents() || now.leaves_orphans()) due.push_back(uid);
  if (now.awaits_dependents() && !waited) std::ranges::move(dependents(uid), std::back_inserter(due));
  link(uid, now);
  known_.emplace(uid, std::move(now));
  return due;
}

OwnerGraph::Uids OwnerGraph::erase(const std::string& uid) {
  Uids due = dependents(uid);
  const auto found = known_.find(uid);
  if (found == known_.end()) return due;
  const Belonging before = std::move(found->second);
  known_.erase(found);
  unlink(uid, before);
  add_waiting_owners(due, before);
  return due;
}

const Belonging* OwnerGraph::find(std::string_view uid) const {
  const auto found = known_.find(uid);
  return found != known_.end() ? &found->second : nullptr;
}

OwnerGraph::Uids OwnerGraph::dependents(std::string_view uid) const {
  const auto found = dependents_.find(uid);
  return found != dependents_.end() ? Uids(found->second.begin(), found->second.end()) : Uids();
}

OwnerGraph::Uids OwnerGraph::blocking(std::string_view uid) const {
  Uids blocking = dependents(uid);
  std::erase_if(blocking, [&](const std::string& dependent) {
    return std::ranges::none_of(find(dependent)->owners, [&](const Belonging::Owner& owner) {
      return owner.uid == uid && owner.blocks;
    });
  });
  return blocking;
}

}  // namespace podo::controllers
