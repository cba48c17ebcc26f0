#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "container/cgroup/cgroup.h"
#include "container/cgroup/cgroup_files.h"

namespace podo::runtime {
namespace {

constexpr Duration patience = seconds(2);
constexpr int kill_rounds = 100;

// The directory by which the container is frozen; null: the host cannot.
struct Freezer {
  const CgroupDirectory* directory = nullptr;
  bool unified = false;
};

Freezer freezer_of(const std::vector<CgroupDirectory>& directories) {
  const auto v1 = std::ranges::find_if(directories, [](const auto& d) { return d.holds("freezer"); });
  if (v1 != directories.end()) return {&*v1, false};
  const auto v2 = std::ranges::find(directories, "", &CgroupDirectory::controllers);
  if (v2 != directories.end()) return {&*v2, true};
  return {};
}

Failure cannot_freeze() {
  return unsupported("this host has neither the v1 freezer nor cgroup v2 for the container");
}

Result<> write_or_fail(int group, const CgroupDirectory& directory, const char* file,
                       std::string_view value) {
  const int error = write_group_file(group, file, value);
  if (error != 0) return failed_errno(error, "write {} to {}/{}", value, directory.path, file);
  return {};
}

// FREEZING can last: a process that forks meanwhile has to be caught, and one in the middle of vfork may
// never stop while its parent is stopped. Thawing for a moment lets those get on.
Result<> freeze_v1(int group, const CgroupDirectory& directory) {
  Duration waited;
  for (int attempt = 1; waited < patience; ++attempt) {
    TRY(write_or_fail(group, directory, "freezer.state", "FROZEN"));
    if (TRY(read_group_file(group, "freezer.state")) == "FROZEN") return {};
    if (attempt % 50 == 0) TRY(write_or_fail(group, directory, "freezer.state", "THAWED"));
    const auto pause = attempt < 50 ? microseconds(20) : milliseconds(10);
    wait_for(pause);
    waited = waited + pause;
  }
  TRY(write_or_fail(group, directory, "freezer.state", "THAWED"));
  return unavailable("freeze {}: some process did not stop within 2 s", directory.path);
}

bool says_frozen(std::string_view cgroup_events) {
  return cgroup_events.find("frozen 1") != cgroup_events.npos;
}

// cgroup.events tells when the last process has stopped.
Result<> freeze_v2(int group, const CgroupDirectory& directory) {
  const io::Fd events(::openat(group, "cgroup.events", O_RDONLY | O_CLOEXEC));
  if (!events) return failed_errno(errno, "open {}/cgroup.events", directory.path);
  TRY(write_or_fail(group, directory, "cgroup.freeze", "1"));
  for (int waits = 0; waits < 40; ++waits) {
    char text[256];
    const auto length = ::pread(events.get(), text, sizeof text, 0);
    if (length < 0) return failed_errno(errno, "read {}/cgroup.events", directory.path);
    if (says_frozen(std::string_view(text, static_cast<std::size_t>(length)))) return {};
    pollfd wait = {.fd = events.get(), .events = POLLPRI, .revents = 0};
    ::poll(&wait, 1, static_cast<int>(patience.ns / 1'000'000 / 40));
  }
  TRY(write_or_fail(group, directory, "cgroup.freeze", "0"));
  return unavailable("freeze {}: some process did not stop within 2 s", directory.path);
}

// Sends to each process once; true when there was a new one.
bool signal_new(const std::vector<pid_t>& now, std::vector<pid_t>& known, int signal) {
  bool any = false;
  for (const pid_t pid : now) {
    if (std::ranges::binary_search(known, pid)) continue;
    any = true;
    ::kill(pid, signal);  // one that ended meanwhile needs none
  }
  known = now;
  return any;
}

}  // namespace

Result<> Cgroup::freeze() {
  const auto freezer = freezer_of(directories_);
  if (freezer.directory == nullptr) return cannot_freeze();
  const auto group = TRY(open_group(freezer.directory->path));
  return freezer.unified ? freeze_v2(group.get(), *freezer.directory)
                         : freeze_v1(group.get(), *freezer.directory);
}

Result<> Cgroup::thaw() {
  const auto freezer = freezer_of(directories_);
  if (freezer.directory == nullptr) return cannot_freeze();
  const auto group = TRY(open_group(freezer.directory->path));
  return freezer.unified ? write_or_fail(group.get(), *freezer.directory, "cgroup.freeze", "0")
                         : write_or_fail(group.get(), *freezer.directory, "freezer.state", "THAWED");
}

Result<bool> Cgroup::frozen() const {
  const auto freezer = freezer_of(directories_);
  if (freezer.directory == nullptr) return false;
  const auto group = open_group(freezer.directory->path);
  if (!group && group.error().kind() == ErrorKind::not_found) return false;
  if (!group) return Failure(group.error());
  // What was asked for: cgroup.events tells of it and of its end a moment later, and of a frozen group above.
  if (freezer.unified) return TRY(read_group_file(group->get(), "cgroup.freeze")) == "1";
  return TRY(read_group_file(group->get(), "freezer.state")) != "THAWED";
}

// Without cgroup.kill a fork can escape a list read before it. So the group is stopped while it is read;
// where it cannot be, the list is read again until it brings nobody new.
Result<> Cgroup::kill_all(int signal) {
  const auto freezer = freezer_of(directories_);
  if (signal == SIGKILL && freezer.unified) {
    const auto group = open_group(freezer.directory->path);
    if (!group && group.error().kind() == ErrorKind::not_found) return {};
    if (group && write_group_file(group->get(), "cgroup.kill", "1") == 0) {
      // The frozen die as well. Thawed as after the other way; a group that went with them needs it no more.
      write_group_file(group->get(), "cgroup.freeze", "0");
      return {};
    }
  }
  std::vector<pid_t> known;
  if (TRY(processes()).empty()) return {};
  const bool was_frozen = TRY(frozen());
  const bool stopped = was_frozen || freeze().has_value();
  for (int round = 0; round < (stopped ? 1 : kill_rounds); ++round) {
    if (!signal_new(TRY(processes()), known, signal)) break;
  }
  // A stopped process gets even SIGKILL only when it goes on (v1); a container that was paused stays so for
  // any other.
  if (stopped && (!was_frozen || signal == SIGKILL)) return thaw();
  return {};
}

}  // namespace podo::runtime
