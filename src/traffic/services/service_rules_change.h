// What of the service table is in the kernel, and the changes that lead from there to another one: a value
// that makes batches and performs nothing.
//
//   ServiceProgram program(options);
//   RulesChange change = program.replace(table, found);   // whatever is in the kernel
//   change = program.change(other);                       // what differs
//
// The program believes that every batch it made was committed, in its order. When one was not, replace()
// comes next.
#pragma once

#include <set>

#include "traffic/services/service_rules_layout.h"

namespace podo::services {

// Flows of datagrams that would go on as they began, though the table has changed.
struct StaleFlows {
  std::set<std::pair<FrontKey, Backend>> lost;  // to this front, to a backend it has no more (`here` is true)
  std::set<FrontKey> gained;                    // to what had nobody before
  bool empty() const { return lost.empty() && gained.empty(); }
};

// What an earlier daemon left.
struct FoundRules {
  ServiceTable table = {};  // fronts of datagrams: only their flows are ever stale
  std::map<SetName, std::vector<linux::NftElement>> stays = {};  // clients with affinity
};

struct RulesChange {
  linux::NftBatch batch;
  StaleFlows flows = {};
};

class ServiceProgram {
 public:
  explicit ServiceProgram(RulesOptions options) : options_(std::move(options)) {}

  RulesChange replace(const ServiceTable& table, const FoundRules& found);
  RulesChange change(const ServiceTable& table);

 private:
  // Backends keep their numbers as long as they are there: the last one takes the place of one that goes.
  struct Programmed {
    Front front = {};
    std::vector<Backend> inside = {}, outside = {};
    std::optional<linux::NftVerdict> to_inside = {}, to_outside = {};  // none: not to be reached from there
    std::vector<Way> shares = {};
    std::map<std::string, Way> own_chains = {};
    bool sourced = false;
  };
  struct Placed {
    SetName set;
    linux::NftElement element;
  };
  struct Users {
    std::size_t here = 0, elsewhere = 0;
  };
  struct Difference {
    std::map<SetName, std::vector<linux::NftElement>> removed, added;
  };

  void set_front(RulesChange& change, const FrontKey& key, const Front* wanted);
  Programmed arrange(linux::NftBatch& batch, const FrontKey& key, const Front& front,
                     const Programmed& before);
  linux::NftVerdict lead(linux::NftBatch& batch, const FrontKey& key, const Way& way, Programmed& made);
  void make_own_chains(linux::NftBatch& batch, const FrontKey& key, const Programmed& before,
                       const Programmed& after);
  void count(const Programmed& programmed, std::ptrdiff_t by);
  void differ(const FrontKey& key, const Programmed& before, const Programmed& after);
  void differ_in_addresses();
  void finish(linux::NftBatch& batch);
  static std::vector<Placed> elements_of(const FrontKey& key, const Programmed& programmed);

  RulesOptions options_;
  std::map<FrontKey, Programmed> fronts_;
  std::map<Way, std::size_t> shared_;  // by how many
  std::map<IpAddress, Users> users_;
  std::array<std::size_t, 2> with_affinity_ = {};  // fronts of each family
  std::array<bool, 2> has_affinity_set_ = {};
  // Of the change that is being made.
  Difference difference_;
  std::vector<std::string> unused_chains_;
  std::map<IpAddress, Users> users_before_;
};

// What flows are stale when `before` became `after`.
void add_stale_flows(StaleFlows& flows, const FrontKey& key, const Front* before, const Front* after);

}  // namespace podo::services
