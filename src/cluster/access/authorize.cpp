// May they? system:masters may all; nodes what their pods need; everybody else what RBAC says. And may they
// give away what they write into roles and bindings (escalation)?

#include <algorithm>

#include "cluster/access/local_access.h"
#include "cluster/access/rules.h"

namespace podo::access {
namespace {

constexpr std::string_view rbac_group = "rbac.authorization.k8s.io";
constexpr std::string_view masters = "system:masters";

std::string_view at(const json::Item* object, std::string_view key) {
  const json::Item* item = object == nullptr ? nullptr : object->find(key);
  return item == nullptr ? std::string_view() : item->string_or("");
}

std::vector<Rule> all_rules() {
  return {{.verbs = {"*"}, .groups = {"*"}, .resources = {"*"}, .names = {}, .paths = {}},
          {.verbs = {"*"}, .groups = {}, .resources = {}, .names = {}, .paths = {"*"}}};
}

// Rules are looked at in pieces of one verb, group, resource and name: a hundred of each, in a role of a few
// KB, would keep everybody else waiting for minutes.
bool is_too_much(const std::vector<Rule>& rules) {
  constexpr double pieces_max = 4000;
  const auto count = [](const std::vector<std::string>& list) { return static_cast<double>(list.size()); };
  double pieces = 0;
  for (const Rule& rule : rules)
    pieces +=
        count(rule.verbs) *
        (count(rule.groups) * count(rule.resources) * std::max(1.0, count(rule.names)) + count(rule.paths));
  return pieces > pieces_max;
}

std::string print_missing(const User& user, const std::vector<Rule>& missing) {
  std::vector<std::string> lines;
  for (const Rule& rule : missing) lines.push_back(print(rule));
  std::sort(lines.begin(), lines.end());
  std::string out =
      text("user \"{}\" (groups={}) is attempting to grant RBAC permissions not currently held:", user.name,
           print_list(user.groups));
  for (const std::string& line : lines) out += text("\n{}", line);
  return out;
}

}  // namespace

bool User::is_in(std::string_view group) const { return contains(groups, group); }

std::string forbidden_message(const User& user, const Attributes& wanted, std::string_view reason) {
  std::string out;
  if (!wanted.is_resource) {
    out = text("User \"{}\" cannot {} path \"{}\"", user.name, wanted.verb, wanted.path);
  } else {
    out = text("User \"{}\" cannot {} resource \"{}{}{}\" in API group \"{}\"", user.name, wanted.verb,
               wanted.resource, wanted.subresource.empty() ? "" : "/", wanted.subresource, wanted.group);
    if (wanted.name_space.empty()) out += " at the cluster scope";
    else out += text(" in the namespace \"{}\"", wanted.name_space);
  }
  return reason.empty() ? out : text("{}: {}", out, reason);
}

Verdict LocalAccess::authorize(const User& user, const Attributes& wanted) const {
  if (user.is_in(masters)) return {.decision = Decision::allow};
  Verdict node = nodes_.authorize(user, wanted);
  if (node.decision == Decision::allow) return node;
  Verdict verdict = index_.authorize(user, wanted);
  if (verdict.decision == Decision::allow || node.reason.empty()) return verdict;
  if (!verdict.reason.empty()) node.reason += text("\n{}", verdict.reason);
  return node;
}

std::vector<Rule> LocalAccess::rules_of(const User& user, std::string_view name_space) const {
  return index_.rules_of(user, name_space);
}

Result<> LocalAccess::check_grant(const User& user, std::string_view name_space,
                                  const json::Item& role_or_binding) const {
  if (user.is_in(masters)) return {};
  const bool is_role = role_or_binding.find("roleRef") == nullptr;
  const json::Item* named = is_role ? role_or_binding.find("metadata") : role_or_binding.find("roleRef");
  const bool everywhere = at(is_role ? &role_or_binding : named, "kind") == "ClusterRole";
  const std::string_view resource = everywhere ? "clusterroles" : "roles", name = at(named, "name");
  const Attributes wish{.verb = is_role ? "escalate" : "bind",
                        .group = rbac_group,
                        .version = "v1",
                        .resource = resource,
                        .name_space = name_space,
                        .name = name};
  if (authorize(user, wish).decision == Decision::allow) return {};
  std::string unresolved;
  const std::vector<Rule> own = index_.rules_of(user, name_space, &unresolved);
  std::vector<Rule> granted;
  if (is_role) {
    if (role_or_binding.find("aggregationRule") != nullptr && !not_covered(own, all_rules()).empty())
      return denied("must have cluster-admin privileges to use an aggregationRule");
    granted = read_rules(role_or_binding.find("rules"));
  } else {
    const std::vector<Rule>* rules = index_.find_role(everywhere ? "" : name_space, name);
    if (rules == nullptr) return not_found("{}.{} \"{}\" not found", resource, rbac_group, name);
    granted = *rules;
  }
  if (is_too_much(granted))
    return denied("its rules are too many to be compared with those of user \"{}\"", user.name);
  const std::vector<Rule> missing = not_covered(own, granted);
  if (missing.empty()) return {};
  const std::string why = print_missing(user, missing);
  if (unresolved.empty()) return denied("{}", why);
  return denied("{}; resolution errors: {}{}{}", why, unresolved.starts_with('[') ? "" : "[", unresolved,
                unresolved.ends_with(']') ? "" : "]");
}

}  // namespace podo::access
