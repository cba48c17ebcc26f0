// InterPodAffinity: pods that want others in the same domain of a node label (one host, one zone), or away
// from it; and those that are there already, whose required anti-affinity keeps this one away. Pure.
#pragma once

#include "cluster/scheduler/snapshot.h"
#include "cluster/scheduler/verdict.h"

namespace podo::scheduler {

class Neighbours {
 public:
  Neighbours(Snapshot& snapshot, const PodShape& shape);  // of its required terms
  Verdict check(std::size_t node) const;
  // What if one more pod (by 1), or one less (-1), were there.
  void shift(const Pod& pod, std::size_t node, int by);

 private:
  // Pods that matter, by domain.
  struct Pairs {
    std::string_view topology_key;
    const PodQuery* query;  // null: of terms that others have
    const Topology* topology;
    std::vector<std::int32_t> pods = {};
    std::int64_t total = 0;
    void count(const Count& count);
    void change(std::size_t node, int by);
    std::int32_t at(std::size_t node) const;  // -1: the node has no such domain
  };
  Pairs pairs_of(Snapshot& snapshot, std::string_view key, const PodQuery* query) const;
  Pairs& existing_of(Snapshot& snapshot, std::string_view key);
  bool has_wanted(std::size_t node) const;

  const PodShape* shape_;
  const Census* census_;
  Snapshot* snapshot_;
  std::vector<Pairs> wanted_, unwanted_, existing_;
};

// What preferences add up to, by place in `nodes`; empty when there are none.
std::vector<std::int64_t> neighbour_scores(Snapshot& snapshot, const PodShape& shape,
                                           const std::vector<std::uint32_t>& nodes);

}  // namespace podo::scheduler
