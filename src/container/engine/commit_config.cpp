#include "container/engine/commit_config.h"

#include "base/format/json.h"

namespace podo::engine {
namespace {

std::string_view trimmed(std::string_view words) {
  while (!words.empty() && (words.front() == ' ' || words.front() == '\t')) words.remove_prefix(1);
  while (!words.empty() && (words.back() == ' ' || words.back() == '\t')) words.remove_suffix(1);
  return words;
}

// ["a", "b"]; absent when it is not an array of strings.
std::optional<docker::Strings> json_strings(std::string_view words) {
  const auto document = json::parse(std::string(words));
  if (!document || !document->root().is(json::Kind::array)) return std::nullopt;
  docker::Strings strings;
  for (std::size_t i = 0; i < document->root().size(); ++i) {
    const json::Value value = document->root().at(i);
    if (!value.is(json::Kind::string)) return std::nullopt;
    strings.emplace_back(value.string());
  }
  return strings;
}

docker::Strings command(const docker::Config& config, std::string_view words) {
  if (auto array = json_strings(words)) return *std::move(array);
  docker::Strings line = config.shell.empty() ? docker::Strings{"/bin/sh", "-c"} : config.shell;
  line.emplace_back(words);
  return line;
}

// Words at blanks; quotes hold them together and a backslash its next character, and both go.
docker::Strings split(std::string_view words) {
  docker::Strings parts;
  std::string part;
  char quote = 0;
  bool any = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const char c = words[i];
    if (c == '\\' && i + 1 < words.size() && quote != '\'') {
      part += words[++i];
      any = true;
    } else if (quote != 0 ? c == quote : c == '"' || c == '\'') {
      quote = quote != 0 ? 0 : c;
      any = true;
    } else if (quote == 0 && (c == ' ' || c == '\t')) {
      if (any) parts.push_back(std::exchange(part, {}));
      any = false;
    } else {
      part += c;
      any = true;
    }
  }
  if (any) parts.push_back(std::move(part));
  return parts;
}

// NAME=value ..., or NAME and the rest of the line.
Result<std::vector<std::pair<std::string, std::string>>> assignments(std::string_view words) {
  std::vector<std::pair<std::string, std::string>> found;
  const docker::Strings parts = split(words);
  if (parts.empty()) return invalid("a name and a value are missing");
  if (!parts[0].contains('=')) {
    const std::size_t blank = words.find_first_of(" \t");
    if (blank == std::string_view::npos) return invalid("{} must have two arguments", words);
    found.emplace_back(words.substr(0, blank), trimmed(words.substr(blank)));
    return found;
  }
  for (const std::string& part : parts) {
    const std::size_t mark = part.find('=');
    if (mark == std::string::npos || mark == 0) return invalid("Syntax error - can't find = in \"{}\"", part);
    found.emplace_back(part.substr(0, mark), part.substr(mark + 1));
  }
  return found;
}

void set_variable(docker::Strings& env, const std::string& name, const std::string& value) {
  std::string assignment = name + "=" + value;
  for (std::string& each : env) {
    if (each.starts_with(name + "=")) {
      each = std::move(assignment);
      return;
    }
  }
  env.push_back(std::move(assignment));
}

Result<> set_health(docker::Config& config, std::string_view words) {
  const std::string_view kind = words.substr(0, words.find(' '));
  docker::HealthConfig health;
  if (kind == "NONE") {
    health.test = {"NONE"};
  } else if (kind == "CMD") {
    const std::string_view line = trimmed(words.substr(kind.size()));
    health.test = {"CMD-SHELL", std::string(line)};
    if (auto array = json_strings(line)) {
      health.test = *std::move(array);
      health.test.insert(health.test.begin(), "CMD");
    }
  } else {
    return invalid("Unknown type \"{}\" in HEALTHCHECK (try CMD)", kind);
  }
  config.healthcheck = std::move(health);
  return {};
}

}  // namespace

Result<> apply_change(docker::Config& config, std::string_view instruction) {
  instruction = trimmed(instruction);
  std::string verb(instruction.substr(0, instruction.find_first_of(" \t")));
  const std::string_view words = trimmed(instruction.substr(verb.size()));
  for (char& c : verb) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  if (verb == "CMD") config.cmd = command(config, words);
  else if (verb == "ENTRYPOINT") config.entrypoint = command(config, words);
  else if (verb == "USER") config.user = words;
  else if (verb == "STOPSIGNAL") config.stop_signal = words;
  else if (verb == "ONBUILD") config.on_build.emplace_back(words);
  else if (verb == "HEALTHCHECK") return set_health(config, words);
  else if (verb == "WORKDIR") {
    const std::string before = words.starts_with('/') ? "" : config.working_dir + "/";
    config.working_dir = before + std::string(words);
  } else if (verb == "ENV") {
    for (const auto& [name, value] : TRY(assignments(words))) set_variable(config.env, name, value);
  } else if (verb == "LABEL") {
    for (const auto& [name, value] : TRY(assignments(words))) config.labels[name] = value;
  } else if (verb == "EXPOSE") {
    for (const std::string& port : split(words))
      config.exposed_ports[port.contains('/') ? port : port + "/tcp"] = true;
  } else if (verb == "VOLUME") {
    for (const std::string& path : json_strings(words).value_or(split(words))) config.volumes[path] = true;
  } else {
    return invalid("{} is not a valid change command", verb);
  }
  return {};
}

oci::ImageConfig image_config(oci::ImageConfig base, const docker::Config& config) {
  base.user = config.user;
  base.working_dir = config.working_dir;
  base.stop_signal = config.stop_signal;
  base.exposed_ports = config.exposed_ports;
  base.volumes = config.volumes;
  base.env = config.env;
  base.entrypoint = config.entrypoint.value_or(docker::Strings());
  base.cmd = config.cmd.value_or(docker::Strings());
  base.on_build = config.on_build;
  base.shell = config.shell;
  base.labels = config.labels;
  base.args_escaped = config.args_escaped;
  base.healthcheck.reset();
  if (config.healthcheck) {
    const docker::HealthConfig& health = *config.healthcheck;
    base.healthcheck = oci::HealthCheck{.test = health.test,
                                        .interval_ns = health.interval_ns,
                                        .timeout_ns = health.timeout_ns,
                                        .start_period_ns = health.start_period_ns,
                                        .start_interval_ns = health.start_interval_ns,
                                        .retries = health.retries};
  }
  return base;
}

}  // namespace podo::engine
