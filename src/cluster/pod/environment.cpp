#include "cluster/pod/environment.h"

#include <algorithm>

#include "base/format/base64.h"
#include "model/kube/path.h"

namespace podo::pod {
namespace {

using kube::text_at;

// "" when it refers to none.
std::string_view reference(const json::Item& from, std::string_view member) {
  return text_at(from, text("{}.name", member));
}

void add_once(std::vector<SourceName>& names, bool secret, std::string_view name) {
  SourceName source{.secret = secret, .name = std::string(name)};
  if (!name.empty() && std::ranges::find(names, source) == names.end()) names.push_back(std::move(source));
}

// Printable ASCII without '=', as the API has it since 1.30.
bool is_variable_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~' && c != '='; });
}

struct Resolver {
  const json::Item& pod;
  const json::Item& container;
  const EnvironmentFacts& facts;
  ResolvedEnvironment out = {};

  std::string_view name_space() const { return text_at(pod, "metadata.namespace"); }

  // Null: it is not there, and need not be.
  Result<const json::Item*> source(const SourceName& name, const json::Item& from) const {
    const auto found = facts.sources.find(name);
    if (found != facts.sources.end()) return &found->second.root();
    if (kube::is_true_at(from, "optional")) return nullptr;
    return invalid("{} \"{}\" not found", name.secret ? "secret" : "configmap", name.name);
  }

  Result<> add_all(const json::Item& from, bool secret) {
    const json::Item& wish = kube::part_at(from, secret ? "secretRef" : "configMapRef");
    const SourceName name{.secret = secret, .name = std::string(text_at(wish, "name"))};
    const json::Item* object = TRY(source(name, wish));
    if (object == nullptr) return {};
    std::vector<const json::Item*> members;
    for (const json::Item& member : kube::children_at(*object, "data")) members.push_back(&member);
    std::ranges::sort(members, {}, [](const json::Item* member) { return member->key(); });
    std::string bad;
    for (const json::Item* member : members) {
      const std::string key = text("{}{}", text_at(from, "prefix"), member->key());
      if (is_variable_name(key)) out.variables.set(key, TRY(decoded(*member, secret)));
      else bad.append(bad.empty() ? "" : ", ").append(key);
    }
    if (!bad.empty())
      out.skipped.push_back(
          text("Keys [{}] from the EnvFrom {} {}/{} were skipped since they are considered invalid "
               "environment variable names.",
               bad, secret ? "secret" : "configMap", name_space(), name.name));
    return {};
  }

  static Result<std::string> decoded(const json::Item& value, bool secret) {
    if (!secret) return std::string(value.string_or(""));
    return base64::decode(value.string_or(""));
  }

  // Absent: the variable is not set at all.
  Result<std::optional<std::string>> key_value(const json::Item& wish, bool secret) {
    const SourceName name{.secret = secret, .name = std::string(text_at(wish, "name"))};
    const std::string_view key = text_at(wish, "key");
    const json::Item* object = TRY(source(name, wish));
    if (object == nullptr) return std::nullopt;
    const json::Item* value = kube::part_at(*object, "data").find(key);
    if (value != nullptr) return TRY(decoded(*value, secret));
    if (kube::is_true_at(wish, "optional")) return std::nullopt;
    return invalid("couldn't find key {} in {} {}/{}", key, secret ? "Secret" : "ConfigMap", name_space(),
                   name.name);
  }

  Result<std::optional<std::string>> value_from(const json::Item& from) {
    if (const json::Item* wish = from.find("fieldRef"))
      return TRY(field_value(pod, text_at(*wish, "fieldPath"), facts.downward));
    if (const json::Item* wish = from.find("resourceFieldRef"))
      return TRY(resource_value(pod, *wish, &container, facts.downward));
    if (const json::Item* wish = from.find("configMapKeyRef")) return key_value(*wish, false);
    if (const json::Item* wish = from.find("secretKeyRef")) return key_value(*wish, true);
    if (from.find("fileKeyRef") != nullptr)
      return unsupported("variables from files of a volume (fileKeyRef) are not supported by this node");
    return std::nullopt;
  }

  Result<> add(const json::Item& variable) {
    const std::string_view name = text_at(variable, "name"), value = text_at(variable, "value");
    const json::Item* from = kube::find_at(variable, "valueFrom");
    if (!value.empty() || from == nullptr) {
      out.variables.set(name, expand(value, out.variables, facts.services));
      return {};
    }
    if (auto resolved = TRY(value_from(*from))) out.variables.set(name, std::move(*resolved));
    return {};
  }
};

}  // namespace

std::vector<SourceName> environment_sources(const json::Item& container) {
  std::vector<SourceName> names;
  for (const json::Item& from : kube::children_at(container, "envFrom")) {
    add_once(names, false, reference(from, "configMapRef"));
    add_once(names, true, reference(from, "secretRef"));
  }
  for (const json::Item& variable : kube::children_at(container, "env")) {
    add_once(names, false, reference(variable, "valueFrom.configMapKeyRef"));
    add_once(names, true, reference(variable, "valueFrom.secretKeyRef"));
  }
  return names;
}

void Environment::set(std::string_view name, std::string value) {
  const auto [place, added] = places_.try_emplace(std::string(name), variables_.size());
  if (added) variables_.push_back({std::string(name), std::move(value)});
  else variables_[place->second].value = std::move(value);
}

void Environment::set_if_absent(std::string_view name, std::string value) {
  if (find(name) == nullptr) set(name, std::move(value));
}

const std::string* Environment::find(std::string_view name) const {
  const auto place = places_.find(name);
  return place == places_.end() ? nullptr : &variables_[place->second].value;
}

std::vector<std::string> Environment::assignments() const {
  std::vector<std::string> all;
  for (const auto& [name, value] : variables_) all.push_back(text("{}={}", name, value));
  return all;
}

std::map<std::string, std::string> Environment::by_name() const {
  std::map<std::string, std::string> all;
  for (const auto& [name, value] : variables_) all.emplace(name, value);
  return all;
}

Result<ResolvedEnvironment> resolve_environment(const json::Item& pod, const json::Item& container,
                                                const EnvironmentFacts& facts) {
  Resolver resolver{.pod = pod, .container = container, .facts = facts};
  for (const json::Item& from : kube::children_at(container, "envFrom")) {
    if (from.find("configMapRef") != nullptr) TRY(resolver.add_all(from, false));
    if (from.find("secretRef") != nullptr) TRY(resolver.add_all(from, true));
  }
  for (const json::Item& variable : kube::children_at(container, "env")) TRY(resolver.add(variable));
  for (const auto& [name, value] : facts.services.variables())
    resolver.out.variables.set_if_absent(name, value);
  return std::move(resolver.out);
}

std::string expand(std::string_view value, const Environment& environment, const Environment& more) {
  std::string out;
  while (!value.empty()) {
    const std::size_t dollar = std::min(value.find('$'), value.size());
    out.append(value.substr(0, dollar));
    value.remove_prefix(dollar);
    if (value.size() < 2) {
      out.append(value);
      break;
    }
    const std::size_t close = value[1] == '(' ? value.find(')') : std::string_view::npos;
    if (close != std::string_view::npos) {
      const std::string_view name = value.substr(2, close - 2);
      const std::string* known = environment.find(name);
      if (known == nullptr) known = more.find(name);
      out.append(known ? std::string_view(*known) : value.substr(0, close + 1));
      value.remove_prefix(close + 1);
    } else {
      out.append(value[1] == '$' ? "$" : value.substr(0, 2));
      value.remove_prefix(2);
    }
  }
  return out;
}

}  // namespace podo::pod
