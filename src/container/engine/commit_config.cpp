#include "container/engine/commit_config.h"

#include "model/dockerfile/dockerfile.h"
#include "model/dockerfile/expand.h"

namespace podo::engine {
namespace {

using dockerfile::Instruction;
using dockerfile::Kind;

constexpr char escape = '\\';

// Words of an instruction, with the variables of the config so far.
class Words {
 public:
  explicit Words(const docker::Strings& env) : env_(env) {}

  Result<std::string> one(std::string_view word) const { return dockerfile::expand(word, lookup(), escape); }
  Result<docker::Strings> several(std::string_view word) const {
    return dockerfile::expand_words(word, lookup(), escape);
  }

 private:
  dockerfile::Lookup lookup() const {
    return [this](std::string_view name) -> std::optional<std::string> {
      for (const std::string& each : env_) {
        const std::string_view text = each;
        if (text.starts_with(name) && text.substr(name.size()).starts_with('='))
          return std::string(text.substr(name.size() + 1));
      }
      return std::nullopt;
    };
  }
  docker::Strings env_;  // as it was: one instruction's variables do not see each other
};

docker::Strings command(const docker::Config& config, const Instruction& step) {
  if (step.exec_form) return step.words;
  docker::Strings line = config.shell.empty() ? docker::Strings{"/bin/sh", "-c"} : config.shell;
  line.push_back(step.words.empty() ? "" : step.words[0]);
  return line;
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

Result<> set_pairs(docker::Config& config, const Words& words, const Instruction& step) {
  for (const auto& [written_name, written_value] : step.pairs) {
    const std::string name = TRY(words.one(written_name)), value = TRY(words.one(written_value.value_or("")));
    if (step.kind == Kind::env) set_variable(config.env, name, value);
    else config.labels[name] = value;
  }
  return {};
}

Result<> set_health(docker::Config& config, const Instruction& step) {
  docker::HealthConfig health{.test = step.words};
  if (!step.exec_form && step.words[0] != "NONE") health.test.insert(health.test.begin(), "CMD-SHELL");
  if (step.exec_form) health.test.insert(health.test.begin(), "CMD");
  const dockerfile::HealthFlags flags = TRY(dockerfile::health_flags(step));
  health.interval_ns = flags.interval_ns;
  health.timeout_ns = flags.timeout_ns;
  health.start_period_ns = flags.start_period_ns;
  health.start_interval_ns = flags.start_interval_ns;
  health.retries = flags.retries;
  config.healthcheck = std::move(health);
  return {};
}

Result<> set_ports(docker::Config& config, const Words& words, const Instruction& step) {
  for (const std::string& word : step.words) {
    for (const std::string& range : TRY(words.several(word))) {
      for (const std::string& port : TRY(dockerfile::exposed_ports(range))) config.exposed_ports[port] = true;
    }
  }
  return {};
}

}  // namespace

Result<> apply_change(docker::Config& config, std::string_view instruction) {
  const Instruction step = TRY(dockerfile::parse_instruction(instruction));
  const Words words(config.env);
  switch (step.kind) {
    case Kind::cmd: config.cmd = command(config, step); return {};
    case Kind::entrypoint: config.entrypoint = command(config, step); return {};
    case Kind::on_build: config.on_build.push_back(dockerfile::trigger_text(step)); return {};
    case Kind::health_check: return set_health(config, step);
    case Kind::env:
    case Kind::label: return set_pairs(config, words, step);
    case Kind::expose: return set_ports(config, words, step);
    case Kind::user: config.user = TRY(words.one(step.words[0])); return {};
    case Kind::stop_signal: config.stop_signal = TRY(words.one(step.words[0])); return {};
    case Kind::workdir: {
      const std::string path = TRY(words.one(step.words[0]));
      config.working_dir = path.starts_with('/') ? path : config.working_dir + "/" + path;
      return {};
    }
    case Kind::volume:
      for (const std::string& path : step.words) config.volumes[TRY(words.one(path))] = true;
      return {};
    default: return invalid("{} is not a valid change command", dockerfile::name_of(step.kind));
  }
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
