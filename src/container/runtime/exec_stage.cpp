#include "container/runtime/exec_stage.h"

#include <unistd.h>

#include "base/linux/clone.h"
#include "base/linux/descriptors.h"
#include "base/linux/own_process.h"
#include "container/runtime/process_setup.h"
#include "container/runtime/terminal.h"

namespace podo::runtime {
namespace {

Result<> load_filter(const ExecStage& stage, const Channel& channel) {
  if (!stage.seccomp) return {};
  const io::Fd notifications = TRY(load_seccomp(*stage.seccomp));
  if (!notifications) return {};
  TRY(channel.send(Step::listener, {}, notifications.get()));
  return channel.expect(Step::proceed).transform([](auto&&) {});
}

Result<> give_terminal(const ExecStage& stage, const Channel& channel) {
  const io::Fd master = TRY(open_terminal(stage.process.console_size, false));
  return stage.console_socket ? send_terminal(stage.console_socket, master)
                              : channel.send(Step::terminal, {}, master.get());
}

// The path; does not return on success.
Result<> become_program(const ExecStage& stage, const Channel& channel, Log& log) {
  const ProcessPlan& process = stage.process;
  TRY(channel.expect(Step::proceed));
  TRY(begin_session({.keyring_name = stage.keyring_name}));
  if (process.terminal) TRY(give_terminal(stage, channel));
  TRY(set_limits(process));
  TRY(set_affinity(process.cpus_final));
  const Command command = TRY(resolve_command(process));
  if (stage.personality) TRY_IN("linux.personality", linux::set_personality(*stage.personality));
  TRY(set_rlimits(process, log));
  TRY(limit_descriptors(stage.preserve_fds, channel.descriptor()));
  TRY(own_standard_streams(process));
  if (!process.no_new_privileges) TRY(load_filter(stage, channel));
  TRY(drop_privileges(process));
  TRY(enter_directory(process));
  if (process.no_new_privileges) TRY(load_filter(stage, channel));
  return Failure(execute(command, process));
}

}  // namespace

Result<> drop_descriptors(const ExecStage& stage, const Channel& channel) {
  std::vector<int> kept = {channel.descriptor(), stage.console_socket.get()};
  for (int preserved = 0; preserved < stage.preserve_fds; ++preserved) kept.push_back(3 + preserved);
  return linux::close_all_but(std::move(kept));
}

Result<> enter_container(const ExecStage& stage, Log& log) {
  TRY(set_affinity(stage.process.cpus_initial));
  TRY(enter_cgroup(stage.cgroup_entry));
  TRY(adjust_oom_score(stage.process, log));
  TRY(linux::forbid_inspection());
  if (stage.namespaces == 0) return {};
  // A runtime in a chroot cannot give a mount namespace another root than the machine's, so whoever joins one
  // that it made would see that: there the first process's own root is the container's.
  const bool in_chroot = stage.root && TRY(linux::leave_chroot());
  TRY_IN("the container's namespaces", linux::join_namespace(stage.init.get(), stage.namespaces));
  if ((stage.namespaces & CLONE_NEWUSER) != 0) TRY(linux::become_namespace_root());
  if (in_chroot) TRY_IN("the container's root", linux::set_root(stage.root.get()));
  return {};
}

void run_exec_stage(const ExecStage& stage, const Channel& channel) {
  ChannelLog log(channel);
  const Result<> lived = become_program(stage, channel, log);
  (void)channel.send_failure(lived.error());
  ::_exit(255);
}

}  // namespace podo::runtime
