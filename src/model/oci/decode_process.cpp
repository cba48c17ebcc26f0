// `process` of config.json (config.md#process, config.md#posix-process, config.md#linux-process).
#include "model/oci/decode.h"
#include "model/oci/decode_parts.h"

namespace podo::oci {

static void members(Members& of, User& to) {
  of.may("uid", to.uid).may("gid", to.gid).may("umask", to.umask).may("additionalGids", to.additional_gids);
}

static void members(Members& of, Capabilities& to) {
  of.may("bounding", to.bounding)
      .may("effective", to.effective)
      .may("inheritable", to.inheritable)
      .may("permitted", to.permitted)
      .may("ambient", to.ambient);
}

static void members(Members& of, Rlimit& to) {
  of.must("type", to.type).must("soft", to.soft).must("hard", to.hard);
}

static void members(Members& of, ConsoleSize& to) { of.may("height", to.height).may("width", to.width); }

static void members(Members& of, IoPriority& to) {
  of.must("class", to.class_name).may("priority", to.priority);
}

static void members(Members& of, CpuAffinity& to) { of.may("initial", to.initial).may("final", to.final); }

static void members(Members& of, Scheduler& to) {
  of.must("policy", to.policy)
      .may("nice", to.nice)
      .may("priority", to.priority)
      .may("flags", to.flags)
      .may("runtime", to.runtime)
      .may("deadline", to.deadline)
      .may("period", to.period);
}

void members(Members& of, Process& to) {
  of.may("terminal", to.terminal)
      .may("consoleSize", to.console_size)
      .may("user", to.user)
      .may("args", to.args)
      .may("env", to.env)
      .may("cwd", to.cwd)
      .may("capabilities", to.capabilities)
      .may("rlimits", to.rlimits)
      .may("noNewPrivileges", to.no_new_privileges)
      .may("apparmorProfile", to.apparmor_profile)
      .may("selinuxLabel", to.selinux_label)
      .may("oomScoreAdj", to.oom_score_adj)
      .may("scheduler", to.scheduler)
      .may("ioPriority", to.io_priority)
      .may("execCPUAffinity", to.exec_cpu_affinity);
}

Result<Process> decode_process(const json::Document& document) {
  Process process;
  TRY(read(Field(document), process));
  return process;
}

}  // namespace podo::oci
