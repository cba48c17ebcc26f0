// A container's control groups, made by systemd: a scope, which is a unit of processes that systemd did
// not start.
//
// Life:  Scope::start -> path(), for container/cgroup -> release() once the container's process is in
//        later programs: limit_scope (update), stop_scope (delete)
//
// A scope lives as long as a process is in it, and the container's is to be born inside, with its limits
// written: so a placeholder holds it meanwhile, a child of this program that does nothing and dies with
// it. A program that is killed in between leaves nothing: systemd removes a scope that is empty.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/core/error.h"
#include "base/linux/cgroup_layout.h"
#include "container/cgroup/cgroup.h"
#include "container/systemd_scope/scope_name.h"
#include "model/oci/spec.h"

namespace podo::runtime {

// A child that waits to be ended.
class Placeholder {
 public:
  static Result<Placeholder> start();
  Placeholder(Placeholder&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
  Placeholder& operator=(Placeholder&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~Placeholder() { end(); }
  void end();
  pid_t pid() const { return pid_; }

 private:
  explicit Placeholder(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

class Scope {
 public:
  struct Request {
    SystemdManager manager;
    const std::string& id;
    const oci::Config& config;
    const linux::CgroupLayout& layout;
  };
  static Result<Scope> start(const Request& request, const Clock& clock);

  const SystemdScope& unit() const { return unit_; }
  const std::string& path() const {
    return path_;
  }  // within every hierarchy: "/machine.slice/libpod-1a2b.scope"
  void release() { placeholder_.end(); }
  bool held() const { return placeholder_.pid() != 0; }

 private:
  Scope(SystemdScope unit, Placeholder placeholder)
      : unit_(std::move(unit)), placeholder_(std::move(placeholder)) {}

  SystemdScope unit_;
  std::string path_;
  Placeholder placeholder_;
};

// Tells systemd the limits that `cgroup` is about to get: before the files are written, whose values are
// exact.
Result<> limit_scope(const SystemdScope& scope, const Cgroup& cgroup, const oci::Resources& resources,
                     const Clock& clock);
// Moves a process in that waits. A user may be born into groups near his own only (cgroups(7), delegation):
// from a login session, which is not below his manager, systemd has to do it.
Result<> attach_to_scope(const SystemdScope& scope, pid_t process, const Clock& clock);
// To be called when the container's processes are dead; systemd ends what is left. Absent is fine.
Result<> stop_scope(const SystemdScope& scope, const Clock& clock);

// The group of a process by the text of /proc/PID/cgroup: of the line that systemd goes by. Pure.
Result<std::string> systemd_group_in(std::string_view lines, bool has_unified);

}  // namespace podo::runtime
