// The checks of create_config.h: what contradicts itself, or is not what it should be.
#include <charconv>

#include "base/linux/path.h"
#include "base/linux/signal_name.h"
#include "container/config/create_config.h"

namespace podo::engine {
namespace {

constexpr std::int64_t health_time_min_ns = 1'000'000;

Result<> check_health(const docker::HealthConfig& health) {
  const auto check = [](std::string_view name, std::int64_t ns) -> Result<> {
    if (ns != 0 && ns < health_time_min_ns) return invalid("{} in Healthcheck cannot be less than 1ms", name);
    return {};
  };
  TRY(check("Interval", health.interval_ns));
  TRY(check("Timeout", health.timeout_ns));
  TRY(check("StartPeriod", health.start_period_ns));
  TRY(check("StartInterval", health.start_interval_ns));
  if (health.retries < 0) return invalid("Retries in Healthcheck cannot be negative");
  if (!health.test.empty() && health.test[0] != "NONE" && health.test[0] != "CMD" &&
      health.test[0] != "CMD-SHELL" && !health.test[0].empty())
    return invalid("Unknown type '{}' in HEALTHCHECK (try CMD)", health.test[0]);
  return {};
}

// A network namespace of somebody else's has its own name, addresses and ports.
Result<> check_shared_network(const docker::CreateRequest& request) {
  const docker::HostConfig& host = request.host_config;
  if (!host.links.empty())
    return invalid(
        "conflicting options: container type network can't be used with links. This would result "
        "in undefined behavior");
  if (!request.config.hostname.empty()) return invalid("conflicting options: hostname and the network mode");
  if (!host.dns.empty()) return invalid("conflicting options: dns and the network mode");
  if (!host.extra_hosts.empty())
    return invalid("conflicting options: custom host-to-IP mapping and the network mode");
  if (!request.config.mac_address.empty())
    return invalid("conflicting options: mac-address and the network mode");
  if (!host.port_bindings.empty() || host.publish_all_ports)
    return invalid("conflicting options: port publishing and the container type network mode");
  if (!request.config.exposed_ports.empty())
    return invalid("conflicting options: port exposing and the container type network mode");
  return {};
}

// A sandbox's network is the business of who made it. Ports its containers expose are only told.
Result<> check_sandbox_network(const docker::HostConfig& host) {
  if (!host.links.empty()) return invalid("conflicting options: links and the network mode");
  if (!host.dns.empty()) return invalid("conflicting options: dns and the network mode");
  if (!host.extra_hosts.empty())
    return invalid("conflicting options: custom host-to-IP mapping and the network mode");
  if (!host.port_bindings.empty() || host.publish_all_ports)
    return invalid("conflicting options: port publishing and the network mode");
  return {};
}

Result<> check_environment(const docker::Strings& env) {
  for (const std::string& assignment : env) {
    if (assignment.empty() || assignment.starts_with('='))
      return invalid("invalid environment variable: {}", assignment);
    if (assignment.contains('\0')) return invalid("invalid environment variable: it has a zero byte");
  }
  return {};
}

Result<> check_extra_hosts(const docker::Strings& hosts) {
  for (const std::string& entry : hosts) {
    const std::size_t colon = entry.find_first_of(":=");
    if (colon == std::string::npos || colon == 0 || colon + 1 == entry.size())
      return invalid("bad format for add-host: \"{}\"", entry);
  }
  return {};
}

struct PortRange {
  std::uint16_t first = 0, last = 0;
};

Result<PortRange> parse_ports(std::string_view words) {
  PortRange range;
  const auto number = [](std::string_view digits, std::uint16_t& port) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  const std::size_t dash = words.find('-');
  const std::string_view last = dash == std::string_view::npos ? words : words.substr(dash + 1);
  if (!number(words.substr(0, dash), range.first) || !number(last, range.last) || range.last < range.first)
    return invalid("invalid port specification: \"{}\"", words);
  return range;
}

// "80/tcp", "53/udp", "80"
Result<network::PublishedPort> parse_container_port(std::string_view spec) {
  const std::size_t slash = spec.find('/');
  network::PublishedPort port;
  if (slash != std::string_view::npos) port.protocol = spec.substr(slash + 1);
  const auto range = parse_ports(spec.substr(0, slash));
  if (!range || range->first == 0 || range->first != range->last)
    return invalid("invalid port specification: \"{}\"", spec);
  if (port.protocol != "tcp" && port.protocol != "udp" && port.protocol != "sctp")
    return invalid("invalid proto \"{}\" in port specification: \"{}\"", port.protocol, spec);
  port.container_port = range->first;
  return port;
}

}  // namespace

Result<> check_request(const docker::CreateRequest& request) {
  const docker::Config& config = request.config;
  if (!config.working_dir.empty() && !config.working_dir.starts_with('/'))
    return invalid("the working directory '{}' is invalid, it needs to be an absolute path",
                   config.working_dir);
  if (!config.stop_signal.empty() && !linux::parse_signal(config.stop_signal))
    return invalid("invalid signal: {}", config.stop_signal);
  if (config.hostname.size() > 64 || config.hostname.contains('\0') || config.hostname.contains('\n'))
    return invalid("invalid hostname: {}", config.hostname);
  TRY(check_environment(config.env));
  if (config.healthcheck) TRY(check_health(*config.healthcheck));
  TRY(check_extra_hosts(request.host_config.extra_hosts));
  TRY(sandbox_of(request.host_config));
  TRY(plan_ports(config, request.host_config));
  return {};
}

Result<> check_network_mode(const docker::CreateRequest& request) {
  const docker::HostConfig& host = request.host_config;
  const NetworkMode mode = network_mode(host);
  if (mode.kind == NetworkMode::Kind::container) {
    if (mode.name.empty())
      return invalid("Invalid network mode: invalid container format container:<name|id>");
    TRY(check_shared_network(request));
  }
  if (mode.kind == NetworkMode::Kind::sandbox) TRY(check_sandbox_network(host));
  if (mode.kind == NetworkMode::Kind::host && !host.links.empty())
    return invalid(
        "conflicting options: host type networking can't be used with links. This would result in "
        "undefined behavior");
  if (host.uts_mode == "host" && !request.config.hostname.empty())
    return invalid("conflicting options: hostname and the UTS mode");
  return {};
}

Result<std::vector<network::PublishedPort>> plan_ports(const docker::Config& config,
                                                       const docker::HostConfig& host_config) {
  std::vector<network::PublishedPort> ports;
  for (const auto& [spec, bindings] : host_config.port_bindings) {
    const network::PublishedPort port = TRY(parse_container_port(spec));
    for (const docker::PortBinding& binding : bindings) {
      network::PublishedPort wanted = port;
      wanted.host_ip = binding.host_ip;
      if (!binding.host_port.empty()) {
        const PortRange range = TRY(parse_ports(binding.host_port));
        wanted.host_port_first = range.first;
        wanted.host_port_last = range.last;
      }
      ports.push_back(std::move(wanted));
    }
  }
  for (const auto& [spec, nothing] : config.exposed_ports) {
    network::PublishedPort port = TRY(parse_container_port(spec));
    const auto bound = host_config.port_bindings.find(spec);
    const bool already = bound != host_config.port_bindings.end() && !bound->second.empty();
    if (host_config.publish_all_ports && !already) ports.push_back(std::move(port));
  }
  return ports;
}

}  // namespace podo::engine
