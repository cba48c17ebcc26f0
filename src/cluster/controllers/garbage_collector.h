// The garbage collector: what belongs to objects that are no more goes, too.
//
//   all owners are absent        it is deleted (owners are looked up by name, kind and uid, in its namespace)
//   some of them are absent      these references go; it stays
//   an owner is being deleted in the foreground (finalizer foregroundDeletion)
//                                its dependents are deleted first; when no blocking one is left, the
//                                finalizer goes
//   an owner is being deleted and leaves orphans (finalizer orphan)
//                                the references to it go, then the finalizer
//   the owner's kind is unknown  nothing is done: nobody can say that it is absent
//
// Mirrors only say where to look. Before anything goes, the object and its owners are asked for at the API
// itself, and it is deleted on condition that it has not changed since.
//
// Life: made before the mirrors of the World begin (it listens to them, and mirrors all other kinds itself)
// -> run(), after World::start(), until it is cancelled. Lives on the loop.
#pragma once

#include "base/crypto/recent.h"
#include "cluster/control/controller.h"
#include "cluster/controllers/owner_graph.h"

namespace podo::controllers {

class GarbageCollector {
 public:
  explicit GarbageCollector(World& world);
  ~GarbageCollector();
  Task<void> run(int workers);

 private:
  struct Reference {
    std::string api_version, kind, name, uid;
  };
  enum class Standing : std::uint8_t { solid, waiting, absent };
  struct Standings {
    std::vector<std::string> waiting, absent;  // uids
    bool any_solid = false;
  };
  struct Place {  // of an object, and who it must be
    const schema::Resource* resource = nullptr;
    std::string name_space, name, uid;
    client::Where where() const { return {.resource = resource, .name_space = name_space, .name = name}; }
  };

  void see(const schema::Resource& resource, const objects::Object& before, const objects::Object& now);
  void add(const OwnerGraph::Uids& due);
  Task<void> mirror_the_rest();
  Task<void> work();
  Task<void> look_at(std::string uid);

  Task<void> look_at_owners(Place place);
  Task<Standings> standings_of(Place place, std::vector<Reference> owners);
  Task<Standing> standing_of(std::string name_space, Reference owner);
  bool is_mirrored(const Reference& owner) const;
  bool is_seen_alive(std::string_view name_space, const Reference& owner) const;
  Task<void> remove(Place place, std::string resource_version, std::string propagation);
  Task<void> remove_waiting(Place place, json::Tree object);

  Task<void> end_in_foreground(Place place);
  Task<void> leave_orphans(Place place);
  Task<void> forget_owners(Place place, std::vector<std::string> uids);
  Task<void> remove_finalizer(Place place, std::string finalizer);

  World& world_;
  const schema::Schema& schema_;
  OwnerGraph graph_;
  client::WorkQueue queue_;            // of uids
  crypto::Recent<bool> absent_{2000};  // whole references to owners that are known to be no more
  std::map<const schema::Resource*, const objects::Mirror*> mirrors_;
  std::vector<std::unique_ptr<objects::Mirror>> own_mirrors_;  // last: they call into the above
};

}  // namespace podo::controllers
