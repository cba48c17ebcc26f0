// The default roles and bindings when they are there already: what somebody added stays, what is missing
// comes back.

#include <algorithm>

#include "cluster/access/access.h"
#include "cluster/access/rules.h"

namespace podo::access {
namespace {

bool add_members(json::Item& there, const json::Item* wanted) {
  bool changed = false;
  if (wanted == nullptr) return changed;
  for (const json::Item* i = wanted->first(); i != nullptr; i = i->next()) {
    if (there.find(i->key()) != nullptr) continue;
    there.member(i->key()).copy(*i);
    changed = true;
  }
  return changed;
}

bool add_items(json::Item& object, std::string_view key, const json::Item* wanted) {
  bool changed = false;
  if (wanted == nullptr) return changed;
  json::Item& list = object.member(key);
  for (const json::Item* i = wanted->first(); i != nullptr; i = i->next()) {
    bool known = false;
    for (const json::Item* j = list.first(); j != nullptr && !known; j = j->next())
      known = json::same(*i, *j);
    if (known) continue;
    list.append().copy(*i);
    changed = true;
  }
  return changed;
}

bool add_rules(json::Item& role, const json::Item& wanted) {
  // Those of an aggregated role are not its own.
  if (role.find("aggregationRule") != nullptr) return false;
  std::vector<Rule> rules = read_rules(role.find("rules"));
  const std::vector<Rule> missing = not_covered(rules, read_rules(wanted.find("rules")));
  if (missing.empty()) return false;
  rules.insert(rules.end(), missing.begin(), missing.end());
  write_rules(role.member("rules"), rules);
  return true;
}

}  // namespace

std::optional<json::Tree> completed(const json::Item& there, const json::Item& wanted) {
  const json::Item* update =
      there.find("metadata", "annotations", "rbac.authorization.kubernetes.io/autoupdate");
  if (update != nullptr && update->string_or("") == "false") return {};
  json::Tree result = json::Tree::copy_of(there);
  json::Item& object = result.root();
  json::Item& metadata = object.member("metadata");
  bool changed = false;
  for (const std::string_view member : {"labels", "annotations"})
    if (const json::Item* members = wanted.find("metadata", member))
      changed |= add_members(metadata.member(member), members);
  changed |= add_items(object, "subjects", wanted.find("subjects"));
  if (const json::Item* rule = wanted.find("aggregationRule", "clusterRoleSelectors"))
    changed |= add_items(object.member("aggregationRule"), "clusterRoleSelectors", rule);
  changed |= add_rules(object, wanted);
  if (!changed) return {};
  return result;
}

}  // namespace podo::access
