#include "container/monitor/program/init.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "container/monitor/program/system.h"
#include "container/monitor/program/text.h"

namespace podo::monitor {
namespace {

constexpr uint64_t all_signals = ~uint64_t{0};
constexpr char usual_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr size_t path_max = 4096;

void set_mask(uint64_t mask) { sys::call(SYS_rt_sigprocmask, SIG_SETMASK, sys::word(&mask), 0, sizeof mask); }

const char* search_path(char** environment) {
  for (; *environment != nullptr; ++environment) {
    if (__builtin_memcmp(*environment, "PATH=", 5) == 0) return *environment + 5;
  }
  return usual_path;
}

bool has_slash(const char* name) {
  for (; *name != 0; ++name) {
    if (*name == '/') return true;
  }
  return false;
}

// Returns the error number that tells most.
long execute(char** arguments, char** environment) {
  const char* name = arguments[0];
  if (has_slash(name))
    return -sys::call(SYS_execve, sys::word(name), sys::word(arguments), sys::word(environment));
  long worst = ENOENT;
  char whole[path_max];
  const size_t name_size = length_of(name);
  for (const char* folder = search_path(environment); *folder != 0;) {
    size_t size = 0;
    while (folder[size] != 0 && folder[size] != ':') ++size;
    if (size != 0 && size + name_size + 2 <= sizeof whole) {
      __builtin_memcpy(whole, folder, size);
      whole[size] = '/';
      __builtin_memcpy(whole + size + 1, name, name_size + 1);
      const long error =
          -sys::call(SYS_execve, sys::word(whole), sys::word(arguments), sys::word(environment));
      if (error == EACCES) worst = error;
    }
    folder += size + (folder[size] == ':');
  }
  return worst;
}

// In a process group of its own, which a terminal, if there is one, then belongs to.
[[noreturn]] void become_program(char** arguments, char** environment) {
  sys::call(SYS_setpgid, 0, 0);
  const int group = static_cast<int>(sys::call(SYS_getpid));
  sys::call(SYS_ioctl, 0, TIOCSPGRP, sys::word(&group));  // SIGTTOU is blocked; no terminal: refused
  set_mask(0);
  const long error = execute(arguments, environment);
  Line<256> message;
  message << "docker-init: exec " << arguments[0] << " failed: "
          << (error == EACCES   ? "permission denied"
              : error == ENOENT ? "no such file or directory"
                                : "error ");
  if (error != EACCES && error != ENOENT) message << static_cast<uint64_t>(error);
  message << "\n";
  sys::write(2, message.text(), message.size());
  sys::exit(error == ENOENT ? 127 : 126);
}

// Whoever has ended; leaves with the program, when that is among them.
void reap(long program) {
  int status = 0;
  for (;;) {
    const long pid = sys::call(SYS_wait4, -1, sys::word(&status), WNOHANG);
    if (pid <= 0) return;
    if (pid == program) sys::exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
}

bool concerns_terminal(int signal) { return signal == SIGTTIN || signal == SIGTTOU; }

}  // namespace

bool is_init(const char* own_name) {
  constexpr char name[] = "docker-init";
  const size_t size = length_of(own_name), wanted = sizeof name - 1;
  return size >= wanted && __builtin_memcmp(own_name + size - wanted, name, wanted) == 0;
}

void run_init(char** arguments, char** environment) {
  if (*arguments != nullptr && (*arguments)[0] == '-' && (*arguments)[1] == '-' && (*arguments)[2] == 0)
    ++arguments;
  if (*arguments == nullptr) sys::exit(127);
  set_mask(all_signals);
  const long program = sys::call(SYS_clone, SIGCHLD);
  if (program == 0) become_program(arguments, environment);
  if (program < 0) sys::exit(126);
  for (;;) {
    const long signal = sys::call(SYS_rt_sigtimedwait, sys::word(&all_signals), 0, 0, sizeof all_signals);
    if (signal == SIGCHLD) reap(program);
    else if (signal > 0 && !concerns_terminal(static_cast<int>(signal))) sys::call(SYS_kill, program, signal);
  }
}

}  // namespace podo::monitor
