// The runtime-spec's config.json as values (OCI runtime-spec 1.3, Linux parts).
// https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md and config-linux.md
//
// Names are the specification's. What is optional there and differs from its zero is std::optional here.
// Values only: reading is decode.h, judging is container/plan/plan.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace podo::oci {

using StringMap = std::vector<std::pair<std::string, std::string>>;  // order of the text

struct IdMapping { std::uint32_t container_id = 0, host_id = 0, size = 0; };

struct Root { std::string path; bool readonly = false; };

struct Mount {
  std::string destination, type, source;
  std::vector<std::string> options;
  std::vector<IdMapping> uid_mappings, gid_mappings;
};

struct User {
  std::uint32_t uid = 0, gid = 0;
  std::optional<std::uint32_t> umask;
  std::vector<std::uint32_t> additional_gids;
};

struct Capabilities { std::vector<std::string> bounding, effective, inheritable, permitted, ambient; };
struct Rlimit { std::string type; std::uint64_t soft = 0, hard = 0; };
struct ConsoleSize { std::uint32_t height = 0, width = 0; };
struct IoPriority { std::string class_name; std::int64_t priority = 0; };
struct CpuAffinity { std::string initial, final; };
struct Scheduler {
  std::string policy;
  std::int64_t nice = 0, priority = 0;
  std::vector<std::string> flags;
  std::uint64_t runtime = 0, deadline = 0, period = 0;  // nanoseconds
};

struct Process {
  bool terminal = false;
  std::optional<ConsoleSize> console_size;
  User user;
  std::vector<std::string> args, env;
  std::string cwd;
  std::optional<Capabilities> capabilities;  // absent: keep what the caller has
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::string apparmor_profile, selinux_label;
  std::optional<std::int64_t> oom_score_adj;
  std::optional<Scheduler> scheduler;
  std::optional<IoPriority> io_priority;
  std::optional<CpuAffinity> exec_cpu_affinity;
};

struct Hook {
  std::string path;
  std::vector<std::string> args, env;
  std::optional<std::int64_t> timeout_s;
};
struct Hooks {
  std::vector<Hook> prestart, create_runtime, create_container, start_container, poststart, poststop;
};

struct Namespace { std::string type, path; };
struct TimeOffset { std::int64_t secs = 0; std::uint32_t nanosecs = 0; };
struct NetDevice { std::string name, rename; };  // name on the host; name inside, empty: the same

struct Device {
  std::string type, path;  // type: c, u, b, p
  std::int64_t major = 0, minor = 0;
  std::optional<std::uint32_t> file_mode, uid, gid;
};
struct DeviceRule {
  bool allow = false;
  std::string type, access;  // type: a, c, b ("" is a); access: letters of rwm
  std::optional<std::int64_t> major, minor;  // absent or -1: any
};

struct MemoryResources {
  std::optional<std::int64_t> limit, reservation, swap, kernel, kernel_tcp;  // bytes; -1: unlimited
  std::optional<std::uint64_t> swappiness;
  std::optional<bool> disable_oom_killer, use_hierarchy, check_before_update;
};
struct CpuResources {
  std::optional<std::uint64_t> shares, burst, period, realtime_period;
  std::optional<std::int64_t> quota, realtime_runtime, idle;
  std::string cpus, mems;
};
struct WeightDevice { std::int64_t major = 0, minor = 0; std::optional<std::uint16_t> weight, leaf_weight; };
struct ThrottleDevice { std::int64_t major = 0, minor = 0; std::uint64_t rate = 0; };
struct BlockIoResources {
  std::optional<std::uint16_t> weight, leaf_weight;
  std::vector<WeightDevice> weight_devices;
  std::vector<ThrottleDevice> read_bps, write_bps, read_iops, write_iops;
};
struct HugepageLimit { std::string page_size; std::uint64_t limit = 0; };
struct InterfacePriority { std::string name; std::uint32_t priority = 0; };
struct NetworkResources { std::optional<std::uint32_t> class_id; std::vector<InterfacePriority> priorities; };
struct RdmaLimit { std::string device; std::optional<std::uint32_t> hca_handles, hca_objects; };

struct Resources {
  std::vector<DeviceRule> devices;
  MemoryResources memory;
  CpuResources cpu;
  std::optional<std::int64_t> pids_limit;
  BlockIoResources block_io;
  std::vector<HugepageLimit> hugepage_limits;
  NetworkResources network;
  std::vector<RdmaLimit> rdma;
  StringMap unified;
};

struct SeccompArgument { std::uint32_t index = 0; std::uint64_t value = 0, value_two = 0; std::string op; };
struct SeccompRule {
  std::vector<std::string> names;
  std::string action;
  std::optional<std::uint32_t> errno_ret;
  std::vector<SeccompArgument> args;
};
struct Seccomp {
  std::string default_action;
  std::optional<std::uint32_t> default_errno_ret;
  std::vector<std::string> architectures, flags;
  std::string listener_path, listener_metadata;
  std::vector<SeccompRule> syscalls;
};

struct IntelRdt {
  std::string clos_id, l3_cache_schema, mem_bw_schema;
  std::vector<std::string> schemata;
  bool enable_monitoring = false;
};
struct MemoryPolicy { std::string mode, nodes; std::vector<std::string> flags; };
struct Personality { std::string domain; std::vector<std::string> flags; };

struct Linux {
  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uid_mappings, gid_mappings;
  std::optional<TimeOffset> monotonic_offset, boottime_offset;
  std::vector<Device> devices;
  std::vector<NetDevice> net_devices;
  std::string cgroups_path;
  Resources resources;
  StringMap sysctl;
  std::optional<Seccomp> seccomp;
  std::string rootfs_propagation;
  std::vector<std::string> masked_paths, readonly_paths;
  std::string mount_label;
  std::optional<IntelRdt> intel_rdt;
  std::optional<MemoryPolicy> memory_policy;
  std::optional<Personality> personality;
};

struct Config {
  std::string oci_version;
  Root root;
  std::optional<Process> process;
  std::string hostname, domainname;
  std::vector<Mount> mounts;
  Hooks hooks;
  StringMap annotations;
  Linux linux;
};

}  // namespace podo::oci
