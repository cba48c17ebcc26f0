#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "container/cgroup/cgroup.h"
#include "container/cgroup/cgroup_files.h"
#include "container/cgroup/cgroup_values.h"

namespace podo::runtime {
namespace {

// A group stays busy for a moment after its last process was reaped. Waits of 0.1, 0.2, 0.4 ... ms, then 50
// ms each.
constexpr Duration patience = seconds(1);

class RemoveBelow final : public GroupVisitor {
 public:
  Result<> enter(int) override { return {}; }
  Result<> leave(int parent, const char* name) override {
    ::unlinkat(parent, name, AT_REMOVEDIR);  // what stays makes the group above it stay, and that is seen
    return {};
  }
};

class ListProcesses final : public GroupVisitor {
 public:
  Result<> enter(int group) override {
    const auto text = read_group_file(group, "cgroup.procs");
    if (!text) return {};  // gone, or a threaded group: its processes are listed further up
    for (std::string_view rest = *text; !rest.empty();) {
      const auto pid = parse_count(take_word(rest, "\n"));
      if (pid && *pid != 0) pids.push_back(static_cast<pid_t>(*pid));  // 0: of another pid namespace
    }
    return {};
  }
  Result<> leave(int, const char*) override { return {}; }
  std::vector<pid_t> pids;
};

Result<std::vector<pid_t>> processes_of(const std::string& path) {
  auto group = open_group(path);
  if (!group && group.error().kind() == ErrorKind::not_found) return std::vector<pid_t>();
  ListProcesses list;
  TRY(walk_groups(TRY(std::move(group)), list));
  std::ranges::sort(list.pids);
  const auto repeated = std::ranges::unique(list.pids);  // v1 may tell one twice
  list.pids.erase(repeated.begin(), repeated.end());
  return std::move(list.pids);
}

Failure still_busy(const std::string& path) {
  std::string pids;
  if (const auto left = processes_of(path)) {
    for (const pid_t pid : *left) pids += text(" {}", pid);
  }
  return fail(ErrorKind::conflict,
              text("remove control group {}: {}{}", path,
                   pids.empty() ? "still busy" : "still holds processes", pids),
              EBUSY);
}

Result<> remove_group(const std::string& path, Duration& left) {
  for (Duration wait = microseconds(100);; wait = std::min(wait * 2, milliseconds(50))) {
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return {};
    if (errno != EBUSY && errno != ENOTEMPTY) return failed_errno(errno, "remove control group {}", path);
    if (auto group = open_group(path)) {
      RemoveBelow below;
      TRY(walk_groups(*std::move(group), below));
    }
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return {};
    if (left.ns <= 0) return still_busy(path);
    wait_for(wait);
    left = left - wait;
  }
}

}  // namespace

Result<std::vector<pid_t>> Cgroup::processes() const {
  if (directories_.empty()) return std::vector<pid_t>();
  // On a hybrid host every process is in all v1 groups, and the freezer's is the one that holds them for
  // kill_all.
  const auto freezer = std::ranges::find_if(directories_, [](const auto& d) { return d.holds("freezer"); });
  return processes_of(freezer == directories_.end() ? directories_.front().path : freezer->path);
}

Result<> Cgroup::remove() {
  Duration left = patience;
  Result<> outcome;
  for (const auto& directory : directories_) {
    auto removed = remove_group(directory.path, left);
    if (!removed && outcome) outcome = std::move(removed);  // the others go all the same
  }
  return outcome;
}

}  // namespace podo::runtime
