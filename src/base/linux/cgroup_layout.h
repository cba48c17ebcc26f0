// Where this host mounts its control groups: legacy (v1 only), hybrid (v1 with a v2 tree beside), unified (v2
// only).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::linux {

enum class CgroupMode : std::uint8_t { none, legacy, hybrid, unified };

struct CgroupHierarchy {
  // v1: as in the mount options and /proc/PID/cgroup: "memory", "cpu,cpuacct", "name=systemd"; v2: ""
  std::string controllers;
  std::string mount_point;     // "/sys/fs/cgroup/memory"
  std::string root;            // the part of the hierarchy that is mounted there, "/" on a plain host
  bool unified = false;
  std::string available;       // v2: the text of cgroup.controllers at its root
  bool holds(std::string_view controller) const;
};

struct CgroupLayout {
  CgroupMode mode = CgroupMode::none;
  std::vector<CgroupHierarchy> hierarchies;
  // v1 before v2; null when the host lacks it
  const CgroupHierarchy* find(std::string_view controller) const;
  const CgroupHierarchy* unified() const;
};

// Pure: the text of /proc/self/mountinfo.
Result<CgroupLayout> parse_cgroup_layout(std::string_view mountinfo);
// The host's (reads /proc/self/mountinfo and the v2 root's cgroup.controllers).
Result<CgroupLayout> read_cgroup_layout();

}  // namespace podo::linux
