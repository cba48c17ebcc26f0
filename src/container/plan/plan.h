// What a config.json asks for, as a Plan: checked against the specification and translated into the kernel's
// own words, so that the launch only performs. Planning is pure: values in, values out; no I/O, no clock.
//
//   Config + HostFacts -> plan_container() -> Plan -> launch.h performs it
//   Process + HostFacts -> plan_process() -> ProcessPlan (for exec)
//
// Files: plan.cpp (the whole), plan_namespaces, plan_id_map, plan_mounts (the table of mount options),
// plan_devices, plan_sysctls, plan_process, plan_capabilities, plan_scheduling.
//
// An error of the config is Invalid and names the path ("linux.namespaces[2].type"); what this program cannot
// do is Unsupported; what this host lacks and the specification allows to be missing becomes a line of
// `warnings`.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/core/error.h"
#include "model/oci/spec.h"

namespace podo::runtime {

// What the plan must know of the machine and the caller.
struct HostFacts {
  std::uint64_t bounding_capabilities = ~0ull;  // the caller's bounding set: nothing above it can be given
  std::uint64_t permitted_capabilities = ~0ull;
  int last_capability = 40;
  bool apparmor = false, selinux = false;
  std::uint32_t euid = 0;
};

// The same for a process that enters a user namespace: there it has every capability the kernel knows.
HostFacts inside_user_namespace(HostFacts host);

struct NamespaceJoin { std::uint64_t kind; std::string path; };  // kind: one CLONE_NEW* bit

struct NamespacePlan {
  std::uint64_t create = 0;              // CLONE_NEW* bits to make
  std::vector<NamespaceJoin> join;       // by path; user first, mount last
  std::string uid_map, gid_map;          // text for /proc/PID/{uid,gid}_map; empty: no mapping to write
  std::string time_offsets;              // text for /proc/self/timens_offsets; empty: none
  bool has(std::uint64_t kind) const;    // made or joined
};

// One entry of `mounts`, its options sorted into what the kernel calls them.
struct MountPlan {
  enum class Kind : std::uint8_t { bind, filesystem, cgroup };
  enum class Idmap : std::uint8_t { none, one, recursive };
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  Kind kind = Kind::filesystem;
  std::string source, target, type;      // as configured; a bind's relative source is relative to the bundle
  Parameters parameters;                 // for fsconfig: key, value; a flag has ""
  bool recursive_bind = false;           // rbind
  bool remount = false;                  // nothing new: the mount that is at the target gets the attributes
  std::uint64_t attributes_set = 0, attributes_clear = 0;  // MOUNT_ATTR_*, this mount only
  std::uint64_t recursive_set = 0, recursive_clear = 0;    // rro, rnosuid...: the whole tree
  std::vector<std::uint64_t> propagation;                  // MS_SHARED|MS_REC..., in order
  bool copy_up = false;                                    // tmpcopyup
  Idmap idmap = Idmap::none;
  std::string uid_map, gid_map;          // of the idmap; empty with idmap set: the container's
};

struct DevicePlan {
  std::string path;              // inside the root file system
  std::uint32_t mode = 0;        // S_IFCHR | 0666
  std::uint64_t number = 0;      // makedev()
  std::uint32_t uid = 0, gid = 0;
};

struct RootfsPlan {
  std::string path;                            // absolute on the host
  bool readonly = false;
  std::uint64_t propagation = 0;               // MS_SLAVE|MS_REC...; 0: none is configured
  std::vector<MountPlan> mounts;
  std::vector<DevicePlan> devices;             // the defaults of the specification included
  std::vector<std::string> masked_paths, readonly_paths;
  std::string mount_label;
};

struct CapabilitySets {
  std::uint64_t bounding = 0, effective = 0, inheritable = 0, permitted = 0, ambient = 0;
};
struct SchedulerPlan {  // fields of sched_setattr(2)
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;
};
struct RlimitPlan { int resource; std::string name; rlimit64 value; };

struct ProcessPlan {
  std::vector<std::string> args, env;
  std::string cwd;
  bool terminal = false;
  std::optional<oci::ConsoleSize> console_size;
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups;
  std::optional<std::uint32_t> umask;
  std::optional<CapabilitySets> capabilities;
  std::vector<RlimitPlan> rlimits;
  bool no_new_privileges = false;
  std::optional<int> oom_score_adj;
  std::optional<SchedulerPlan> scheduler;
  std::optional<int> io_priority;                  // value for ioprio_set(2)
  std::vector<bool> cpus_initial, cpus_final;      // execCPUAffinity; empty: leave
  std::string apparmor_profile, selinux_label;
};

struct MemoryPolicyPlan {            // arguments of set_mempolicy(2)
  int mode = 0;                      // with its flags
  std::vector<std::uint64_t> nodes;  // words of the mask
};

struct Plan {
  NamespacePlan namespaces;
  RootfsPlan rootfs;
  std::optional<ProcessPlan> process;              // a container without one can be created, not started
  std::string hostname, domainname;
  std::vector<std::pair<std::string, std::string>> sysctls;   // "net/ipv4/ip_forward", value
  std::string cgroups_path;                        // "" when the config gives none: the launcher chooses
  std::optional<std::uint32_t> personality;        // argument of personality(2)
  std::optional<MemoryPolicyPlan> memory_policy;
  std::vector<oci::NetDevice> net_devices;         // `rename` is never empty
  std::vector<std::string> warnings;
};

// `bundle` is absolute.
Result<Plan> plan_container(const oci::Config& config, const std::string& bundle, const HostFacts& host);
Result<ProcessPlan> plan_process(const oci::Process& process, const HostFacts& host,
                                 std::vector<std::string>& warnings);

// Part of plan_container(): names as below /proc/sys, with their values. Invalid: what would change the host.
Result<std::vector<std::pair<std::string, std::string>>> plan_sysctls(const oci::Config& config,
                                                                      const NamespacePlan& namespaces);

// Part of plan_container(), for exec: the argument of personality(2).
Result<std::uint32_t> plan_personality(const oci::Personality& personality);

// The names the planner knows, for `features`. Sorted, except that capabilities come in the kernel's order.
std::vector<std::string_view> known_mount_options();
std::span<const std::string_view> known_namespaces();
std::span<const std::string_view> known_memory_policy_modes();
std::span<const std::string_view> known_memory_policy_flags();

}  // namespace podo::runtime
