#include "container/config/create_config.h"

#include <algorithm>

namespace podo::engine {
namespace {

std::string_view variable_name(std::string_view assignment) {
  return assignment.substr(0, assignment.find('='));
}

void merge_environment(docker::Strings& own, const std::vector<std::string>& image) {
  const std::size_t asked = own.size();
  for (const std::string& assignment : image) {
    const auto same = [&](const std::string& other) {
      return variable_name(other) == variable_name(assignment);
    };
    if (std::none_of(own.begin(), own.begin() + static_cast<std::ptrdiff_t>(asked), same))
      own.push_back(assignment);
  }
}

void merge_health(std::optional<docker::HealthConfig>& own, const oci::HealthCheck& image) {
  if (!own) own.emplace();
  if (own->test.empty()) own->test = image.test;
  const auto fill = [](std::int64_t& value, std::int64_t other) {
    if (value == 0) value = other;
  };
  fill(own->interval_ns, image.interval_ns);
  fill(own->timeout_ns, image.timeout_ns);
  fill(own->start_period_ns, image.start_period_ns);
  fill(own->start_interval_ns, image.start_interval_ns);
  fill(own->retries, image.retries);
}

// An entrypoint that was asked for takes the image's command away with its entrypoint; {""} means none.
Result<> merge_command(docker::Config& config, const oci::ImageConfig& image) {
  const bool has_command = config.cmd && !config.cmd->empty();
  const bool has_entrypoint = config.entrypoint && !config.entrypoint->empty();
  if (!has_entrypoint) {
    if (!has_command && !image.cmd.empty()) {
      config.cmd = image.cmd;
      config.args_escaped = image.args_escaped;
    }
    if (!config.entrypoint && !image.entrypoint.empty()) config.entrypoint = image.entrypoint;
  }
  if (config.entrypoint && config.entrypoint->size() == 1 && config.entrypoint->front().empty())
    config.entrypoint.reset();
  if ((!config.cmd || config.cmd->empty()) && (!config.entrypoint || config.entrypoint->empty()))
    return invalid("no command specified");
  return {};
}

}  // namespace

Result<> merge_image(docker::Config& config, const oci::ImageConfig& image) {
  if (config.user.empty()) config.user = image.user;
  if (config.working_dir.empty()) config.working_dir = image.working_dir;
  if (config.stop_signal.empty()) config.stop_signal = image.stop_signal;
  if (config.shell.empty()) config.shell = image.shell;
  config.exposed_ports.insert(image.exposed_ports.begin(), image.exposed_ports.end());
  config.volumes.insert(image.volumes.begin(), image.volumes.end());
  config.labels.insert(image.labels.begin(), image.labels.end());
  merge_environment(config.env, image.env);
  if (image.healthcheck) merge_health(config.healthcheck, *image.healthcheck);
  return merge_command(config, image);
}

void settle(docker::CreateRequest& request, const docker::HostConfig::LogConfig& default_log) {
  docker::HostConfig& host = request.host_config;
  if (host.network_mode.empty() || host.network_mode == "default") host.network_mode = "bridge";
  if (host.log_config.type.empty()) {
    host.log_config.type = default_log.type;
    if (host.log_config.config.empty()) host.log_config.config = default_log.config;
  }
  // Whoever binds a port exposes it.
  for (const auto& [port, bindings] : host.port_bindings) request.config.exposed_ports.emplace(port, true);
}

CommandLine command_line(const docker::Config& config) {
  std::vector<std::string> words;
  if (config.entrypoint) words = *config.entrypoint;
  if (config.cmd) words.insert(words.end(), config.cmd->begin(), config.cmd->end());
  if (words.empty()) return {};
  return {words.front(), {words.begin() + 1, words.end()}};
}

NetworkMode network_mode(const docker::HostConfig& host_config) {
  using Kind = NetworkMode::Kind;
  const std::string& mode = host_config.network_mode;
  if (mode.empty() || mode == "default" || mode == "bridge") return {Kind::bridge, "bridge"};
  if (mode == "host") return {Kind::host, mode};
  if (mode == "none") return {Kind::none, mode};
  if (mode.starts_with("sandbox:")) return {Kind::sandbox, std::string(sandbox_of_mode(mode))};
  if (mode.starts_with("container:")) return {Kind::container, std::string(container_of_mode(mode))};
  return {Kind::user, mode};
}

Result<std::string_view> sandbox_of(const docker::HostConfig& host) {
  std::string_view sandbox;
  for (const std::string* mode : {&host.network_mode, &host.ipc_mode, &host.uts_mode, &host.pid_mode}) {
    if (!mode->starts_with("sandbox:")) continue;
    const std::string_view id = sandbox_of_mode(*mode);
    if (id.empty()) return invalid("invalid sandbox format sandbox:<id>");
    if (!sandbox.empty() && sandbox != id)
      return invalid("conflicting options: a container joins one sandbox, not {} and {}", sandbox, id);
    sandbox = id;
  }
  return sandbox;
}

std::string_view container_of_mode(std::string_view mode) {
  constexpr std::string_view prefix = "container:";
  return mode.starts_with(prefix) ? mode.substr(prefix.size()) : std::string_view();
}

}  // namespace podo::engine
