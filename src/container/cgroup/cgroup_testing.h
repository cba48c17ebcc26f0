// For unit tests on the host's real control groups: groups that are gone at the end of the test, and
// processes inside.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "base/linux/clone.h"
#include "container/cgroup/cgroup.h"
#include "container/cgroup/cgroup_files.h"

namespace podo::runtime::testing {

class CollectingLog final : public Log {
 public:
  void write(LogLevel, std::string_view message) override { lines.emplace_back(message); }
  std::vector<std::string> lines;
};

inline const linux::CgroupLayout& host() {
  static const auto layout = linux::read_cgroup_layout().value_or(linux::CgroupLayout());
  return layout;
}

inline bool can_make_groups() {
  const bool can = ::geteuid() == 0 && host().mode != linux::CgroupMode::none;
  if (!can) MESSAGE("skipped: needs root and mounted control groups");
  return can;
}

inline bool on_v1(std::string_view controller) {
  const auto* hierarchy = host().find(controller);
  const bool yes = can_make_groups() && hierarchy != nullptr && !hierarchy->unified;
  if (!yes) MESSAGE("skipped: the ", std::string(controller), " controller is not on cgroup v1 here");
  return yes;
}

// Only the host's v2 tree, as if there were nothing else.
inline linux::CgroupLayout unified_only() {
  linux::CgroupLayout layout;
  if (host().unified() == nullptr) return layout;
  layout.mode = linux::CgroupMode::unified;
  layout.hierarchies = {*host().unified()};
  return layout;
}

inline bool has_unified() {
  const bool yes = can_make_groups() && host().unified() != nullptr;
  if (!yes) MESSAGE("skipped: needs a cgroup v2 tree");
  return yes;
}

// "/podo-test-PID" in every hierarchy, gone at the end of the test with what is below.
class Sandbox {
 public:
  Sandbox() : top(text("/podo-test-{}", ::getpid())) {}
  ~Sandbox() {
    std::vector<CgroupDirectory> all;
    for (const auto& h : host().hierarchies)
      all.push_back({h.controllers, h.mount_point, h.mount_point + top});
    CHECK(Cgroup::reopen(std::move(all)).remove().has_value());
  }
  std::string path(std::string_view name) const { return top + "/" + std::string(name); }
  Cgroup make(const linux::CgroupLayout& layout = host(), const oci::Resources& resources = {}) const {
    auto group = Cgroup::create(layout, path("web"), resources);
    REQUIRE_MESSAGE(group.has_value(), (group ? "" : group.error().message()));
    return *std::move(group);
  }
  const std::string top;
};

inline std::string place(const Cgroup& group, std::string_view controller) {
  for (const auto& d : group.directories()) {
    if (d.controllers == controller) return d.path;
  }
  return "";
}

inline std::string file_of(const Cgroup& group, std::string_view controller, const char* file) {
  const auto directory = open_group(place(group, controller));
  if (!directory) return "no group";
  return read_group_file(directory->get(), file).value_or("no file");
}

inline std::string error_of(const Result<>& outcome) { return outcome ? "" : outcome.error().message(); }

// A process inside the group that runs `work` and ends with its value; it has entered when this returns.
template <class Work>
pid_t spawn_inside(const Cgroup& group, Work work) {
  const auto entry = group.entry();
  REQUIRE(entry.has_value());
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const auto child = linux::clone_process({.flags = 0, .cgroup = entry->unified.get()});
  REQUIRE(child.has_value());
  if (child->pid == 0) {
    if (!enter_cgroup(*entry)) ::_exit(99);
    ::close(ends[0]);
    ::close(ends[1]);
    ::_exit(work());
  }
  ::close(ends[1]);
  char nothing;
  CHECK(::read(ends[0], &nothing, 1) == 0);
  ::close(ends[0]);
  return child->pid;
}

inline int exit_code(pid_t child) { return linux::wait_for_exit(child).value_or(-1); }

inline int wait_forever() {
  for (;;) ::pause();
}

}  // namespace podo::runtime::testing
