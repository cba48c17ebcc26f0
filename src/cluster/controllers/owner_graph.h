// OwnerGraph: who belongs to whom, for the garbage collector: every object that has owners, and those that
// are being deleted and wait for what becomes of their dependents. All others are not kept, so the graph is
// as big as what is owned.
//
//   due = graph.put(uid, belonging_of(...))      an object is new or was changed
//   due = graph.erase(uid)                       it is gone
//
// `due` are the uids of those that have to be looked at because of it. Pure; no I/O. A uid is never used
// again, so an edge to one that was absent once stays right.
#pragma once

#include <map>
#include <set>

#include "base/format/json_tree.h"
#include "model/schema/schema.h"

namespace podo::controllers {

struct Belonging {
  struct Owner {
    std::string uid;
    bool blocks = false;  // its deletion, when that is done in the foreground, waits for this object
    bool operator==(const Owner&) const = default;
  };
  const schema::Resource* resource = nullptr;
  std::string name_space, name;
  std::vector<Owner> owners = {};
  bool deleting = false;
  bool foreground = false;  // has the finalizer foregroundDeletion
  bool orphan = false;      // has the finalizer orphan

  bool awaits_dependents() const { return deleting && foreground; }
  bool leaves_orphans() const { return deleting && orphan; }
  bool concerns_collector() const { return !owners.empty() || awaits_dependents() || leaves_orphans(); }
};
Belonging belonging_of(const schema::Resource& resource, const json::Item& metadata);

class OwnerGraph {
 public:
  using Uids = std::vector<std::string>;
  Uids put(const std::string& uid, Belonging now);
  Uids erase(const std::string& uid);

  const Belonging* find(std::string_view uid) const;
  Uids dependents(std::string_view uid) const;
  Uids blocking(std::string_view uid) const;  // the dependents that an end in the foreground waits for
  std::size_t size() const { return known_.size(); }

 private:
  void link(const std::string& uid, const Belonging& object);
  void unlink(const std::string& uid, const Belonging& object);
  void add_waiting_owners(Uids& due, const Belonging& object) const;

  std::map<std::string, Belonging, std::less<>> known_;
  std::map<std::string, std::set<std::string>, std::less<>> dependents_;  // by the uid of the owner
};

}  // namespace podo::controllers
