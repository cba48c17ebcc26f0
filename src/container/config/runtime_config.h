// The config.json of a container and the process.json of an exec (OCI runtime-spec), from what was asked of
// the engine. Pure: values in, text out; no I/O, no clock. What Docker would do is the rule for every
// default: its mounts, devices, masked paths, capabilities and seccomp profile.
//
//   Container + Machine + Sandbox + mounts + user  ->  make_runtime_config()  ->  config.json, warnings
//   Container + ExecConfig + user                  ->  make_process_config()  ->  process.json, warnings
//
// What the machine lacks (a limit above what the daemon may give, swap accounting) is a warning where
// Docker's is one; what cannot be done is unsupported, what contradicts itself invalid, each in Docker's
// words.
//
// Files: runtime_config.cpp (the whole), runtime_config_{process,mounts,devices,resources,security}.cpp,
// default_seccomp, default_capabilities.
#pragma once

#include <sys/resource.h>

#include <array>
#include <span>
#include <string>
#include <vector>

#include "container/config/container.h"
#include "container/config/devices.h"
#include "container/config/user_lookup.h"

namespace podo::engine {

// What the machine offers and what this daemon may give away. Read once, by read_machine().
struct Machine {
  std::uint64_t bounding_capabilities = ~0ull;
  int last_capability = 40;
  bool may_raise_limits = true;  // CAP_SYS_RESOURCE
  int oom_score_adj = 0;         // the daemon's own: without CAP_SYS_RESOURCE nothing below it can be set
  std::array<rlimit64, RLIM_NLIMITS> limits = {};  // the daemon's own
  bool cgroup_v2 = false;                          // unified
  bool memory_swap = true, memory_swappiness = true, oom_kill_disable = true, blkio_weight = true;
  bool oom_group = false;  // v2 with the memory controller: memory.oom.group
  bool apparmor = false, selinux = false;
  bool thermal_throttle = false;  // there are counters to mask below /sys/devices/system/cpu/cpuN
  unsigned cpus = 1;
  std::uint64_t memory_bytes = 0;
  unsigned kernel_major = 6, kernel_minor = 0;
  std::string architecture = "amd64";  // Go's name
};
Machine read_machine();

// Where things of this start lie on the host. Absolute paths.
struct Sandbox {
  std::string rootfs;             // the mounted tree
  std::string cgroups_path;       // "/podo/ID"
  bool ends_as_one = false;       // out of memory, all of its processes are killed, where the machine can
  std::string network_namespace;  // "" with network mode host only
  // Of "container:ID": "/proc/PID/ns/ipc"; of "sandbox:ID": where it is pinned; else "".
  std::string ipc_namespace, pid_namespace, uts_namespace;
  std::string shm_folder;    // what becomes /dev/shm with ipc mode shareable, host, of another one; else ""
  std::string init_program;  // for --init: the file mounted at /sbin/docker-init
};

// A mount of the container as it stands ready on the host: `source` is what is bound (a volume's folder, a
// subpath that was opened safely); it is not used for tmpfs.
struct ReadyMount {
  MountPoint point;
  std::string source;
};

struct RuntimeConfig {
  std::string text;
  std::vector<std::string> warnings;
};

Result<RuntimeConfig> make_runtime_config(const Container& container, const Machine& machine,
                                          const Sandbox& sandbox, std::span<const ReadyMount> mounts,
                                          const UserIds& user, const HostDevices& devices);

// `user` is that of exec's own User, or of the container when it has none.
Result<RuntimeConfig> make_process_config(const Container& container, const docker::ExecConfig& exec,
                                          const Machine& machine, const UserIds& user);

// What AppArmor confines its processes by, as `inspect` shows it: the profile that is asked for, "unconfined"
// when it is privileged, else `default_profile` ("": the machine has none, and nothing confines them).
Result<std::string> apparmor_profile_of(const docker::HostConfig& host_config,
                                        std::string_view default_profile);

// The limits alone: for Runtime::update. `unlimited`: what is 0 or absent is left out.
oci::Resources make_resources(const docker::Resources& wanted, const Machine& machine,
                              const HostDevices& devices, std::vector<std::string>& warnings);

// For POST create, host_config_check.cpp: what was left open gets Docker's defaults, as `inspect` then
// shows it (swap, /dev/shm, ipc and cgroup namespace modes, masked paths) ...
void complete_host_config(docker::HostConfig& host_config, const Machine& machine);
// ... and what needs no start to be refused is refused: unknown capabilities, modes, security options, odd
// numbers. The warnings are those of POST create; what the machine cannot do is taken out of `host_config`.
Result<std::vector<std::string>> check_host_config(docker::HostConfig& host_config, const Machine& machine);
// Its part for POST update: resources, and the restart policy if there is one.
Result<> check_resources(docker::Resources& resources, const Machine& machine,
                         std::vector<std::string>& warnings);
Result<> check_restart_policy(const docker::RestartPolicy& policy, bool auto_remove);

}  // namespace podo::engine
