#include "base/linux/own_process.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/io/fd.h"
#include "base/linux/file.h"

namespace podo::linux {
namespace {

Result<> checked(long outcome, std::string_view call) {
  if (outcome >= 0) return {};
  const int error = errno;
  return failed_errno(error, "{}", call);
}

}  // namespace

bool is_host_root() {
  if (::geteuid() != 0) return false;
  const auto map = read_file("/proc/self/uid_map", 4096);
  return !map || map->contains(" 4294967295");  // the one of the first namespace, which maps everybody
}

Result<> set_groups(std::span<const std::uint32_t> groups) {
  return checked(::syscall(SYS_setgroups, groups.size(), groups.data()), "setgroups");
}

Result<> set_group_id(std::uint32_t id) { return checked(::syscall(SYS_setresgid, id, id, id), "setresgid"); }

Result<> set_user_id(std::uint32_t id) { return checked(::syscall(SYS_setresuid, id, id, id), "setresuid"); }

Result<> become_namespace_root() {
  for (const Result<>& done : {set_group_id(0), set_user_id(0)}) {
    if (!done && done.error().system_errno() != EINVAL) return done;
  }
  return {};
}

Result<> set_root(int folder) {
  if (::fchdir(folder) != 0) return failed_errno(errno, "fchdir");
  if (::chroot(".") != 0) return failed_errno(errno, "chroot");
  return {};
}

// Who joins a mount namespace has its root, also who joins his own.
Result<bool> leave_chroot() {
  const io::Fd home(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (!home) return failed_errno(errno, "open /proc/self/ns/mnt");
  struct stat before{}, after{};
  if (::stat("/", &before) != 0) return failed_errno(errno, "stat /");
  if (::setns(home.get(), CLONE_NEWNS) != 0) return false;
  if (::stat("/", &after) != 0) return failed_errno(errno, "stat /");
  return before.st_dev != after.st_dev || before.st_ino != after.st_ino;
}

Result<> set_personality(std::uint32_t persona) {
  return checked(::syscall(SYS_personality, persona), "personality");
}

Result<> set_io_priority(int value) {
  constexpr int this_process = 1;  // IOPRIO_WHO_PROCESS
  return checked(::syscall(SYS_ioprio_set, this_process, 0, value), "ioprio_set");
}

Result<> set_scheduler(const SchedulerAttributes& wanted) {
  struct {  // struct sched_attr of <linux/sched/types.h>, which does not go together with <sched.h>
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime, deadline, period;
  } attributes{sizeof attributes, wanted.policy,     wanted.flags,       wanted.nice,
               wanted.priority,   wanted.runtime_ns, wanted.deadline_ns, wanted.period_ns};
  return checked(::syscall(SYS_sched_setattr, 0, &attributes, 0), "sched_setattr");
}

Result<> set_affinity(const std::vector<bool>& cpus) {
  std::vector<unsigned long> words((cpus.size() + 63) / 64);
  for (std::size_t cpu = 0; cpu < cpus.size(); ++cpu) {
    if (cpus[cpu]) words[cpu / 64] |= 1ul << (cpu % 64);
  }
  return checked(::syscall(SYS_sched_setaffinity, 0, words.size() * sizeof(words[0]), words.data()),
                 "sched_setaffinity");
}

Result<> set_memory_policy(int mode, const std::vector<std::uint64_t>& node_words) {
  const auto bits =
      node_words.empty() ? 0 : node_words.size() * 64 + 1;  // the kernel reads one less than it is told
  return checked(::syscall(SYS_set_mempolicy, mode, node_words.empty() ? nullptr : node_words.data(), bits),
                 "set_mempolicy");
}

Result<> join_session_keyring(const std::string& name) {
  const long ring = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.c_str());
  TRY(checked(ring, "keyctl"));
  char description[256];
  const long length = ::syscall(SYS_keyctl, KEYCTL_DESCRIBE, ring, description, sizeof description);
  if (length <= 0 || length > static_cast<long>(sizeof description)) return {};
  std::string_view rest(description, static_cast<std::size_t>(length) - 1);  // type;uid;gid;permissions;name
  for (int field = 0; field < 3; ++field) rest.remove_prefix(std::min(rest.find(';') + 1, rest.size()));
  std::uint32_t permissions = 0;
  for (const char c : rest.substr(0, rest.find(';'))) {
    permissions = permissions * 16 + static_cast<std::uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  constexpr std::uint32_t user_search = 0x00080000;
  return checked(::syscall(SYS_keyctl, KEYCTL_SETPERM, ring, permissions | user_search), "keyctl");
}

Result<std::string> own_directory() {
  char seen[PATH_MAX];
  TRY(checked(::syscall(SYS_getcwd, seen, sizeof seen), "getcwd"));
  if (seen[0] != '/') return denied("{}", seen);  // "(unreachable)/..."
  return std::string(seen);
}

}  // namespace podo::linux
