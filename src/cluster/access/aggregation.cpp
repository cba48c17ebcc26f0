#include "cluster/access/aggregation.h"

#include <algorithm>

#include "cluster/access/rules.h"

namespace podo::access {
namespace {

bool same_rules(const std::vector<Rule>& a, const std::vector<Rule>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_rule);
}

std::vector<kube::LabelSelector> read_selectors(const json::Item* list) {
  std::vector<kube::LabelSelector> selectors;
  if (list == nullptr) return selectors;
  for (const json::Item* i = list->first(); i != nullptr; i = i->next())
    if (auto selector = kube::LabelSelector::of(i)) selectors.push_back(*std::move(selector));
  return selectors;
}

}  // namespace

bool same_rule(const Rule& a, const Rule& b) {
  return a.verbs == b.verbs && a.groups == b.groups && a.resources == b.resources && a.names == b.names &&
         a.paths == b.paths;
}

void Aggregation::put(const json::Item& cluster_role) {
  const json::Item* name = cluster_role.find("metadata", "name");
  if (name == nullptr) return;
  Role role;
  if (const json::Item* labels = cluster_role.find("metadata", "labels")) role.labels.root().copy(*labels);
  role.rules = read_rules(cluster_role.find("rules"));
  role.selectors = read_selectors(cluster_role.find("aggregationRule", "clusterRoleSelectors"));
  roles_.insert_or_assign(std::string(name->string_or("")), std::move(role));
}

void Aggregation::remove(std::string_view name) {
  if (const auto role = roles_.find(name); role != roles_.end()) roles_.erase(role);
}

std::vector<Rule> Aggregation::gather(const Role& role) const {
  std::vector<Rule> rules;
  for (const kube::LabelSelector& selector : role.selectors)
    for (const auto& [name, other] : roles_) {
      if (&other == &role || !selector.matches(&other.labels.root())) continue;
      for (const Rule& rule : other.rules)
        if (std::none_of(rules.begin(), rules.end(),
                         [&](const Rule& known) { return same_rule(known, rule); }))
          rules.push_back(rule);
    }
  return rules;
}

std::vector<std::string> Aggregation::due() const {
  std::vector<std::string> names;
  for (const auto& [name, role] : roles_)
    if (!role.selectors.empty() && !same_rules(role.rules, gather(role))) names.push_back(name);
  return names;
}

std::vector<Rule> Aggregation::rules_for(std::string_view name) const {
  const auto role = roles_.find(name);
  return role == roles_.end() ? std::vector<Rule>() : gather(role->second);
}

}  // namespace podo::access
