#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "container/cgroup/cgroup.h"
#include "container/cgroup/cgroup_files.h"

namespace podo::runtime {
namespace {

const char* why_refused(int error) {
  switch (error) {
    case ENOSPC: return "a cpuset without CPUs or memory nodes takes no process";
    case EINVAL: return "real-time processes need a share of real time (cpu.realtimeRuntime)";
    case EBUSY: return "a group with sub-groups that have controllers takes no process";
    case EOPNOTSUPP: return "it is threaded, or below a group that is (cgroup.type)";
    case EAGAIN: return "a limit of processes is reached: pids.max, or the user's";
    case ENODEV: return "the group was removed";
    default: return "the kernel refused";
  }
}

Result<io::Fd> open_tasks(const std::string& directory) {
  const auto file = directory + "/tasks";
  io::Fd tasks(::open(file.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!tasks) return failed_errno(errno, "open {}", file);
  return tasks;
}

std::string path_of(const io::Fd& opened) {
  char path[512];
  const auto length = ::readlink(text("/proc/self/fd/{}", opened.get()).c_str(), path, sizeof path);
  return std::string(path, static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
}

// The path of the v2 group in /proc/PID/cgroup, whose lines are "0::/path" there.
Result<std::string> unified_group_of(pid_t pid) {
  const auto process = TRY(open_group(text("/proc/{}", pid)));
  const auto lines = TRY(read_group_file(process.get(), "cgroup"));
  const auto start = lines.starts_with("0::") ? 0 : lines.find("\n0::");
  if (start == lines.npos) return not_found("process {} has no v2 control group", pid);
  const auto path = lines.find("::", start) + 2;
  return lines.substr(path, lines.find('\n', path) - path);
}

}  // namespace

Result<CgroupEntry> Cgroup::entry() const {
  CgroupEntry entry;
  entry.tasks.reserve(directories_.size());
  for (const auto& directory : directories_) {
    if (directory.controllers.empty()) entry.unified = TRY(open_group(directory.path));
    else entry.tasks.push_back(TRY(open_tasks(directory.path)));
  }
  return entry;
}

Result<CgroupEntry> Cgroup::entry_beside(pid_t init) const {
  auto entry = TRY(this->entry());
  if (!entry.unified) return entry;
  if (TRY(read_group_file(entry.unified.get(), "cgroup.subtree_control")).empty()) return entry;
  // The container spread itself over sub-groups: its root group takes no process any more. The path is told
  // as this program's cgroup namespace sees it; only what is below the container's own directory is taken.
  const auto& own = *std::ranges::find(directories_, "", &CgroupDirectory::controllers);
  const auto beside = own.mount_point + TRY(unified_group_of(init));
  if (!beside.starts_with(own.path + "/") || beside.find("/../") != beside.npos) return entry;
  entry.unified = TRY(open_group(beside));
  return entry;
}

Result<> enter_cgroup(const CgroupEntry& entry) {
  for (const auto& tasks : entry.tasks) {
    while (::write(tasks.get(), "0", 1) != 1) {
      const int error = errno;
      if (error == EINTR) continue;
      return failed_errno(error, "enter control group {}: {}", path_of(tasks), why_refused(error));
    }
  }
  return {};
}

Result<linux::Child> clone_into(const CgroupEntry& entry, std::uint64_t flags, std::string_view where) {
  auto child = linux::clone_process({.flags = flags, .cgroup = entry.unified.get()});
  if (child) return child;
  const int error = child.error().system_errno();
  const bool of_group = error == EBUSY || error == EOPNOTSUPP || error == EAGAIN || error == ENODEV;
  if (entry.unified && of_group)
    return failed_errno(error, "enter control group {}: {}", path_of(entry.unified), why_refused(error));
  return Failure(std::move(child).error().within(where));
}

}  // namespace podo::runtime
