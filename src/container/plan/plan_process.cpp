// `process` (config.md#process): who runs what, with which limits.
#include <algorithm>

#include "container/plan/plan_parts.h"

namespace podo::runtime {
namespace {

constexpr NamedValue rlimits[] = {
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

constexpr std::size_t cpu_max = 8191;        // NR_CPUS of the largest kernels
constexpr std::size_t groups_max = 65536;    // NGROUPS_MAX
constexpr std::uint32_t no_id = UINT32_MAX;  // "leave unchanged" to the kernel

Result<> check_user(const oci::User& user) {
  if (user.uid == no_id) return invalid("process.user.uid: {} is not an id", no_id);
  if (user.gid == no_id) return invalid("process.user.gid: {} is not an id", no_id);
  if (user.umask && *user.umask > 0777)
    return invalid("process.user.umask: 0{:o} is more than 0777", *user.umask);
  if (user.additional_gids.size() > groups_max)
    return invalid("process.user.additionalGids: more than {}", groups_max);
  if (std::ranges::find(user.additional_gids, no_id) != user.additional_gids.end()) {
    return invalid("process.user.additionalGids: {} is not an id", no_id);
  }
  return {};
}

Result<> check_command(const oci::Process& process) {
  if (process.args.empty()) return invalid("process.args: is empty, there is nothing to run");
  if (process.args[0].empty()) return invalid("process.args[0]: is empty");
  TRY(check_absolute(process.cwd, "process.cwd"));
  for (std::size_t i = 0; i < process.env.size(); ++i) {
    const std::size_t name = process.env[i].find('=');
    if (name == 0 || name == std::string::npos) {
      return invalid("process.env[{}]: {} is not NAME=value", i, quoted(process.env[i]));
    }
  }
  return {};
}

Result<std::vector<RlimitPlan>> plan_rlimits(const std::vector<oci::Rlimit>& wanted) {
  std::vector<RlimitPlan> plan;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const oci::Rlimit& limit = wanted[i];
    const NamedValue* known = find_named(rlimits, limit.type);
    if (!known) return invalid("process.rlimits[{}].type: {} is not a limit", i, quoted(limit.type));
    const int resource = static_cast<int>(known->value);
    if (std::ranges::find(plan, resource, &RlimitPlan::resource) != plan.end()) {
      return invalid("process.rlimits[{}]: {} is there twice", i, limit.type);
    }
    if (limit.soft > limit.hard)
      return invalid("process.rlimits[{}].soft: {} is above hard, {}", i, limit.soft, limit.hard);
    plan.push_back({resource, limit.type, {.rlim_cur = limit.soft, .rlim_max = limit.hard}});
  }
  return plan;
}

Result<> check_labels(const oci::Process& process, const HostFacts& host) {
  if (!process.apparmor_profile.empty() && !host.apparmor) {
    return unsupported("process.apparmorProfile: {}, but this host has no AppArmor",
                       quoted(process.apparmor_profile));
  }
  if (!process.selinux_label.empty() && !host.selinux) {
    return unsupported("process.selinuxLabel: {}, but this host has no SELinux",
                       quoted(process.selinux_label));
  }
  return {};
}

Result<> add_scheduling(const oci::Process& process, ProcessPlan& plan) {
  if (process.scheduler) plan.scheduler = TRY(plan_scheduler(*process.scheduler));
  if (process.io_priority) plan.io_priority = TRY(plan_io_priority(*process.io_priority));
  if (process.exec_cpu_affinity) {
    const auto& [initial, final] = *process.exec_cpu_affinity;
    plan.cpus_initial = TRY(parse_number_list(initial, cpu_max, "process.execCPUAffinity.initial"));
    plan.cpus_final = TRY(parse_number_list(final, cpu_max, "process.execCPUAffinity.final"));
  }
  if (const auto score = process.oom_score_adj) {
    if (*score < -1000 || *score > 1000) return invalid("process.oomScoreAdj: {} is not -1000..1000", *score);
    plan.oom_score_adj = static_cast<int>(*score);
  }
  return {};
}

}  // namespace

Result<ProcessPlan> plan_process(const oci::Process& process, const HostFacts& host, Warnings& warnings) {
  TRY(check_command(process));
  TRY(check_user(process.user));
  TRY(check_labels(process, host));
  ProcessPlan plan;
  plan.args = process.args;
  plan.env = process.env;
  plan.cwd = process.cwd;
  plan.terminal = process.terminal;
  plan.console_size = process.console_size;
  plan.uid = process.user.uid;
  plan.gid = process.user.gid;
  plan.groups = process.user.additional_gids;
  plan.umask = process.user.umask;
  plan.no_new_privileges = process.no_new_privileges;
  plan.apparmor_profile = process.apparmor_profile;
  plan.selinux_label = process.selinux_label;
  plan.rlimits = TRY(plan_rlimits(process.rlimits));
  if (process.capabilities) plan.capabilities = plan_capabilities(*process.capabilities, host, warnings);
  TRY(add_scheduling(process, plan));
  return plan;
}

}  // namespace podo::runtime
