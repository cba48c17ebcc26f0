// POST /exec/{id}/start: a process of its own monitor, in the container's namespaces.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/io/combine.h"
#include "base/io/outcome.h"
#include "base/linux/file.h"
#include "base/linux/process.h"
#include "container/engine/local_engine.h"
#include "container/engine/start_failure.h"
#include "container/volumes/run_folder.h"

namespace podo::engine {
namespace {

struct ExecBundle {
  ContainerPtr container;
  docker::ExecConfig config;
  std::string folder;
};

Result<void> write_process(const ExecBundle& bundle, const Machine& machine) {
  const Container& container = *bundle.container;
  const std::string& user = bundle.config.user.empty() ? container.config.user : bundle.config.user;
  const std::string root = text("/proc/{}/root", container.state.pid);
  auto ids = look_up_user(root, user, container.host_config.group_add);
  if (!ids) return Failure(std::move(ids).error());
  auto process = make_process_config(container, bundle.config, machine, *ids);
  if (!process) return Failure(std::move(process).error());
  if (::mkdir(bundle.folder.c_str(), 0700) != 0 && errno != EEXIST)
    return failed_errno(errno, "mkdir {}", bundle.folder);
  const std::string path = bundle.folder + "/process.json";
  const auto file = linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (!file) return Failure(file.error());
  return linux::write_whole(file->get(), process->text);
}

Result<> check_startable(const Exec& exec) {
  if (exec.running) return conflict("Error: Exec command {} is already running", exec.id);
  if (exec.started) return conflict("Error: Exec command {} has already run", exec.id);
  return {};
}

}  // namespace

Task<std::unique_ptr<io::Stream>> LocalEngine::start_exec(std::string id, ExecStart how) {
  const ExecSlotPtr exec = co_await find_exec(id);
  co_await check_startable(*exec->exec);
  const SlotPtr slot = exec->container;
  co_await may(Verb::exec, slot->status(), slot->id(), slot->container->name);
  const docker::ExecConfig& config = exec->exec->config;
  exec->relay = AttachRelay::make({.tty = config.tty, .spill_folder = options_.data_folder});
  std::unique_ptr<io::Stream> stream;
  if (!how.detach) {
    AttachWish wish{.in = config.attach_stdin,
                    .out = config.attach_stdout,
                    .err = config.attach_stderr,
                    .ends_input = true};
    if (config.tty)
      wish.detach_keys = config.detach_keys.empty() ? std::string(default_detach_keys)
                                                    : co_await parse_detach_keys(config.detach_keys);
    stream = exec->relay->attach(std::move(wish));
  }
  const Result<void> launched = co_await io::shielded(launch_exec(exec, how.console_size)).result();
  if (!launched) co_return Failure(launched.error());
  co_return std::move(stream);
}

Task<void> LocalEngine::launch_exec(ExecSlotPtr exec,
                                    std::optional<std::array<std::uint32_t, 2>> console_size) {
  const SlotPtr slot = exec->container;
  edit_exec(*exec, [&](Exec& started) {
    started.started = started.running = true;  // nobody else starts it
    if (console_size) started.config.console_size = console_size;
  });
  const Result<void> done = co_await run_exec(exec).result();
  if (done) co_return;
  const StartFailure failure = explain_start_failure(done.error());
  edit_exec(*exec, [&](Exec& failed) {
    failed.running = false;
    failed.exit_code = failure.exit_code == 128 ? 126 : failure.exit_code;
  });
  co_await exec_over(exec);
  co_await Failure(Error(failure.error).within("OCI runtime exec failed"));
}

Task<void> LocalEngine::run_exec(ExecSlotPtr exec) {
  const SlotPtr slot = exec->container;
  const ExecPtr what = exec->exec;
  MonitorSpec spec{
      .folder = exec_folder(*what),
      .runtime = runtime_call("exec", {"--process", "process.json"}, *slot->container, what->config.tty),
      .runtime_program = runtime_file_.get(),
      .tty = what->config.tty,
      .stdin_open = what->config.attach_stdin,
      .log = {}};
  ExecBundle bundle{slot->container, what->config, spec.folder};
  auto [written, saved] =
      co_await io::all(io::outcome(ground_.pool.run([bundle = std::move(bundle), &machine = machine_] {
                         return write_process(bundle, machine);
                       })),
                       io::outcome(save_exec(exec)));
  co_await std::move(written);
  co_await std::move(saved);
  auto monitor =
      co_await MonitorClient::spawn(ground_.loop, *monitor_program_, std::move(spec), exec->relay).result();
  if (!monitor) co_await fail(monitor.error().kind(), runtime_message(monitor.error().message()));
  exec->monitor = *std::move(monitor);
  edit_exec(*exec, [&](Exec& running) { running.pid = exec->monitor->pid(); });
  std::string action = "exec_start:";
  for (const std::string& word : what->config.cmd) action += " " + word;
  tell(*slot, std::move(action), {{"execID", what->id}});
  spawn(watch_exec(exec), "exec " + what->id);
}

Task<void> LocalEngine::watch_exec(ExecSlotPtr exec) {
  const Ended ended = co_await exec->monitor->ended();
  co_await exec->monitor->drained().result();
  edit_exec(*exec, [&](Exec& over) {
    over.running = false;
    over.exit_code = code_of(ended);
  });
  tell(*exec->container, "exec_die",
       {{"execID", exec->exec->id}, {"exitCode", text("{}", exec->exec->exit_code.value_or(0))}});
  co_await exec_over(exec);
}

// By descriptor, and only if it still is the container's: its number may have been given away.
Task<void> LocalEngine::kill_exec(ExecSlotPtr exec) {
  const int pid = exec->exec->pid;
  const Result<void> killed =
      co_await ground_.pool
          .run([&runtime = runtime_, id = exec->container->id(), pid]() -> Result<void> {
            const io::Fd process = TRY(linux::open_process(pid));
            const std::vector<pid_t> processes = TRY(runtime.processes(id));
            if (std::ranges::find(processes, pid) == processes.end()) return {};
            return linux::signal_process(process, SIGKILL);
          })
          .result();
  if (!killed) ground_.log.debug("exec {}: {}", exec->exec->id, killed.error().message());
}

// Saved before what its monitor left behind goes.
Task<void> LocalEngine::exec_over(ExecSlotPtr exec) {
  exec->ended_at = ground_.clock.wall();
  if (exec->relay) exec->relay->end();
  edit(*exec->container, [&](Container& container) { std::erase(container.exec_ids, exec->exec->id); });
  co_await save_exec(exec);
  if (exec->monitor)  // there is none of one that did not start
    (void)co_await io::deadline(exec->monitor->gone(), seconds(5)).result();  // or nobody would reap it
  exec->monitor.reset();
  co_await ground_.pool.run([folder = exec_folder(*exec->exec)] { return remove_run_folder(folder); });
}

}  // namespace podo::engine
