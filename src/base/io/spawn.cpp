// The child shares this process's memory until it executes (CLONE_VM), on a stack of its own, while the
// calling thread stands still (CLONE_VFORK): nothing is copied, however large this process is. So the child
// may call only async-signal-safe functions, allocates nothing, and tells its failure by writing to memory.
#include "base/io/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#if __has_feature(thread_sanitizer)
// The sanitizer's own clone() takes every child for one with a memory of its own, and would set up its state
// for that child in ours; this is the C library's.
extern "C" int __clone(int (*)(void*), void*, int, void*, ...);
#define clone __clone
#endif

namespace podo::io {
namespace {

#define PODO_SHARES_STACK_AND_MEMORY __attribute__((no_sanitize("address", "undefined", "thread"), noinline))

struct Plan {
  const char* program;
  char* const* arguments;
  char* const* environment;
  const char* folder;
  const Command::Passed* descriptors;
  std::size_t descriptors_count;
  int* lifted;  // as many
  bool new_session;
  int parent_death_signal;
  const char* failed_step = nullptr;
  int failed_errno = 0;
};

PODO_SHARES_STACK_AND_MEMORY void reset_signals() {
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action;
    if (::sigaction(number, nullptr, &action) != 0) continue;
    bool ours = number == SIGPIPE || (action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL);
    if (!ours) continue;  // what our own parent ignored stays ignored
    action.sa_handler = SIG_DFL;
    action.sa_flags = 0;
    ::sigaction(number, &action, nullptr);
  }
}

// Sources are first lifted above all targets, so that no dup2 overwrites a source still needed.
PODO_SHARES_STACK_AND_MEMORY bool place_descriptors(Plan& plan) {
  if (::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0) return false;
  int above = 3;
  for (std::size_t i = 0; i < plan.descriptors_count; ++i)
    if (plan.descriptors[i].to >= above) above = plan.descriptors[i].to + 1;
  for (std::size_t i = 0; i < plan.descriptors_count; ++i) {
    plan.lifted[i] = ::fcntl(plan.descriptors[i].from, F_DUPFD_CLOEXEC, above);
    if (plan.lifted[i] < 0) return false;
  }
  for (std::size_t i = 0; i < plan.descriptors_count; ++i)
    if (::dup2(plan.lifted[i], plan.descriptors[i].to) < 0) return false;
  return true;
}

PODO_SHARES_STACK_AND_MEMORY const char* prepare(Plan& plan) {
  if (plan.new_session && ::setsid() < 0) return "start a session";
  if (plan.parent_death_signal != 0 && ::prctl(PR_SET_PDEATHSIG, plan.parent_death_signal) < 0)
    return "set the parent death signal";
  if (!place_descriptors(plan)) return "place descriptors";
  if (plan.folder != nullptr && ::chdir(plan.folder) < 0) return "change to the folder";
  return nullptr;
}

PODO_SHARES_STACK_AND_MEMORY int run_child(void* argument) {
  Plan& plan = *static_cast<Plan*>(argument);
  reset_signals();  // before they are unblocked: a handler of ours must not run here
  plan.failed_step = prepare(plan);
  if (plan.failed_step == nullptr) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(plan.program, plan.arguments, plan.environment);
    plan.failed_step = "execute";
  }
  plan.failed_errno = errno;
  ::_exit(127);
}

Result<std::string> find_program(const std::string& name) {
  if (name.empty()) return invalid("a command needs a program");
  if (name.find('/') != std::string::npos) return name;
  const char* path = ::getenv("PATH");
  std::string folders = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  for (std::size_t begin = 0; begin <= folders.size();) {
    std::size_t end = std::min(folders.find(':', begin), folders.size());
    std::string candidate = folders.substr(begin, end - begin);
    candidate = candidate.empty() ? name : candidate + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    begin = end + 1;
  }
  return not_found("there is no {} in PATH", name);
}

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

PODO_SHARES_STACK_AND_MEMORY pid_t clone_child(Plan& plan, int& pidfd) {
  alignas(16) char stack[48 << 10];  // on ours: we stand still as long as the child uses it
  return ::clone(run_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan,
                 &pidfd);
}

}  // namespace

Result<Born> give_birth(const Command& command, const std::vector<Command::Passed>& descriptors) {
  if (command.arguments.empty()) return invalid("a command needs a program");
  std::string program = TRY(find_program(command.program.empty() ? command.arguments[0] : command.program));
  std::vector<char*> arguments = pointers_to(command.arguments);
  std::vector<char*> environment;
  if (command.environment) environment = pointers_to(*command.environment);
  std::vector<int> lifted(descriptors.size());
  Plan plan{.program = program.c_str(),
            .arguments = arguments.data(),
            .environment = command.environment ? environment.data() : environ,
            .folder = command.folder.empty() ? nullptr : command.folder.c_str(),
            .descriptors = descriptors.data(),
            .descriptors_count = descriptors.size(),
            .lifted = lifted.data(),
            .new_session = command.new_session,
            .parent_death_signal = command.parent_death_signal};

  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int pidfd = -1;
  pid_t pid = clone_child(plan, pidfd);
  int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

  if (pid < 0) return failed_errno(error, "clone a process");
  Fd owned(pidfd);
  if (plan.failed_step == nullptr) return Born{pid, std::move(owned)};
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED);
  bool about_folder = plan.failed_step == std::string_view("change to the folder");
  return failed_errno(plan.failed_errno, "{} {}", plan.failed_step, about_folder ? command.folder : program);
}

}  // namespace podo::io
