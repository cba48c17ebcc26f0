#include "container/builder/variables.h"

#include <algorithm>
#include <array>

namespace podo::builder {
namespace {

constexpr std::string_view proxy_names[] = {"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY",
                                            "ALL_PROXY"};
// Arguments that tell the builder something, not the Dockerfile.
constexpr std::string_view own_names[] = {"SOURCE_DATE_EPOCH"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}
std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

std::optional<std::string> given_value(const Given& given, std::string_view name) {
  const auto found = given.find(std::string(name));
  return found == given.end() ? std::nullopt : found->second;
}

void collect(const dockerfile::Instruction& step, std::set<std::string, std::less<>>& names) {
  if (step.kind == dockerfile::Kind::arg)
    for (const auto& [name, standard] : step.pairs) names.insert(name);
  for (const auto& triggered : step.triggered) collect(triggered, names);
}

}  // namespace

void Globals::set(std::string name, std::optional<std::string> value) {
  for (Argument& each : arguments_) {
    if (each.name == name) {
      each.value = std::move(value);
      return;
    }
  }
  arguments_.push_back({.name = std::move(name), .value = std::move(value)});
}

Result<Globals> Globals::make(const dockerfile::Dockerfile& file, const Given& given,
                              const Platforms& platforms, const std::string& target_stage) {
  Globals globals;
  const auto add_platform = [&](const std::string& prefix, const oci::Platform& platform) {
    const std::array<std::pair<std::string, std::string>, 4> parts = {{{"PLATFORM", platform.to_text()},
                                                                       {"OS", platform.os},
                                                                       {"ARCH", platform.architecture},
                                                                       {"VARIANT", platform.variant}}};
    for (const auto& [name, value] : parts)
      globals.set(prefix + name, given_value(given, prefix + name).value_or(value));
  };
  add_platform("BUILD", platforms.build);
  add_platform("TARGET", platforms.target);
  globals.set("TARGETSTAGE", target_stage.empty() ? "default" : target_stage);
  for (const dockerfile::Instruction& step : file.globals) {
    for (const auto& [name, standard] : step.pairs) {
      std::optional<std::string> value = given_value(given, name);
      if (!value && standard) {
        const dockerfile::Lookup lookup = [&globals](std::string_view other) { return globals.find(other); };
        auto expanded = dockerfile::expand(*standard, lookup, file.directives.escape);
        if (!expanded) return Failure(dockerfile::at(file, step.place, expanded.error().message()));
        value = *std::move(expanded);
      }
      // "ARG TARGETARCH" alone takes nothing away.
      if (value || !globals.find(name)) globals.set(name, std::move(value));
    }
  }
  return globals;
}

std::optional<std::string> Globals::find(std::string_view name) const {
  for (const Argument& each : arguments_)
    if (each.name == name) return each.value;
  return std::nullopt;
}

void Scope::declare(const std::string& name, std::optional<std::string> standard, const Globals& globals,
                    const Given& given) {
  std::optional<std::string> value = given_value(given, name);
  if (!value) value = standard ? std::move(standard) : globals.find(name);
  for (Argument& each : arguments_) {
    if (each.name != name) continue;
    if (value) each = {.name = name, .value = std::move(value)};
    return;
  }
  arguments_.push_back({.name = name, .value = std::move(value)});
}

void Scope::hide(std::string_view name) {
  for (Argument& each : arguments_)
    if (each.name == name) each.hidden = true;
}

std::optional<std::string> find_in(const std::vector<std::string>& env, std::string_view name) {
  for (const std::string& assignment : env) {
    const std::size_t equals = assignment.find('=');
    if (std::string_view(assignment).substr(0, equals) == name)
      return equals == assignment.npos ? std::string() : assignment.substr(equals + 1);
  }
  return std::nullopt;
}

void set_variable(std::vector<std::string>& env, const std::string& name, const std::string& value) {
  std::string assignment = name + "=" + value;
  for (std::string& each : env) {
    if (!each.starts_with(name + "=")) continue;
    each = std::move(assignment);
    return;
  }
  env.push_back(std::move(assignment));
}

std::optional<std::string> Scope::find(std::string_view name, const std::vector<std::string>& env) const {
  for (const Argument& each : arguments_)
    if (each.name == name && each.value && !each.hidden) return each.value;
  return find_in(env, name);
}

std::vector<std::string> Scope::over(std::vector<std::string> env) const {
  for (const Argument& each : arguments_)
    if (each.value && !each.hidden) set_variable(env, each.name, *each.value);
  return env;
}

std::string Scope::history(const std::vector<std::string>& env) const {
  if (arguments_.empty()) return {};
  std::string out = text("|{} ", arguments_.size());
  for (const Argument& each : arguments_)
    out += each.name + "=" + find(each.name, env).value_or(std::string()) + " ";
  return out;
}

bool is_proxy_argument(std::string_view name) {
  const std::string whole = upper(name);
  if (name != whole && name != lower(name)) return false;
  return std::find(std::begin(proxy_names), std::end(proxy_names), whole) != std::end(proxy_names);
}

std::vector<std::string> proxies_of(const Given& given) {
  std::vector<std::string> out;
  for (const auto& [name, value] : given)
    if (value && is_proxy_argument(name)) out.push_back(name + "=" + *value);
  return out;
}

std::vector<std::string> unused_arguments(const dockerfile::Dockerfile& file, const Given& given) {
  std::set<std::string, std::less<>> declared;
  for (const auto& step : file.globals) collect(step, declared);
  for (const auto& stage : file.stages)
    for (const auto& step : stage.steps) collect(step, declared);
  std::vector<std::string> unused;
  for (const auto& [name, value] : given) {
    const bool ours = name.starts_with("BUILDKIT_") ||
                      std::find(std::begin(own_names), std::end(own_names), name) != std::end(own_names);
    if (value && !ours && !is_proxy_argument(name) && !declared.contains(name)) unused.push_back(name);
  }
  return unused;
}

bool has_standard_value(std::string_view word, std::string_view name) {
  const std::string open = "${" + std::string(name);
  for (std::size_t at = word.find(open); at != word.npos; at = word.find(open, at + 1)) {
    const std::size_t next = at + open.size();
    if (next < word.size() && (word[next] == ':' || word[next] == '-' || word[next] == '+')) return true;
  }
  return false;
}

}  // namespace podo::builder
