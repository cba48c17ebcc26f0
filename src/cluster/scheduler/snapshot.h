// Snapshot: the nodes and what is on them, as the scheduler believes it to be: what the API told, and what it
// has decided itself but not been told of yet. It is changed in place, between two decisions; a decision is
// made without waiting for anything, so it sees one state.
//
// Nodes are numbers (their place in nodes()), which stay as long as the node is there or has pods. order() is
// how they are looked at: the zones take turns, so that the first few hundred are of all zones.
#pragma once

#include "cluster/scheduler/census.h"

namespace podo::scheduler {

struct NodeInfo {
  Node node;
  bool there = false;                   // else only its pods are, or nothing is
  std::vector<PodPtr> pods, nominated;  // nominated: they wait for their victims to go
  Resources requested;
  std::int64_t scored_cpu_m = 0, scored_memory = 0;
  std::vector<HostPort> ports;  // taken

  void add(PodPtr pod);
  PodPtr remove(std::string_view uid);  // null: it is not there
};

// Which value of a label each node has, as a number; -1: it has no such label.
struct Topology {
  std::vector<std::int32_t> domain_of;  // by node
  std::map<std::string, std::int32_t, std::less<>> domains;
  std::int32_t at(std::size_t node) const { return node < domain_of.size() ? domain_of[node] : -1; }
};

class Snapshot {
 public:
  Snapshot() = default;
  Snapshot(const Snapshot&) = delete;

  void set_node(Node node);
  void remove_node(std::string_view name);
  void set_namespace(std::string_view name, std::optional<kube::Labels> labels);

  ShapePtr shape_of(const json::Item& pod) { return census_.shape_of(pod); }
  void add(const PodPtr& pod);  // to pod->node
  void remove(const Pod& pod);  // from there
  void nominate(const PodPtr& pod, std::string_view node);
  void end_nomination(const Pod& pod);
  std::string_view nominated_node(const Pod& pod) const;

  const std::vector<NodeInfo>& nodes() const { return nodes_; }
  std::optional<std::size_t> find(std::string_view node) const;  // of those that are there
  const std::vector<std::uint32_t>& order();                     // those that are there
  const Topology& topology(std::string_view key);
  const Census& census() const { return census_; }
  std::int64_t lowest_priority() const;                        // of placed pods
  std::int64_t claim_users(std::string_view claim_key) const;  // placed pods
  std::int64_t nodes_with(std::string_view image) const;
  std::size_t nodes_there() const { return nodes_there_; }

 private:
  std::size_t place_of(std::string_view name);
  void free_if_unused(std::size_t index);
  void count_images(const Node& node, int by);
  void recount();
  void change_claims(const Pod& pod, int by);

  std::vector<NodeInfo> nodes_;
  std::vector<std::size_t> free_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
  std::vector<std::uint32_t> order_;
  bool ordered_ = false;
  std::size_t nodes_there_ = 0;
  std::map<std::string, Topology, std::less<>> topologies_;
  std::map<std::string, std::int64_t, std::less<>> claim_users_, images_;
  std::map<std::int64_t, std::int64_t> priorities_;            // how many placed pods have each
  std::map<std::string, std::string, std::less<>> nominated_;  // uid -> node
  Census census_;
};

}  // namespace podo::scheduler
