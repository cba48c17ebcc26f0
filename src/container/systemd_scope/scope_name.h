// What linux.cgroupsPath says under --systemd-cgroup:
//
//   path := [slice] ":" [prefix] ":" name   "machine.slice:libpod:1a2b" is libpod-1a2b.scope in machine.slice
//
// An empty path is ":podo:ID". No slice is system.slice (of a user's manager user.slice); "-" and
// "-.slice" are the root. The dashes of a slice are its path: a-b.slice is in a.slice; systemd makes those
// that are missing. Names have the characters that systemd takes; those of an id are escaped (+ is \x2b).
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::runtime {

enum class SystemdManager : std::uint8_t { none, system, user };

// A container's scope, as it is remembered between verbs.
struct SystemdScope {
  SystemdManager manager = SystemdManager::none;
  std::string unit;  // "podo-web.scope"
  explicit operator bool() const { return manager != SystemdManager::none; }
  bool operator==(const SystemdScope&) const = default;
};

struct ScopeName {
  std::string slice, unit;  // "machine.slice", "libpod-1a2b.scope"
  bool operator==(const ScopeName&) const = default;
};

// Invalid: what is wrong with the path; Unsupported: a slice where a scope's name belongs.
Result<ScopeName> scope_name(std::string_view cgroups_path, std::string_view id, SystemdManager manager);

// Whether systemd could have a scope of this name.
bool is_scope_unit(std::string_view unit);

}  // namespace podo::runtime
