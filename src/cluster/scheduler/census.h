// Census: how many pods of which sort are on each node, kept up to date as pods come and go, so that no pod
// that is to be placed makes the scheduler look at all the others.
//
//   query    pods that somebody's affinity or spreading means      Count: how many of them a node has
//   holder   pods that carry an affinity term themselves           Count: how many with it a node has
//
// Shapes are told apart by their key and shared; which queries and holders concern a shape is found out once.
// What no pod needs any more is forgotten in sweeps. Nodes are numbers here (snapshot.h). Lives on the loop.
#pragma once

#include <map>
#include <unordered_map>

#include "cluster/scheduler/objects.h"

namespace podo::scheduler {

struct Count {
  std::vector<std::int32_t> on;  // by node; shorter when the last nodes have none
  std::int64_t total = 0;
  std::int32_t at(std::size_t node) const { return node < on.size() ? on[node] : 0; }
  void change(std::size_t node, int by);
};

struct Query {
  PodQuery query;
  Count count;
  int asked_by = 0;  // shapes
};

struct Holder {
  enum class Sort : std::uint8_t { required, anti, preferred, preferred_anti };
  Sort sort = Sort::required;
  PodQuery query;
  std::string topology_key;
  std::int64_t weight = 0;
  Count count;
  int held_by = 0;  // shapes
};

class Census {
 public:
  Census();
  Census(const Census&) = delete;
  ~Census();

  static constexpr std::size_t shapes_min = 16;  // nobody looks below that for those no pod has any more

  ShapePtr shape_of(const json::Item& pod);
  void change(const Pod& pod, std::size_t node, int by);  // 1: it is there; -1: no more
  const Count& count(const PodShape& shape, std::size_t query) const;
  const std::vector<const Holder*>& felt_by(const PodShape& shape) const;  // holders that mean it

  bool means(const PodQuery& query, const PodShape& shape) const;

  // Counts of queries that ask for labels of namespaces are wrong then, until all pods are counted again.
  bool set_namespace(std::string_view name, std::optional<kube::Labels> labels);
  void forget_counts();  // before all pods are counted again
  std::size_t shapes() const { return by_key_.size(); }

 private:
  struct Known;
  void learn(Known& known);
  void learn_queries(Known& known);
  void learn_terms(Known& known, const std::vector<AffinityTerm>& terms, Holder::Sort sort);
  void count_present(Query& query) const;
  void sweep();
  const kube::Labels* labels_of(std::string_view name_space) const;

  std::unordered_map<std::string, std::unique_ptr<Known>> by_key_;
  std::vector<Known*> by_id_;
  std::vector<std::uint32_t> free_ids_;
  std::map<std::string, std::unique_ptr<Query>> queries_;
  std::map<std::string, std::unique_ptr<Holder>> holders_;
  std::map<std::string, kube::Labels, std::less<>> namespaces_;
  std::size_t sweep_at_ = shapes_min;
};

}  // namespace podo::scheduler
