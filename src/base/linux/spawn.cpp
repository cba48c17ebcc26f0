#include "base/linux/spawn.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/linux/process.h"
#include "base/linux/signal_name.h"

namespace podo::linux {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> list;
  list.reserve(words.size() + 1);
  for (const std::string& word : words) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  return list;
}

struct Actions {
  posix_spawn_file_actions_t value;
  Actions() { ::posix_spawn_file_actions_init(&value); }
  ~Actions() { ::posix_spawn_file_actions_destroy(&value); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
};

struct Attributes {
  posix_spawnattr_t value;
  Attributes() { ::posix_spawnattr_init(&value); }
  ~Attributes() { ::posix_spawnattr_destroy(&value); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
};

}  // namespace

Result<Child> spawn(const Program& program) {
  Actions actions;
  int number = 0;
  // None of the three may be a number below its own place, unless it is that place: an earlier dup2 would
  // have taken it.
  for (const int descriptor : {program.in, program.out, program.err}) {
    ::posix_spawn_file_actions_adddup2(&actions.value, descriptor, number++);
  }
  if (!program.directory.empty()) {
    ::posix_spawn_file_actions_addchdir_np(&actions.value, program.directory.c_str());
  }
  Attributes attributes;
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes.value, &none);
  ::posix_spawnattr_setsigdefault(&attributes.value, &all);
  const int flags =
      POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (program.own_group ? POSIX_SPAWN_SETPGROUP : 0);
  ::posix_spawnattr_setflags(&attributes.value, static_cast<short>(flags));

  const std::vector<std::string> only_path = {program.path};
  const auto args = pointers(program.args.empty() ? only_path : program.args);
  const auto env = pointers(program.env);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, program.path.c_str(), &actions.value, &attributes.value, args.data(), env.data());
  if (error != 0) return failed_errno(error, "execve");
  auto pidfd = open_process(pid);  // ours and not reaped: the number is still its own
  if (!pidfd) {
    ::kill(pid, SIGKILL);
    (void)wait_for_exit(pid);
    return Failure(std::move(pidfd).error());
  }
  return Child{pid, std::move(*pidfd)};
}

std::string describe(const Ending& ending) {
  if (ending.signal != 0) return text("signal {}", name_signal(ending.signal));
  return text("exit status {}", ending.exit_code);
}

Result<Ending> reap(const Child& child) {
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0) {
    if (errno != EINTR) return failed_errno(errno, "wait for process {}", child.pid);
  }
  if (WIFSIGNALED(status)) return Ending{.signal = WTERMSIG(status)};
  return Ending{.exit_code = WEXITSTATUS(status)};
}

}  // namespace podo::linux
