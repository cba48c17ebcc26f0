// podo doctor: what the kernel offers.
#include <stdio.h>

#include "base/core/text.h"
#include "base/linux/cgroup_layout.h"
#include "cli/console/units.h"
#include "cli/doctor.h"
#include "container/apparmor/kernel.h"
#include "container/apparmor/profile.h"

namespace podo::cli {
namespace {

constexpr int oldest_major = 5, oldest_minor = 15;

bool has_word(std::string_view text, std::string_view word) {
  for (const std::string& line : split(text, '\n'))
    for (const std::string& one : split(line, ' '))
      if (one == word || one == "nodev\t" + std::string(word) || one == "\t" + std::string(word)) return true;
  return false;
}

std::string first_line(std::string text) { return text.substr(0, text.find('\n')); }

}  // namespace

Finding check_kernel_release(const Host& host) {
  const std::string release = first_line(host.text_of("/proc/sys/kernel/osrelease"));
  int major = 0, minor = 0;
  (void)::sscanf(release.c_str(), "%d.%d", &major, &minor);
  Finding finding{.what = "kernel", .found = "Linux " + release};
  if (major > oldest_major || (major == oldest_major && minor >= oldest_minor)) return finding;
  finding.health = Health::bad;
  finding.cure = text("Linux {}.{} or newer is needed", oldest_major, oldest_minor);
  return finding;
}

Finding check_namespaces(const Host& host) {
  std::vector<std::string> missing;
  for (const char* kind : {"mnt", "pid", "net", "ipc", "uts", "cgroup"})
    if (!host.has(text("/proc/self/ns/{}", kind))) missing.emplace_back(kind);
  if (!missing.empty())
    return {Health::bad, "namespaces", "without " + join(missing, ", "),
            "a kernel with CONFIG_NAMESPACES and all kinds of them is needed"};
  if (host.has("/proc/self/ns/user")) return {Health::good, "namespaces", "all kinds", ""};
  return {Health::note, "namespaces", "without user namespaces",
          "rootless containers need CONFIG_USER_NS; the others do not"};
}

Finding check_control_groups(const Host& host) {
  Finding finding{.what = "control groups"};
  const auto layout = linux::parse_cgroup_layout(host.text_of("/proc/self/mountinfo"));
  if (!layout || layout->mode == linux::CgroupMode::none) {
    finding.health = Health::bad;
    finding.found = "none is mounted";
    finding.cure = "mount -t cgroup2 none /sys/fs/cgroup";
    return finding;
  }
  std::vector<std::string> there, missing;
  const std::string unified = host.text_of("/sys/fs/cgroup/cgroup.controllers");
  const bool only_v2 = layout->mode == linux::CgroupMode::unified;
  for (const char* controller : {"cpu", "memory", "pids"}) {
    const bool has = only_v2 ? has_word(unified, controller) : layout->find(controller) != nullptr;
    (has ? there : missing).emplace_back(controller);
  }
  finding.found = text("{}: {}",
                       only_v2                        ? "v2"
                       : layout->unified() != nullptr ? "hybrid, v1 and v2"
                                                      : "v1",
                       there.empty() ? "no controllers" : join(there, ", "));
  if (missing.empty()) return finding;
  finding.health = Health::bad;
  finding.cure =
      text("limits of {} cannot be kept. {}", join(missing, ", "),
           only_v2 ? "Add cgroup_enable=memory to the kernel's command line, or let the container "
                     "this runs in delegate them"
                   : "Mount them below /sys/fs/cgroup, or start with systemd.unified_cgroup_hierarchy=1");
  return finding;
}

Finding check_file_systems(const Host& host) {
  const std::string known = host.text_of("/proc/filesystems");
  const std::string release = first_line(host.text_of("/proc/sys/kernel/osrelease"));
  // The kernel loads a module by itself once something of it is mounted.
  const std::string modules = host.text_of(text("/lib/modules/{}/modules.dep", release));
  for (const char* name : {"overlay", "tmpfs", "proc", "mqueue"}) {
    if (has_word(known, name) || modules.contains(text("/{}.ko", name))) continue;
    const bool module = std::string_view(name) == "overlay";
    return {Health::bad, "file systems", text("the kernel knows no {}", name),
            module ? "a kernel with CONFIG_OVERLAY_FS is needed, or its module below /lib/modules"
                   : "a kernel that has it is needed"};
  }
  return {Health::good, "file systems", "overlay, tmpfs, proc, mqueue", ""};
}

Finding check_seccomp(const Host& host) {
  const std::string actions = host.text_of("/proc/sys/kernel/seccomp/actions_avail");
  if (has_word(first_line(actions), "errno")) return {Health::good, "seccomp", "filters work", ""};
  return {Health::bad, "seccomp", "the kernel has no filters",
          "a kernel with CONFIG_SECCOMP_FILTER is needed, or --security-opt seccomp=unconfined everywhere"};
}

namespace {

// The daemon has its profile loaded by a program that is not everywhere.
Finding check_apparmor(const Host& host, const std::string& modules) {
  const apparmor::Places places;
  const auto found = [&](std::string_view what) {
    return text("{}: the AppArmor profile {} {}", modules, apparmor::default_name, what);
  };
  if (apparmor::lists_profile(host.text_of(places.kernel + "/profiles"), apparmor::default_name))
    return {Health::good, "security modules", found("is loaded"), ""};
  for (const std::string& parser : places.parsers)
    if (host.has(parser)) return {Health::good, "security modules", found("comes with the daemon"), ""};
  return {Health::note, "security modules", found("cannot be loaded, containers run unconfined by it"),
          text("install {}: apt install apparmor (zypper install apparmor-parser); containers that start "
               "afterwards have it",
               places.parsers.front())};
}

}  // namespace

Finding check_security_modules(const Host& host) {
  if (first_line(host.text_of("/sys/fs/selinux/enforce")) == "1")
    return {Health::note, "security modules", "SELinux is enforcing",
            "Podo sets no labels: files that are mounted into containers need container_file_t (chcon -Rt)"};
  const std::string modules = first_line(host.text_of("/sys/kernel/security/lsm"));
  if (host.text_of("/sys/module/apparmor/parameters/enabled").starts_with('Y'))
    return check_apparmor(host, modules.empty() ? "apparmor" : modules);
  return {Health::good, "security modules", modules.empty() ? "none to see" : modules, ""};
}

}  // namespace podo::cli
