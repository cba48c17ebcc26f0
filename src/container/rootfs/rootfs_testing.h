// For unit tests of the file tree: a body that runs in a child with namespaces of its own, so that nothing of
// it is left anywhere.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/linux/file.h"
#include "container/rootfs/rootfs.h"

namespace podo::runtime::testing {

// What `body` returns: "" when all is well. In its mount namespace /tmp is a fresh tmpfs.
template <class Body>
std::string in_namespaces(int kinds, Body body) {
  int ends[2];
  if (::pipe(ends) != 0) return "pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    std::string said;
    if (::unshare(CLONE_NEWNS | kinds) != 0) said = "unshare";
    else if (::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0) said = "make / private";
    else if (::mount("tmpfs", "/tmp", "tmpfs", 0, nullptr) != 0) said = "mount /tmp";
    else said = body();
    [[maybe_unused]] const ssize_t written = ::write(ends[1], said.data(), said.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  const std::string said = linux::read_all(ends[0], 1 << 20).value_or("no answer");
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0 ? said : text("ended with status {}", status);
}

// Not so in a chroot, nor where the administrator forbids them.
inline bool can_make_user_namespaces() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::unshare(CLONE_NEWUSER) == 0 ? 0 : 1);
  int status = 0;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

// Root there, and only root.
inline Result<> enter_user_namespace() {
  if (::unshare(CLONE_NEWUSER) != 0) return failed_errno(errno, "unshare");
  TRY(linux::write_file(AT_FDCWD, "/proc/self/setgroups", "deny"));
  TRY(linux::write_file(AT_FDCWD, "/proc/self/uid_map", "0 0 1\n"));
  return linux::write_file(AT_FDCWD, "/proc/self/gid_map", "0 0 1\n");
}

inline std::string slurp(const std::string& path) {
  std::ifstream file(path);
  std::stringstream all;
  all << file.rdbuf();
  return all.str();
}
inline void spit(const std::string& path, std::string_view content) { std::ofstream(path) << content; }

inline std::string error_of(const Result<>& result) { return result ? "" : result.error().message(); }
template <class T>
std::string error_of(const Result<T>& result) {
  return result ? "" : result.error().message();
}

// As PODO_MUST, for text.
#define PODO_MUST_BE(got, wanted)                               \
  if (const std::string podo_got = (got); podo_got != (wanted)) \
  return ::podo::text("line {}: {} is '{}'", __LINE__, #got, podo_got)
// Returns from the body with the place and the condition when it does not hold.
#define PODO_MUST(condition) \
  if (!(condition)) return ::podo::text("line {}: {} (errno {})", __LINE__, #condition, errno)
#define PODO_MUST_WORK(expression)                       \
  if (auto&& podo_outcome = (expression); !podo_outcome) \
  return ::podo::text("line {}: {}", __LINE__, podo_outcome.error().message())

inline MountPlan filesystem(std::string type, std::string target, std::uint64_t attributes = 0,
                            std::vector<std::pair<std::string, std::string>> parameters = {}) {
  MountPlan mount;
  mount.type = std::move(type);
  mount.source = mount.type;
  mount.target = std::move(target);
  mount.attributes_set = attributes;
  mount.parameters = std::move(parameters);
  return mount;
}

inline MountPlan bind(std::string source, std::string target, std::uint64_t attributes = 0) {
  MountPlan mount;
  mount.kind = MountPlan::Kind::bind;
  mount.source = std::move(source);
  mount.target = std::move(target);
  mount.attributes_set = attributes;
  return mount;
}

// As `runc spec` writes it, without cgroups.
inline Plan default_plan(std::string root) {
  constexpr std::uint64_t safe = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
  Plan plan;
  plan.rootfs.path = std::move(root);
  plan.rootfs.readonly = true;
  plan.rootfs.mounts = {
      filesystem("proc", "/proc"),
      filesystem("tmpfs", "/dev", MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME,
                 {{"mode", "755"}, {"size", "65536k"}}),
      filesystem("devpts", "/dev/pts", safe,
                 {{"newinstance", ""}, {"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}}),
      filesystem("tmpfs", "/dev/shm", safe | MOUNT_ATTR_NODEV, {{"mode", "1777"}, {"size", "65536k"}}),
      filesystem("mqueue", "/dev/mqueue", safe | MOUNT_ATTR_NODEV),
      filesystem("sysfs", "/sys", safe | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY)};
  struct Node {
    const char* path;
    unsigned minor_number;
  };
  for (const auto& [path, minor_number] :
       {Node{"/dev/null", 3}, {"/dev/zero", 5}, {"/dev/full", 7}, {"/dev/random", 8}, {"/dev/urandom", 9}})
    plan.rootfs.devices.push_back({path, S_IFCHR | 0666, makedev(1, minor_number), 0, 0});
  plan.rootfs.devices.push_back({"/dev/tty", S_IFCHR | 0666, makedev(5, 0), 0, 0});
  plan.rootfs.masked_paths = {
      "/proc/acpi",       "/proc/asound",      "/proc/kcore",       "/proc/keys",    "/proc/latency_stats",
      "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"};
  plan.rootfs.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
  return plan;
}

inline std::string make_root(const char* path = "/tmp/root") {
  ::mkdir(path, 0755);
  return path;
}

inline Result<Rootfs> build(const Plan& plan) {
  static SilentLog silent;
  return Rootfs::build({.plan = &plan, .bundle = "/tmp", .sources = {}, .cgroups = {}}, silent);
}

inline Result<> build_enter_seal(const Plan& plan) {
  Rootfs rootfs = TRY(build(plan));
  TRY(rootfs.enter());
  return rootfs.seal();
}

}  // namespace podo::runtime::testing
