// PodShape: all that placing a pod depends on, but its name: what it requests, which nodes it chooses, whom
// it wants near. Pods of one template have one shape, decoded once and shared (census.h), so that a hundred
// thousand of them cost little, and what holds for one of them holds for all.
//
// A shape names other pods by queries: "those of these namespaces with such labels". Queries are told apart
// by their text, so that shapes with equal ones share what is counted for them.
#pragma once

#include <memory>
#include <optional>

#include "cluster/scheduler/resources.h"
#include "model/kube/node_fit.h"

namespace podo::scheduler {

struct PodShape;

// Which pods are meant.
struct PodFilter {
  std::vector<std::string> namespaces = {};                    // sorted
  std::optional<kube::LabelSelector> namespace_selector = {};  // also those of namespaces with such labels
  kube::LabelSelector selector = {};
};
struct PodQuery {
  std::vector<PodFilter> all = {};  // each of them must mean it
  std::string owner = {};           // or, without filters: whom this one controls
  bool skips_ending = false;        // pods that are being deleted do not count
  std::string text = {};            // equal for equal queries
  bool matches(const PodShape& pod, const kube::Labels* labels_of_namespace) const;
  bool asks_namespaces() const;
};

struct AffinityTerm {
  std::size_t query = 0;  // of PodShape::queries
  std::string topology_key;
  std::int64_t weight = 0;  // of preferred ones
};

struct SpreadRule {
  std::size_t query = 0;
  std::string topology_key;
  std::int64_t max_skew = 1, min_domains = 1;
  bool honors_choice = true, honors_taints = false;  // which nodes count
  bool counts_itself = false;                        // the pod is one of those it spreads among
};

struct HostPort {
  std::string ip, protocol;  // ip "0.0.0.0": every address
  std::int64_t port = 0;
  bool clashes(const HostPort& other) const;
};

struct PreferredNodes {
  std::int64_t weight = 0;
  kube::NodeTerm term;
};

struct PodShape {
  std::uint32_t id = 0;                      // of the census
  std::string name_space, owner, scheduler;  // owner: the uid of a set that wants its pods spread, or ""
  kube::Labels labels;
  std::int64_t priority = 0;
  bool never_preempts = false;

  Resources requests;
  std::int64_t scored_cpu_m = 0, scored_memory = 0;  // as requests, but who asks for none counts for a little
  std::vector<HostPort> ports;
  std::vector<std::string> images;  // with a tag; one each container
  std::size_t containers = 0;

  kube::NodeChoice choice;
  std::vector<std::string> only_nodes;  // matchFields leave no others; when has_only_nodes
  bool has_only_nodes = false;
  std::vector<PreferredNodes> preferred_nodes;
  std::vector<kube::Toleration> tolerations;

  std::vector<PodQuery> queries;
  std::vector<AffinityTerm> affinity, anti_affinity, preferred, preferred_anti;
  std::size_t affinity_query = 0;  // all of `affinity` at once
  std::vector<SpreadRule> hard_spread, soft_spread;
  bool default_spread = false;  // soft_spread is nobody's wish: nodes without its labels take part
};
using ShapePtr = std::shared_ptr<const PodShape>;

std::string shape_key(const json::Item& pod);  // equal for pods of equal shapes
PodShape shape_of(const json::Item& pod);

std::string image_with_tag(std::string_view image);

}  // namespace podo::scheduler
