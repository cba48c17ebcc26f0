// The control groups of one container: v1, hybrid and v2 hosts alike.
//
// Life:  Cgroup::create(layout, path) -> apply(resources) -> entry() handed to the birth -> ... -> remove()
//        Cgroup::reopen(saved) in a later program: update, freeze, stats, kill, remove
// On v1 the container has a directory in every mounted hierarchy; on v2 one directory; on a hybrid host v1
// directories, and the v2 directory only when a controller that lives there is limited.
//
// Entering: the new process puts itself in. On v1 it writes "0" to `tasks`: the kernel then takes no global
// lock, where writing another process to `cgroup.procs` waits for an RCU grace period (measured: 0.1 ms
// against 5-19 ms for nine hierarchies). On v2 it is born inside (CLONE_INTO_CGROUP).
//
// Blocking calls, used by one thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "base/core/log.h"
#include "base/io/fd.h"
#include "base/linux/cgroup_layout.h"
#include "base/linux/clone.h"
#include "model/oci/spec.h"

namespace podo::runtime {

// A directory of the container in one hierarchy.
struct CgroupDirectory {
  std::string controllers;   // "memory", "cpu,cpuacct", "name=systemd"; "" is v2
  std::string mount_point;   // /sys/fs/cgroup/memory
  std::string path;          // /sys/fs/cgroup/memory/podo/web
  bool holds(std::string_view v1_controller) const;
};

// What a new process needs to enter. Descriptors are close-on-exec.
struct CgroupEntry {
  std::vector<io::Fd> tasks;   // v1: write "0" to each, as the process that enters
  io::Fd unified;              // v2: the directory, for CLONE_INTO_CGROUP
};
Result<> enter_cgroup(const CgroupEntry& entry);  // the v1 part, called by the new process
// linux::clone_process, born in the v2 group. What the group has against it is an error that names it; every
// other one begins with `where`.
Result<linux::Child> clone_into(const CgroupEntry& entry, std::uint64_t flags, std::string_view where);

class Cgroup {
 public:
  // Makes the directories (parents included). `path` is absolute within each hierarchy ("/podo/web").
  // `resources` only tells which hierarchies are needed. Nothing is left behind on failure. AlreadyExists
  // when the group is there and holds processes; an empty one is taken as it is. `ours`: somebody (systemd)
  // made it for this container, in all hierarchies that he uses; processes in it are as they should be.
  enum class Found : std::uint8_t { foreign, ours };
  static Result<Cgroup> create(const linux::CgroupLayout& layout, std::string_view path,
                               const oci::Resources& resources, Found found = Found::foreign);
  static Cgroup reopen(std::vector<CgroupDirectory> saved);
  // Where the group is in every hierarchy, if it is there: nothing is made.
  static Result<Cgroup> at(const linux::CgroupLayout& layout, std::string_view path);

  // To be saved in the container's state.
  const std::vector<CgroupDirectory>& directories() const { return directories_; }

  // Writes the limits. What the host lacks (a blkio weight without the scheduler for it, swap accounting) is
  // a warning that names the setting where the specification allows, else an error that names setting and
  // errno. `apply`: of a new group, device rules with the specification's defaults. `update`: of a living
  // one, only what is set; device rules if there are any.
  Result<> apply(const oci::Resources& resources, Log& log);
  Result<> update(const oci::Resources& resources, Log& log);
  // Settings that make sense only together (a quota and its period), of which one is not given: it is as now.
  Result<oci::Resources> completed(oci::Resources resources) const;

  Result<CgroupEntry> entry() const;
  // For exec: where the group's root may not hold processes (v2 with sub-groups), the group of `init`.
  Result<CgroupEntry> entry_beside(pid_t init) const;

  Result<> freeze();
  Result<> thaw();
  Result<bool> frozen() const;
  // Sub-groups included, as this program's pid namespace sees them.
  Result<std::vector<pid_t>> processes() const;
  Result<> kill_all(int signal);   // cgroup.kill for SIGKILL where v2 has it
  Result<> remove();               // with sub-groups; waits a little for the dying; absent is fine

 private:
  std::vector<CgroupDirectory> directories_;
};

}  // namespace podo::runtime
