#include "cluster/audit/audit_policy.h"

#include <algorithm>

#include "base/format/json_field.h"
#include "base/format/yaml.h"

namespace podo::apiserver {
namespace {

constexpr std::string_view levels[] = {"None", "Metadata", "Request", "RequestResponse"};
constexpr std::string_view stages[] = {"RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"};

Result<std::vector<std::string>> texts(const json::Field& list) {
  std::vector<std::string> read;
  if (!list) return read;
  TRY(list.array());
  for (std::size_t i = 0; i < list.size(); ++i) read.emplace_back(TRY(list[i].string()));
  return read;
}

Result<int> one_of(const json::Field& field, std::string_view value,
                   std::span<const std::string_view> known) {
  const auto found = std::find(known.begin(), known.end(), value);
  if (found != known.end()) return static_cast<int>(found - known.begin());
  return invalid("{}: Unsupported value: \"{}\"", field.path(), value);
}

Result<std::uint8_t> read_stages(const json::Field& list) {
  unsigned bits = 0;
  const std::vector<std::string> names = TRY(texts(list));
  for (const std::string& name : names) bits |= 1u << TRY(one_of(list, name, stages));
  return static_cast<std::uint8_t>(bits);
}

bool has(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// "pods", "pods/log", "pods/*", "*/scale", "*".
bool is_resource(std::string_view known, const access::Attributes& asked) {
  if (known == "*") return true;
  const std::size_t slash = known.find('/');
  if (slash == known.npos) return known == asked.resource && asked.subresource.empty();
  const std::string_view resource = known.substr(0, slash), part = known.substr(slash + 1);
  if (part == "*") return resource == asked.resource && !asked.subresource.empty();
  return part == asked.subresource && (resource == "*" || resource == asked.resource);
}

bool is_path(std::string_view known, std::string_view path) {
  if (!known.ends_with('*')) return known == path;
  return path.starts_with(known.substr(0, known.size() - 1));
}

}  // namespace

std::string_view name_of(AuditLevel level) { return levels[static_cast<int>(level)]; }
std::string_view name_of(AuditStage stage) { return stages[static_cast<int>(stage)]; }

Result<AuditPolicy> AuditPolicy::parse(std::string_view yaml) {
  const std::vector<std::string> documents = TRY(yaml::to_json(yaml));
  if (documents.size() != 1) return invalid("an audit policy is one document");
  const json::Document document = TRY(json::parse(documents.front()));
  const json::Field root(document);
  const std::string_view version = TRY(root["apiVersion"].string());
  if (version != "audit.k8s.io/v1" || TRY(root["kind"].string()) != "Policy")
    return invalid("an audit policy is a Policy of audit.k8s.io/v1");
  const std::uint8_t omitted = TRY(read_stages(root["omitStages"]));
  const bool omit_managed_fields = TRY(root["omitManagedFields"].boolean_or(false));
  const json::Field rules = root["rules"];
  TRY(rules.array());
  if (rules.size() == 0) return invalid("rules: an audit policy needs one at least");
  AuditPolicy policy;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const json::Field item = rules[i];
    Rule rule;
    rule.decision.level =
        static_cast<AuditLevel>(TRY(one_of(item["level"], TRY(item["level"].string()), levels)));
    rule.decision.omitted_stages = static_cast<std::uint8_t>(omitted | TRY(read_stages(item["omitStages"])));
    rule.decision.omit_managed_fields = TRY(item["omitManagedFields"].boolean_or(omit_managed_fields));
    rule.users = TRY(texts(item["users"]));
    rule.groups = TRY(texts(item["userGroups"]));
    rule.verbs = TRY(texts(item["verbs"]));
    rule.name_spaces = TRY(texts(item["namespaces"]));
    rule.paths = TRY(texts(item["nonResourceURLs"]));
    const json::Field resources = item["resources"];
    for (std::size_t j = 0; j < resources.size(); ++j)
      rule.resources.push_back({.group = std::string(TRY(resources[j]["group"].string_or(""))),
                                .resources = TRY(texts(resources[j]["resources"])),
                                .names = TRY(texts(resources[j]["resourceNames"]))});
    if (!rule.paths.empty() && (!rule.resources.empty() || !rule.name_spaces.empty()))
      return invalid("{}: rules cannot apply to both regular resources and non-resource URLs", item.path());
    policy.rules_.push_back(std::move(rule));
  }
  return policy;
}

bool AuditPolicy::matches_resource(const Rule& rule, const access::Attributes& asked) {
  if (!asked.is_resource) return false;
  if (!rule.name_spaces.empty() && !has(rule.name_spaces, asked.name_space)) return false;
  if (rule.resources.empty()) return true;
  return std::any_of(rule.resources.begin(), rule.resources.end(), [&](const Resources& known) {
    if (known.group != asked.group) return false;
    if (!known.names.empty() && !has(known.names, asked.name)) return false;
    return known.resources.empty() ||
           std::any_of(known.resources.begin(), known.resources.end(),
                       [&](const std::string& resource) { return is_resource(resource, asked); });
  });
}

bool AuditPolicy::matches(const Rule& rule, const access::User& user, const access::Attributes& asked) {
  if (!rule.users.empty() && !has(rule.users, user.name)) return false;
  const auto member = [&](const std::string& group) { return user.is_in(group); };
  if (!rule.groups.empty() && std::none_of(rule.groups.begin(), rule.groups.end(), member)) return false;
  if (!rule.verbs.empty() && !has(rule.verbs, asked.verb)) return false;
  if (!rule.name_spaces.empty() || !rule.resources.empty()) return matches_resource(rule, asked);
  if (rule.paths.empty()) return true;
  return !asked.is_resource &&
         std::any_of(rule.paths.begin(), rule.paths.end(),
                     [&](const std::string& path) { return is_path(path, asked.path); });
}

AuditDecision AuditPolicy::decide(const access::User& user, const access::Attributes& asked) const {
  for (const Rule& rule : rules_) {
    if (!matches(rule, user, asked)) continue;
    AuditDecision decision = rule.decision;
    // Bodies with tokens in them are nobody's to read later.
    const bool tokens = asked.resource == "tokenreviews" || asked.subresource == "token";
    if (tokens) decision.level = std::min(decision.level, AuditLevel::metadata);
    return decision;
  }
  return {};
}

}  // namespace podo::apiserver
