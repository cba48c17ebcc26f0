#include "cluster/flow_control/flow_schema.h"

#include <algorithm>

#include "model/kube/path.h"

namespace podo::apiserver {
namespace {

using json::Item;

std::vector<std::string> texts(const Item& object, std::string_view path) {
  std::vector<std::string> list;
  for (const Item& item : kube::children_at(object, path)) list.emplace_back(item.string_or(""));
  return list;
}

bool has(const std::vector<std::string>& list, std::string_view wanted) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& item) { return item == "*" || item == wanted; });
}

FlowSubject read_subject(const Item& item) {
  FlowSubject subject{.kind = std::string(kube::text_at(item, "kind")), .name = {}, .name_space = {}};
  if (subject.kind == "User") subject.name = kube::text_at(item, "user.name");
  else if (subject.kind == "Group") subject.name = kube::text_at(item, "group.name");
  else {
    subject.name = kube::text_at(item, "serviceAccount.name");
    subject.name_space = kube::text_at(item, "serviceAccount.namespace");
  }
  return subject;
}

FlowPolicy read_policy(const Item& item) {
  FlowPolicy policy;
  for (const Item& subject : kube::children_at(item, "subjects"))
    policy.subjects.push_back(read_subject(subject));
  for (const Item& rule : kube::children_at(item, "resourceRules"))
    policy.rules.push_back({.verbs = texts(rule, "verbs"),
                            .groups = texts(rule, "apiGroups"),
                            .resources = texts(rule, "resources"),
                            .name_spaces = texts(rule, "namespaces"),
                            .paths = {},
                            .cluster_scope = kube::is_true_at(rule, "clusterScope")});
  for (const Item& rule : kube::children_at(item, "nonResourceRules"))
    policy.rules.push_back({.verbs = texts(rule, "verbs"),
                            .groups = {},
                            .resources = {},
                            .name_spaces = {},
                            .paths = texts(rule, "nonResourceURLs")});
  return policy;
}

bool matches_subject(const FlowSubject& subject, const access::User& user) {
  if (subject.kind == "User") return subject.name == "*" || subject.name == user.name;
  if (subject.kind == "Group") return subject.name == "*" || user.is_in(subject.name);
  const std::string prefix = text("system:serviceaccount:{}:", subject.name_space);
  if (!std::string_view(user.name).starts_with(prefix)) return false;
  return subject.name == "*" || std::string_view(user.name).substr(prefix.size()) == subject.name;
}

bool matches_path(const std::vector<std::string>& paths, std::string_view path) {
  return std::any_of(paths.begin(), paths.end(), [&](std::string_view known) {
    if (known == "*" || known == path) return true;
    return known.ends_with("/*") && path.starts_with(known.substr(0, known.size() - 1));
  });
}

bool matches_rule(const FlowRule& rule, const access::Attributes& wanted) {
  if (!has(rule.verbs, wanted.verb)) return false;
  if (!wanted.is_resource) return matches_path(rule.paths, wanted.path);
  if (!has(rule.groups, wanted.group)) return false;
  const std::string resource = wanted.subresource.empty()
                                   ? std::string(wanted.resource)
                                   : text("{}/{}", wanted.resource, wanted.subresource);
  if (!has(rule.resources, resource)) return false;
  return wanted.name_space.empty() ? rule.cluster_scope : has(rule.name_spaces, wanted.name_space);
}

}  // namespace

bool FlowSchema::matches(const access::User& user, const access::Attributes& wanted) const {
  return std::any_of(policies.begin(), policies.end(), [&](const FlowPolicy& policy) {
    return std::any_of(policy.subjects.begin(), policy.subjects.end(),
                       [&](const FlowSubject& subject) { return matches_subject(subject, user); }) &&
           std::any_of(policy.rules.begin(), policy.rules.end(),
                       [&](const FlowRule& rule) { return matches_rule(rule, wanted); });
  });
}

std::string FlowSchema::flow_of(const access::User& user, const access::Attributes& wanted) const {
  if (distinct == Distinct::by_user) return text("{}/{}", name, user.name);
  if (distinct == Distinct::by_namespace) return text("{}/{}", name, wanted.name_space);
  return name;
}

FlowSchema read_flow_schema(const Item& object) {
  FlowSchema schema{.name = std::string(kube::text_at(object, "metadata.name")),
                    .uid = std::string(kube::text_at(object, "metadata.uid")),
                    .level = std::string(kube::text_at(object, "spec.priorityLevelConfiguration.name")),
                    .policies = {}};
  schema.precedence = kube::number_at(object, "spec.matchingPrecedence");
  const std::string_view distinct = kube::text_at(object, "spec.distinguisherMethod.type");
  if (distinct == "ByUser") schema.distinct = FlowSchema::Distinct::by_user;
  if (distinct == "ByNamespace") schema.distinct = FlowSchema::Distinct::by_namespace;
  for (const Item& policy : kube::children_at(object, "spec.rules"))
    schema.policies.push_back(read_policy(policy));
  return schema;
}

bool comes_before(const FlowSchema& a, const FlowSchema& b) {
  return a.precedence != b.precedence ? a.precedence < b.precedence : a.name < b.name;
}

LevelSpec read_level(const Item& object) {
  LevelSpec level{.name = std::string(kube::text_at(object, "metadata.name")),
                  .uid = std::string(kube::text_at(object, "metadata.uid"))};
  level.exempt = kube::text_at(object, "spec.type") == "Exempt";
  const Item& limited = kube::part_at(object, "spec.limited");
  if (level.exempt) return level;
  level.shares = kube::number_at(limited, "nominalConcurrencyShares");
  level.lendable_percent = kube::number_at(limited, "lendablePercent");
  level.queues = kube::text_at(limited, "limitResponse.type") == "Queue";
  if (const std::int64_t length = kube::number_at(limited, "limitResponse.queuing.queueLengthLimit"))
    level.queue_length = length;
  return level;
}

}  // namespace podo::apiserver
