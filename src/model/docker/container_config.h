// What a client of the Docker Engine API asks for when it makes a container: the bodies Config,
// HostConfig and NetworkingConfig of POST /containers/create (Engine API 1.24 to 1.51) as values. The
// engine keeps them in its store in the same JSON, and `inspect` shows them again.
//
// Decoding is as lenient as Docker's (encoding/json): unknown members are ignored, null is absent,
// member names are matched without regard to case. What the engine cannot do is refused by the engine,
// not here. Units: memory in bytes, CPU in 1e-9 CPUs (NanoCpus), durations in nanoseconds unless a name
// says otherwise.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/format/json_field.h"
#include "base/format/json_writer.h"

namespace podo::docker {

using Strings = std::vector<std::string>;
using StringMap = std::map<std::string, std::string>;

struct HealthConfig {
  Strings test;  // {} inherit, {"NONE"}, {"CMD", args...}, {"CMD-SHELL", command}
  std::int64_t interval_ns = 0, timeout_ns = 0, start_period_ns = 0, start_interval_ns = 0;
  std::int64_t retries = 0;
  bool operator==(const HealthConfig&) const = default;
};

struct Config {
  std::string hostname, domainname, user, image, working_dir, mac_address, stop_signal;
  bool attach_stdin = false, attach_stdout = false, attach_stderr = false;
  bool tty = false, open_stdin = false, stdin_once = false, network_disabled = false;
  bool args_escaped = false;
  std::map<std::string, bool> exposed_ports;  // "80/tcp"; the values mean nothing
  std::map<std::string, bool> volumes;        // "/data"
  Strings env, on_build, shell;
  std::optional<Strings> cmd, entrypoint;  // absent: the image's; empty entrypoint {} or {""}: none
  std::optional<HealthConfig> healthcheck;
  StringMap labels;
  std::optional<std::int64_t> stop_timeout_s;
};

struct PortBinding {
  std::string host_ip, host_port;  // port "" chosen, "8000", "8000-8010"
  bool operator==(const PortBinding&) const = default;
};
using PortMap = std::map<std::string, std::vector<PortBinding>>;  // "80/tcp" -> bindings

struct RestartPolicy {
  std::string name;  // "", "no", "always", "unless-stopped", "on-failure"
  std::int64_t maximum_retry_count = 0;
};

struct DeviceMapping {
  std::string path_on_host, path_in_container, cgroup_permissions;
};
struct DeviceRequest {
  std::string driver;
  std::int64_t count = 0;
  Strings device_ids;
  std::vector<Strings> capabilities;
  StringMap options;
};
struct Ulimit {
  std::string name;
  std::int64_t soft = 0, hard = 0;
};
struct ThrottleDevice {
  std::string path;
  std::uint64_t rate = 0;
};
struct WeightDevice {
  std::string path;
  std::uint16_t weight = 0;
};

// Limits; also the body of POST /containers/{id}/update, with RestartPolicy. 0 and absent: as it is.
struct Resources {
  std::int64_t cpu_shares = 0, memory = 0, nano_cpus = 0, cpu_period = 0, cpu_quota = 0;
  std::int64_t cpu_realtime_period = 0, cpu_realtime_runtime = 0;
  std::string cpuset_cpus, cpuset_mems, cgroup_parent;
  std::uint16_t blkio_weight = 0;
  std::vector<WeightDevice> blkio_weight_device;
  std::vector<ThrottleDevice> blkio_read_bps, blkio_write_bps, blkio_read_iops, blkio_write_iops;
  std::vector<DeviceMapping> devices;
  Strings device_cgroup_rules;
  std::vector<DeviceRequest> device_requests;
  std::int64_t kernel_memory = 0, memory_reservation = 0, memory_swap = 0;
  std::optional<std::int64_t> memory_swappiness, pids_limit;
  std::optional<bool> oom_kill_disable;
  std::vector<Ulimit> ulimits;
};

// HostConfig.Mounts[].
struct Mount {
  std::string type;  // bind, volume, tmpfs; image, npipe, cluster are refused by the engine
  std::string source, target, consistency;
  bool read_only = false;
  struct Bind {
    std::string propagation;
    bool non_recursive = false, create_mountpoint = false, read_only_non_recursive = false,
         read_only_force_recursive = false;
  };
  struct Volume {
    bool no_copy = false;
    StringMap labels;
    std::string driver;
    StringMap driver_options;
    std::string subpath;
  };
  struct Tmpfs {
    std::int64_t size_bytes = 0;
    std::uint32_t mode = 0;
    std::vector<Strings> options;
  };
  std::optional<Bind> bind;
  std::optional<Volume> volume;
  std::optional<Tmpfs> tmpfs;
};

struct HostConfig {
  Resources resources;
  Strings binds;  // "/host:/in:ro,z" or "volume:/in:nocopy"
  std::string container_id_file, network_mode, volume_driver, cgroup, cgroupns_mode, ipc_mode, pid_mode,
      userns_mode, uts_mode, runtime, isolation;
  struct LogConfig {
    std::string type;
    StringMap config;
  } log_config;
  PortMap port_bindings;
  RestartPolicy restart_policy;
  bool auto_remove = false, privileged = false, publish_all_ports = false, readonly_rootfs = false;
  Strings volumes_from, cap_add, cap_drop, dns, dns_options, dns_search, extra_hosts, group_add, links,
      security_opt;
  std::int64_t oom_score_adj = 0, shm_size = 0;
  StringMap storage_opt, tmpfs, sysctls, annotations;
  std::vector<Mount> mounts;
  std::optional<bool> init;
  std::optional<Strings> masked_paths, readonly_paths;
  std::uint32_t console_height = 0, console_width = 0;
};

// What a container wants of one network, and (when attached) what it has there.
struct EndpointSettings {
  struct IpamConfig {
    std::string ipv4_address, ipv6_address;
    Strings link_local_ips;
  };
  std::optional<IpamConfig> ipam_config;
  Strings links, aliases;
  std::string mac_address;
  StringMap driver_opts;
  std::int64_t gw_priority = 0;
};

struct CreateRequest {
  Config config;
  HostConfig host_config;
  std::map<std::string, EndpointSettings> endpoints;  // NetworkingConfig.EndpointsConfig: network -> settings
};

Result<CreateRequest> decode_create_request(const json::Document& body);
Result<Config> decode_config(json::Field field);
Result<HostConfig> decode_host_config(json::Field field);
Result<EndpointSettings> decode_endpoint_settings(json::Field field);
struct UpdateRequest {
  Resources resources;
  std::optional<RestartPolicy> restart_policy;
};
Result<UpdateRequest> decode_update_request(const json::Document& body);

// As `docker inspect` shows them, member for member; the store keeps the same.
void encode(json::Writer& out, const Config& config);
void encode(json::Writer& out, const HostConfig& config);
// The members of an endpoint that were asked for, into an object that is open.
void encode_members(json::Writer& out, const EndpointSettings& settings);

}  // namespace podo::docker
