#include "container/builder/config_change.h"

#include <algorithm>

#include "base/format/json_writer.h"
#include "base/linux/path.h"
#include "base/linux/signal_name.h"
#include "container/builder/variables.h"

namespace podo::builder {
namespace {

using dockerfile::Instruction;
using dockerfile::Kind;
using oci::ImageConfig;
using Strings = std::vector<std::string>;

std::string quoted(std::string_view word) {
  std::string out;
  json::append_quoted(out, word);
  return out;
}

// [a b], as Go prints a list of strings.
std::string plain_list(const Strings& words) {
  std::string out = "[";
  for (const std::string& word : words) out += (out.size() > 1 ? " " : "") + word;
  return out + "]";
}

Strings command_of(const ImageConfig& config, const Instruction& step) {
  if (step.exec_form) return step.words;
  return step.words.empty() ? Strings() : shell_command(config, step.words[0]);
}

std::string set_pairs(ImageConfig& config, const Instruction& step) {
  std::string history(dockerfile::name_of(step.kind));
  for (const auto& [name, value] : step.pairs) {
    history += " " + name + "=" + value.value_or("");
    if (step.kind == Kind::env) set_variable(config.env, name, value.value_or(""));
    else config.labels[name] = value.value_or("");
  }
  return history;
}

// 30s, 1m30s, 1h0m0s: as Go prints a duration of whole seconds or parts of them.
std::string duration_text(std::int64_t ns) {
  if (ns == 0) return "0s";
  if (ns % 1'000'000'000 != 0) {
    if (ns % 1'000'000 == 0 && ns < 1'000'000'000) return text("{}ms", ns / 1'000'000);
    std::string fraction = text("{}", 1'000'000'000 + ns % 1'000'000'000).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    std::string whole = duration_text(ns - ns % 1'000'000'000);
    whole.pop_back();
    return whole + "." + fraction + "s";
  }
  const std::int64_t seconds = ns / 1'000'000'000;
  std::string out;
  if (seconds >= 3600) out += text("{}h", seconds / 3600);
  if (seconds >= 60) out += text("{}m", seconds % 3600 / 60);
  return out + text("{}s", seconds % 60);
}

// A number as Go's %q shows it: the character with that code, between single quotes.
std::string character_text(std::int64_t number) {
  constexpr std::string_view named[] = {"\\a", "\\b", "\\t", "\\n", "\\v", "\\f", "\\r"};  // 7 to 13
  if (number >= 7 && number <= 13) return text("'{}'", named[number - 7]);
  if (number < 16) return text("'\\x0{:x}'", static_cast<std::uint64_t>(number));
  if (number < 32) return text("'\\x{:x}'", static_cast<std::uint64_t>(number));
  return number < 127 ? text("'{}'", static_cast<char>(number)) : text("{}", number);
}

Result<std::string> set_health(ImageConfig& config, const Instruction& step) {
  oci::HealthCheck health;
  if (step.words.size() == 1 && step.words[0] == "NONE" && !step.exec_form) {
    health.test = {"NONE"};
  } else {
    const dockerfile::HealthFlags flags = TRY(dockerfile::health_flags(step));
    health = {.test = step.words,
              .interval_ns = flags.interval_ns,
              .timeout_ns = flags.timeout_ns,
              .start_period_ns = flags.start_period_ns,
              .start_interval_ns = flags.start_interval_ns,
              .retries = flags.retries};
    health.test.insert(health.test.begin(), step.exec_form ? "CMD" : "CMD-SHELL");
  }
  std::string history = "HEALTHCHECK &{" + quoted_list(health.test);
  for (const std::int64_t ns :
       {health.interval_ns, health.timeout_ns, health.start_period_ns, health.start_interval_ns})
    history += " \"" + duration_text(ns) + "\"";
  history += " " + character_text(health.retries) + "}";
  config.healthcheck = std::move(health);
  return history;
}

Result<std::string> expose(ImageConfig& config, const Instruction& step) {
  Strings all;
  for (const std::string& word : step.words)
    for (std::string& port : TRY(dockerfile::exposed_ports(word))) all.push_back(std::move(port));
  std::sort(all.begin(), all.end());
  for (const std::string& port : all) config.exposed_ports[port] = true;
  return "EXPOSE " + plain_list(all);
}

Result<std::string> add_volumes(ImageConfig& config, const Instruction& step) {
  for (const std::string& path : step.words) {
    if (path.empty()) return invalid("VOLUME specified can not be an empty string");
    config.volumes[path] = true;
  }
  return "VOLUME " + plain_list(step.words);
}

Result<std::string> set_stop_signal(ImageConfig& config, const Instruction& step) {
  const std::string signal = step.words.empty() ? std::string() : step.words[0];
  if (!linux::parse_signal(signal)) return invalid("invalid signal: {}", signal);
  config.stop_signal = signal;
  return "STOPSIGNAL " + signal;
}

std::string joined(const Strings& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace

ImageConfig scratch_config(const oci::Platform& platform) {
  ImageConfig config;
  config.architecture = platform.architecture;
  config.os = platform.os;
  config.variant = platform.variant;
  config.env = {std::string(default_path)};
  config.working_dir = "/";
  return config;
}

std::string join_working_dir(const std::string& before, const std::string& path) {
  return linux::clean_path(path.starts_with('/') ? path : before + "/" + path);
}

Strings shell_command(const ImageConfig& config, std::string line) {
  Strings command = config.shell.empty() ? Strings{"/bin/sh", "-c"} : config.shell;
  command.push_back(std::move(line));
  return command;
}

std::string quoted_list(const Strings& words) {
  std::string out = "[";
  for (const std::string& word : words) out += (out.size() > 1 ? " " : "") + quoted(word);
  return out + "]";
}

Result<std::string> change_config(ImageConfig& config, const Instruction& step, bool& command_set) {
  switch (step.kind) {
    case Kind::env:
    case Kind::label: return set_pairs(config, step);
    case Kind::cmd:
      config.cmd = command_of(config, step);
      command_set = true;
      return "CMD " + quoted_list(config.cmd);
    case Kind::entrypoint:
      config.entrypoint = command_of(config, step);
      if (!command_set) config.cmd.clear();
      return "ENTRYPOINT " + quoted_list(config.entrypoint);
    case Kind::expose: return expose(config, step);
    case Kind::health_check: return set_health(config, step);
    case Kind::maintainer: config.author = joined(step.words); return "MAINTAINER " + config.author;
    case Kind::on_build: config.on_build.push_back(dockerfile::trigger_text(step)); return std::string();
    case Kind::shell: config.shell = step.words; return "SHELL " + plain_list(step.words);
    case Kind::stop_signal: return set_stop_signal(config, step);
    case Kind::user: config.user = joined(step.words); return "USER " + config.user;
    case Kind::volume: return add_volumes(config, step);
    case Kind::workdir:
      if (step.words.empty() || step.words[0].empty())
        return invalid("WORKDIR requires exactly one argument");
      config.working_dir = join_working_dir(config.working_dir, step.words[0]);
      return "WORKDIR " + config.working_dir;
    case Kind::from:
    case Kind::run:
    case Kind::add:
    case Kind::copy:
    case Kind::arg: break;
  }
  return internal("{} is more than a change of the config", dockerfile::name_of(step.kind));
}

}  // namespace podo::builder
