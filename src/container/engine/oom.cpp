#include "container/engine/oom.h"

#include <fcntl.h>

#include "base/linux/file.h"

namespace podo::engine {
namespace {

// A line "oom_kill N" in `file` with N above 0.
bool counted(const std::string& path) {
  const auto counters = linux::read_file(path.c_str(), 4096);
  if (!counters) return false;
  constexpr std::string_view key = "oom_kill ";
  std::size_t at = counters->find(key);
  while (at != std::string::npos && at != 0 && (*counters)[at - 1] != '\n') at = counters->find(key, at + 1);
  return at != std::string::npos && counters->compare(at + key.size(), 1, "0") != 0;
}

}  // namespace

bool oom_killed(std::span<const runtime::CgroupDirectory> directories) {
  for (const runtime::CgroupDirectory& directory : directories) {
    if (directory.holds("memory")) return counted(directory.path + "/memory.oom_control");
  }
  for (const runtime::CgroupDirectory& directory : directories) {
    if (directory.controllers.empty()) return counted(directory.path + "/memory.events");
  }
  return false;
}

}  // namespace podo::engine
