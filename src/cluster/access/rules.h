// Rules of RBAC: read from objects, matched, compared. Pure.
//
// A rule is about resources ("pods", "pods/log", "*/scale", "*"; of some names only, if it has names) or
// about paths ("/healthz", "/api/*", "*"); within a rule any verb goes with any group and any resource.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/format/json_tree.h"
#include "cluster/access/access.h"

namespace podo::access {

std::vector<Rule> read_rules(const json::Item* rules);  // of a role's `rules`; null: none
void write_rules(json::Item& into, const std::vector<Rule>& rules);

bool matches(const Rule& rule, const Attributes& wanted);

// The rules of `wanted` that no rule of `own` allows, each taken apart into one verb, group and resource,
// then put together again by verbs: what upstream prints.
std::vector<Rule> not_covered(const std::vector<Rule>& own, const std::vector<Rule>& wanted);

// {APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}
std::string print(const Rule& rule);
std::string print_list(const std::vector<std::string>& list);  // ["a" "b"], as Go's %q does

bool contains(const std::vector<std::string>& list, std::string_view item);

}  // namespace podo::access
