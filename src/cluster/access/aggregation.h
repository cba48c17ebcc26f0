// Aggregation: ClusterRoles whose rules are put together from other ones', found by their labels. It knows
// all ClusterRoles, and says which of the aggregated ones do not say what they should. Pure;
// AggregationLoop in local_access.cpp acts on it.
//
// The roles of each selector are taken by name, a rule that is there already is not repeated; no role is a
// part of itself.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster/access/access.h"
#include "model/kube/selectors.h"

namespace podo::access {

class Aggregation {
 public:
  void put(const json::Item& cluster_role);
  void remove(std::string_view name);

  // Names of aggregated roles that have to be written, sorted.
  std::vector<std::string> due() const;
  std::vector<Rule> rules_for(std::string_view name) const;

 private:
  struct Role {
    json::Tree labels;
    std::vector<Rule> rules;
    std::vector<kube::LabelSelector> selectors;  // empty: not an aggregated role
  };
  std::vector<Rule> gather(const Role& role) const;
  std::map<std::string, Role, std::less<>> roles_;
};

bool same_rule(const Rule& a, const Rule& b);

}  // namespace podo::access
