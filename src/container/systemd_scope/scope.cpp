#include "container/systemd_scope/scope.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>

#include "base/linux/clone.h"
#include "base/linux/file.h"
#include "container/cgroup/plan_cgroup.h"
#include "container/systemd_scope/systemd.h"
#include "container/systemd_scope/unit_properties.h"

namespace podo::runtime {
namespace {

constexpr std::size_t cgroup_file_bytes_max = 64u << 10;

[[noreturn]] void hold(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != parent) ::_exit(0);  // it was killed before we asked to follow
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  for (;;) ::pause();
}

// The files' plan in systemd's words.
Result<std::vector<dbus::Property>> limits_of(const oci::Resources& resources, bool unified) {
  const CgroupPlan plan = unified ? TRY(plan_cgroup_v2(resources)) : TRY(plan_cgroup_v1(resources));
  return limit_properties(plan.writes);
}

Result<std::vector<dbus::Property>> properties_of(const Scope::Request& request, const ScopeName& name,
                                                  pid_t placeholder) {
  const bool unified = request.layout.mode == linux::CgroupMode::unified;
  std::vector<dbus::Property> list = {
      {"Description", text("container {}", request.id)},
      {"Slice", name.slice},
      {"Delegate", true},              // what is below is the container's, and all controllers are there
      {"DefaultDependencies", false},  // the engine ends its containers, in its own order
      {"CollectMode", std::string("inactive-or-failed")},
      {"PIDs", std::vector<std::uint32_t>{static_cast<std::uint32_t>(placeholder)}},
      {"CPUAccounting", true},
      {"MemoryAccounting", true},
      {"TasksAccounting", true},
      {unified ? "IOAccounting" : "BlockIOAccounting", true},
  };
  for (auto& each : TRY(limits_of(request.config.linux.resources, unified))) put(list, std::move(each));
  for (auto& each : TRY(annotated_properties(request.config.annotations))) put(list, std::move(each));
  return list;
}

}  // namespace

Result<Placeholder> Placeholder::start() {
  const pid_t parent = ::getpid();
  const linux::Child child = TRY(linux::clone_process({}));
  if (child.pid == 0) hold(parent);
  return Placeholder(child.pid);
}

void Placeholder::end() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);  // our own child, not reaped yet: the number is still its own
  (void)linux::wait_for_exit(std::exchange(pid_, 0));
}

Result<std::string> systemd_group_in(std::string_view lines, bool has_unified) {
  const std::string_view wanted = has_unified ? "0::" : ":name=systemd:";
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const auto at = has_unified ? (line.starts_with(wanted) ? 0 : line.npos) : line.find(wanted);
    if (at != line.npos) return std::string(line.substr(at + wanted.size()));
  }
  return unsupported("--systemd-cgroup: this host has no hierarchy of systemd's");
}

Result<Scope> Scope::start(const Request& request, const Clock& clock) {
  ScopeName name = TRY(scope_name(request.config.linux.cgroups_path, request.id, request.manager));
  Systemd systemd = TRY(Systemd::connect(request.manager, clock));
  Placeholder placeholder = TRY(Placeholder::start());
  const auto properties = TRY(properties_of(request, name, placeholder.pid()));
  TRY(systemd.start_scope(name.unit, properties));
  Scope scope({request.manager, std::move(name.unit)}, std::move(placeholder));
  const std::string file = text("/proc/{}/cgroup", scope.placeholder_.pid());
  const std::string lines = TRY(linux::read_file(file.c_str(), cgroup_file_bytes_max));
  scope.path_ = TRY(systemd_group_in(lines, request.layout.unified() != nullptr));
  // "/../" is what the kernel says of groups above this program's cgroup namespace.
  if (!scope.path_.ends_with("/" + scope.unit_.unit) || scope.path_.starts_with("/..")) {
    return unsupported("--systemd-cgroup: systemd made {}, but from here its process is in {}",
                       scope.unit_.unit, scope.path_);
  }
  return scope;
}

Result<> limit_scope(const SystemdScope& scope, const Cgroup& cgroup, const oci::Resources& resources,
                     const Clock& clock) {
  const bool unified =
      std::ranges::all_of(cgroup.directories(), &std::string::empty, &CgroupDirectory::controllers);
  const auto properties = TRY(limits_of(TRY(cgroup.completed(resources)), unified));
  if (properties.empty()) return {};
  return TRY(Systemd::connect(scope.manager, clock)).set_properties(scope.unit, properties);
}

Result<> attach_to_scope(const SystemdScope& scope, pid_t process, const Clock& clock) {
  return TRY(Systemd::connect(scope.manager, clock)).attach(scope.unit, process);
}

Result<> stop_scope(const SystemdScope& scope, const Clock& clock) {
  return TRY(Systemd::connect(scope.manager, clock)).stop(scope.unit);
}

}  // namespace podo::runtime
