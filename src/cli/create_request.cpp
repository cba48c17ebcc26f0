// Flags become the body of POST /containers/create.
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include "base/io/fd.h"
#include "cli/console/units.h"
#include "cli/container_flags.h"
#include "container/oci_cli/quantities.h"

namespace podo::cli {
namespace {

using docker::Config;
using docker::CreateRequest;
using docker::HostConfig;

// The files of --env-file and --label-file: NAME=value, a line each; # begins a comment.
Result<std::vector<std::string>> lines_of(const std::vector<std::string>& paths) {
  std::vector<std::string> lines;
  for (const std::string& path : paths) {
    for (std::string& line : split(TRY(read_text_file(path)), '\n')) {
      if (line.ends_with('\r')) line.pop_back();
      line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
      if (!line.empty() && line[0] != '#') lines.push_back(std::move(line));
    }
  }
  return lines;
}

// "/dev/a", "/dev/a:/dev/b", "/dev/a:rw", "/dev/a:/dev/b:r"
Result<docker::DeviceMapping> parse_device(std::string_view text) {
  std::vector<std::string> parts = split(text, ':');
  auto is_mode = [](const std::string& part) {
    return !part.empty() && part.find_first_not_of("rwm") == std::string::npos;
  };
  docker::DeviceMapping device{parts[0], parts[0], "rwm"};
  if (parts.size() > 3 || device.path_on_host.empty())
    return invalid("invalid device specification: {}", text);
  if (parts.size() == 2 && is_mode(parts[1])) device.cgroup_permissions = parts[1];
  else if (parts.size() >= 2) device.path_in_container = parts[1];
  if (parts.size() == 3) device.cgroup_permissions = parts[2];
  if (!is_mode(device.cgroup_permissions))
    return invalid("invalid device mode: {}", device.cgroup_permissions);
  return device;
}

template <class Device>
Result<> add_device_values(std::vector<Device>& to, const std::vector<std::string>& values, bool sizes) {
  for (const std::string& value : values) {
    std::size_t colon = value.find(':');
    if (colon == std::string::npos) return invalid("bad format: {}", value);
    std::string_view number = std::string_view(value).substr(colon + 1);
    std::int64_t amount = TRY(sizes ? oci_cli::parse_size(number) : oci_cli::parse_integer(number));
    if constexpr (requires { Device::rate; })
      to.push_back({value.substr(0, colon), static_cast<std::uint64_t>(amount)});
    else to.push_back({value.substr(0, colon), static_cast<std::uint16_t>(amount)});
  }
  return {};
}

Result<> set_resources(docker::Resources& to, const Flags& flags) {
  to.cpu_shares = flags.integer("cpu-shares");
  to.cpu_period = flags.integer("cpu-period");
  to.cpu_quota = flags.integer("cpu-quota");
  to.cpu_realtime_period = flags.integer("cpu-rt-period");
  to.cpu_realtime_runtime = flags.integer("cpu-rt-runtime");
  to.cpuset_cpus = flags.text("cpuset-cpus");
  to.cpuset_mems = flags.text("cpuset-mems");
  to.cgroup_parent = flags.text("cgroup-parent");
  to.nano_cpus = static_cast<std::int64_t>(::strtod(flags.text("cpus").c_str(), nullptr) * 1e9 + 0.5);
  to.memory = flags.bytes("memory");
  to.memory_reservation = flags.bytes("memory-reservation");
  to.memory_swap = flags.bytes("memory-swap");
  to.kernel_memory = flags.bytes("kernel-memory");
  to.blkio_weight = static_cast<std::uint16_t>(flags.integer("blkio-weight"));
  if (flags.given("memory-swappiness")) to.memory_swappiness = flags.integer("memory-swappiness");
  if (flags.given("pids-limit")) to.pids_limit = flags.integer("pids-limit");
  if (flags.given("oom-kill-disable")) to.oom_kill_disable = flags.on("oom-kill-disable");
  to.device_cgroup_rules = flags.all("device-cgroup-rule");
  for (const std::string& limit : flags.all("ulimit")) to.ulimits.push_back(TRY(parse_ulimit(limit)));
  for (const std::string& device : flags.all("device")) to.devices.push_back(TRY(parse_device(device)));
  TRY(add_device_values(to.blkio_weight_device, flags.all("blkio-weight-device"), false));
  TRY(add_device_values(to.blkio_read_bps, flags.all("device-read-bps"), true));
  TRY(add_device_values(to.blkio_write_bps, flags.all("device-write-bps"), true));
  TRY(add_device_values(to.blkio_read_iops, flags.all("device-read-iops"), false));
  TRY(add_device_values(to.blkio_write_iops, flags.all("device-write-iops"), false));
  if (flags.given("gpus")) {
    std::string gpus = flags.text("gpus");
    std::int64_t count = gpus == "all" ? -1 : TRY_IN("--gpus", oci_cli::parse_integer(gpus));
    to.device_requests.push_back(
        {.driver = {}, .count = count, .device_ids = {}, .capabilities = {{"gpu"}}, .options = {}});
  }
  return {};
}

Result<> set_health(Config& config, const Flags& flags) {
  docker::HealthConfig health;
  health.interval_ns = flags.duration("health-interval").ns;
  health.timeout_ns = flags.duration("health-timeout").ns;
  health.start_period_ns = flags.duration("health-start-period").ns;
  health.start_interval_ns = flags.duration("health-start-interval").ns;
  health.retries = flags.integer("health-retries");
  if (flags.given("health-cmd")) health.test = {"CMD-SHELL", flags.text("health-cmd")};
  bool any = health != docker::HealthConfig();
  if (flags.on("no-healthcheck")) {
    if (any) return invalid("--no-healthcheck conflicts with --health-* options");
    health.test = {"NONE"};
    any = true;
  }
  if (any) config.healthcheck = health;
  return {};
}

// A path alone is an anonymous volume; a source with dots is meant from here.
Result<> set_volumes(CreateRequest& request, const Flags& flags) {
  for (std::string volume : flags.all("volume")) {
    if (!volume.contains(':')) {
      request.config.volumes[volume] = true;
      continue;
    }
    if (volume[0] == '.' || volume.starts_with("~/")) {
      char here[4096];
      std::size_t colon = volume.find(':');
      std::string source = volume.substr(0, colon);
      if (source[0] == '~') return invalid("{}: the shell did not expand ~", volume);
      if (::getcwd(here, sizeof here) == nullptr) return failed_errno(errno, "find the working directory");
      while (source.starts_with("./")) source.erase(0, 2);
      volume = std::string(here) + (source == "." ? "" : "/" + source) + volume.substr(colon);
    }
    request.host_config.binds.push_back(volume);
  }
  for (const std::string& mount : flags.all("mount"))
    request.host_config.mounts.push_back(TRY(parse_mount(mount)));
  for (const std::string& tmpfs : flags.all("tmpfs")) {
    std::size_t colon = std::min(tmpfs.find(':'), tmpfs.size());
    request.host_config.tmpfs[tmpfs.substr(0, colon)] = tmpfs.substr(std::min(colon + 1, tmpfs.size()));
  }
  request.host_config.volumes_from = flags.all("volumes-from");
  request.host_config.volume_driver = flags.text("volume-driver");
  return {};
}

Result<> set_networks(CreateRequest& request, const Flags& flags) {
  HostConfig& host = request.host_config;
  host.network_mode = "default";
  std::vector<std::string> wanted = flags.all("network"), old = flags.all("net");
  wanted.insert(wanted.end(), old.begin(), old.end());
  std::vector<std::string> aliases = flags.all("network-alias"), old_aliases = flags.all("net-alias");
  aliases.insert(aliases.end(), old_aliases.begin(), old_aliases.end());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto [name, settings] = TRY(parse_network(wanted[i]));
    if (i == 0) host.network_mode = name;
    bool named = name != "host" && name != "none" && !name.starts_with("container:");
    if (named) request.endpoints[name] = settings;
  }
  bool details = !aliases.empty() || flags.given("ip") || flags.given("ip6") || flags.given("mac-address") ||
                 flags.given("link-local-ip") || (flags.given("link") && host.network_mode != "default");
  if (!details) return {};
  docker::EndpointSettings& first = request.endpoints[host.network_mode];
  first.aliases.insert(first.aliases.end(), aliases.begin(), aliases.end());
  if (flags.given("ip") || flags.given("ip6") || flags.given("link-local-ip"))
    first.ipam_config = {flags.text("ip"), flags.text("ip6"), flags.all("link-local-ip")};
  first.mac_address = flags.text("mac-address");
  if (host.network_mode != "default" && host.network_mode != "bridge") first.links = flags.all("link");
  return {};
}

Result<> set_security(HostConfig& host, const Flags& flags) {
  for (const std::string& option : flags.all("security-opt")) {
    bool profile = option.starts_with("seccomp=") || option.starts_with("seccomp:");
    std::string value = profile ? option.substr(8) : "";
    if (!profile || value == "unconfined" || value == "builtin" || value.starts_with('{')) {
      host.security_opt.push_back(option);
      continue;
    }
    // The daemon does not see our files: the profile itself goes over.
    host.security_opt.push_back("seccomp=" + TRY_IN("opening seccomp profile", read_text_file(value)));
  }
  host.cap_add = flags.all("cap-add");
  host.cap_drop = flags.all("cap-drop");
  host.privileged = flags.on("privileged");
  host.readonly_rootfs = flags.on("read-only");
  host.group_add = flags.all("group-add");
  return {};
}

Result<> set_host(HostConfig& host, const Flags& flags) {
  host.container_id_file = flags.text("cidfile");
  host.auto_remove = flags.on("rm");
  host.restart_policy = TRY(parse_restart_policy(flags.text("restart")));
  if (host.auto_remove && host.restart_policy.name != "no" && !host.restart_policy.name.empty())
    return invalid("conflicting options: cannot specify both --restart and --rm");
  host.log_config.type = flags.text("log-driver");
  host.log_config.config = TRY(parse_pairs(flags.all("log-opt"), "log-opt"));
  host.publish_all_ports = flags.on("publish-all");
  host.dns = flags.all("dns");
  host.dns_options = flags.all(flags.given("dns-option") ? "dns-option" : "dns-opt");
  host.dns_search = flags.all("dns-search");
  host.links = flags.all("link");
  host.extra_hosts = TRY(extra_hosts_of(flags));
  host.oom_score_adj = flags.integer("oom-score-adj");
  host.shm_size = flags.bytes("shm-size");
  host.storage_opt = TRY(parse_pairs(flags.all("storage-opt"), "storage-opt"));
  host.sysctls = TRY(parse_pairs(flags.all("sysctl"), "sysctl"));
  host.annotations = TRY(parse_pairs(flags.all("annotation"), "annotation"));
  host.ipc_mode = flags.text("ipc");
  host.pid_mode = flags.text("pid");
  host.uts_mode = flags.text("uts");
  host.userns_mode = flags.text("userns");
  host.cgroupns_mode = flags.text("cgroupns");
  host.runtime = flags.text("runtime");
  host.isolation = flags.text("isolation");
  if (flags.given("init")) host.init = flags.on("init");
  return set_security(host, flags);
}

Result<> set_config(Config& config, const Flags& flags, bool detaches) {
  config.image = flags.arguments()[0];
  if (flags.arguments().size() > 1) config.cmd = flags.arguments_from(1);
  if (flags.given("entrypoint")) config.entrypoint = docker::Strings{flags.text("entrypoint")};
  config.hostname = flags.text("hostname");
  config.domainname = flags.text("domainname");
  config.user = flags.text("user");
  config.working_dir = flags.text("workdir");
  config.mac_address = flags.text("mac-address");
  config.stop_signal = flags.text("stop-signal");
  if (flags.given("stop-timeout")) config.stop_timeout_s = flags.integer("stop-timeout");
  config.tty = flags.on("tty");
  config.open_stdin = flags.on("interactive");
  config.stdin_once = config.open_stdin && !detaches;
  std::vector<std::string> attached = flags.all("attach");
  auto wants = [&](std::string_view stream) {
    auto same = [&](const std::string& name) {
      return std::ranges::equal(name, stream, [](char a, char b) { return (a | 0x20) == b; });
    };
    return !detaches && (attached.empty() || std::ranges::any_of(attached, same));
  };
  config.attach_stdin = config.open_stdin && wants("stdin");
  config.attach_stdout = wants("stdout");
  config.attach_stderr = wants("stderr");
  config.env = TRY(environment_of(flags));
  std::vector<std::string> labels = TRY(lines_of(flags.all("label-file"))), more = flags.all("label");
  labels.insert(labels.end(), more.begin(), more.end());
  for (const std::string& label : labels) {
    std::size_t equals = std::min(label.find('='), label.size());
    config.labels[label.substr(0, equals)] = label.substr(std::min(equals + 1, label.size()));
  }
  return set_health(config, flags);
}

}  // namespace

Result<std::string> read_text_file(const std::string& path) {
  io::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return failed_errno(errno, "open {}", path);
  std::string text, piece(64 << 10, '\0');
  for (;;) {
    ssize_t count = ::read(fd.get(), piece.data(), piece.size());
    if (count < 0) return failed_errno(errno, "read {}", path);
    if (count == 0) return text;
    text.append(piece, 0, static_cast<std::size_t>(count));
    if (text.size() > (16 << 20)) return exhausted("{} is too large", path);
  }
}

Result<std::vector<std::string>> environment_of(const Flags& flags) {
  std::vector<std::string> lines = TRY(lines_of(flags.all("env-file"))), more = flags.all("env"), out;
  lines.insert(lines.end(), more.begin(), more.end());
  for (std::string& line : lines) {
    const char* own = line.contains('=') ? nullptr : ::getenv(line.c_str());
    if (line.starts_with('=')) return invalid("invalid environment variable: {}", line);
    if (line.contains('=')) out.push_back(std::move(line));
    else if (own != nullptr) out.push_back(line + "=" + own);
  }
  return out;
}

Result<docker::StringMap> parse_pairs(const std::vector<std::string>& pairs, std::string_view flag) {
  docker::StringMap map;
  for (const std::string& pair : pairs) {
    std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return invalid("invalid argument \"{}\" for --{}: NAME=VALUE is expected", pair, flag);
    map[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return map;
}

Result<docker::RestartPolicy> parse_restart_policy(std::string_view text) {
  docker::RestartPolicy policy{.name = std::string(text.substr(0, text.find(':')))};
  if (policy.name.size() < text.size())
    policy.maximum_retry_count =
        TRY_IN("invalid restart policy format: maximum retry count must be an integer",
               oci_cli::parse_integer(text.substr(policy.name.size() + 1)));
  return policy;
}

Result<docker::Ulimit> parse_ulimit(std::string_view text) {
  std::size_t equals = text.find('='), colon = text.find(':');
  if (equals == std::string_view::npos) return invalid("invalid ulimit argument: {}", text);
  docker::Ulimit limit{.name = std::string(text.substr(0, equals))};
  limit.soft = TRY_IN(podo::text("invalid ulimit argument: {}", text),
                      oci_cli::parse_integer(text.substr(equals + 1, colon - equals - 1)));
  limit.hard = limit.soft;
  if (colon != std::string_view::npos)
    limit.hard = TRY_IN(podo::text("invalid ulimit argument: {}", text),
                        oci_cli::parse_integer(text.substr(colon + 1)));
  if (limit.hard >= 0 && limit.soft > limit.hard)
    return invalid("ulimit soft limit must be less than or equal to hard limit: {} > {}", limit.soft,
                   limit.hard);
  return limit;
}

Result<std::vector<std::string>> extra_hosts_of(const Flags& flags) {
  std::vector<std::string> hosts;
  for (std::string entry : flags.all("add-host")) {
    std::size_t separator = entry.find_first_of(":=");
    if (separator == std::string::npos) return invalid("bad format for add-host: \"{}\"", entry);
    entry[separator] = ':';
    hosts.push_back(entry);
  }
  return hosts;
}

Result<CreateRequest> create_request_of(const Flags& flags, bool detaches) {
  CreateRequest request;
  TRY(set_config(request.config, flags, detaches));
  TRY(set_host(request.host_config, flags));
  TRY(set_resources(request.host_config.resources, flags));
  TRY(set_volumes(request, flags));
  TRY(set_networks(request, flags));
  for (const std::string& port : flags.all("publish"))
    TRY(add_port(request.host_config, request.config, port));
  for (const std::string& port : flags.all("expose"))
    request.config.exposed_ports[port.contains('/') ? port : port + "/tcp"] = true;
  return request;
}

std::string encode(const CreateRequest& request) {
  json::Writer config, host, networks;
  docker::encode(config, request.config);
  docker::encode(host, request.host_config);
  networks.object();
  for (const auto& [name, settings] : request.endpoints) {
    networks.key(name).object();
    docker::encode_members(networks, settings);
    networks.end();
  }
  networks.end();
  std::string body = config.take();
  body.pop_back();  // the others are members beside the Config's own
  return body + ",\"HostConfig\":" + host.take() +
         ",\"NetworkingConfig\":{\"EndpointsConfig\":" + networks.take() + "}}";
}

}  // namespace podo::cli
