#include "container/monitor/program/birth.h"

#include <errno.h>
#include <sys/un.h>

#include "container/monitor/program/system.h"
#include "container/monitor/program/text.h"
#include "container/monitor/protocol.h"

namespace podo::monitor {
namespace {

constexpr char oom_path[] = "/proc/self/oom_score_adj";
constexpr char console_path[] = "console.sock";

// What the file said when we were born, if that is not what it says now.
char born_oom_score[8] = {};
long born_oom_score_size = 0;

struct Stdio {
  int in = -1, out = -1, err = -1;
};

bool open_pipe(int& read_end, int& write_end) {
  int ends[2];
  if (sys::call(SYS_pipe2, sys::word(ends), O_CLOEXEC) < 0) return false;
  read_end = ends[0];
  write_end = ends[1];
  return true;
}

int listen_for_terminal() {
  int fd = static_cast<int>(sys::call(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK));
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  __builtin_memcpy(address.sun_path, console_path, sizeof console_path);
  sys::remove(console_path);
  if (fd < 0 || sys::call(SYS_bind, fd, sys::word(&address), sizeof address) < 0) return -1;
  sys::call(SYS_listen, fd, 1);
  return fd;
}

void reset_signals() {
  struct {
    void* handler;
    unsigned long flags;
    void* restorer;
    unsigned long mask;
  } standard = {};
  for (int number = 1; number <= 64; ++number)
    sys::call(SYS_rt_sigaction, number, sys::word(&standard), 0, sizeof standard.mask);
  sys::call(SYS_rt_sigprocmask, SIG_SETMASK, sys::word(&standard.mask), 0, sizeof standard.mask);
}

[[noreturn]] void become_runtime(const Settings& settings, char** environment, const Stdio& stdio) {
  if (stdio.in >= 0) sys::call(SYS_dup3, stdio.in, 0, 0);
  if (stdio.out >= 0) sys::call(SYS_dup3, stdio.out, 1, 0);
  sys::call(SYS_dup3, stdio.err, 2, 0);
  if (born_oom_score_size > 0)
    if (int fd = sys::open(oom_path, O_WRONLY); fd >= 0)
      sys::write(fd, born_oom_score, static_cast<size_t>(born_oom_score_size));
  reset_signals();
  long error = sys::call(SYS_execveat, runtime_descriptor, sys::word(""), sys::word(settings.arguments),
                         sys::word(environment), AT_EMPTY_PATH);
  Line<128> message;
  message << "execute the OCI runtime: error " << static_cast<uint64_t>(-error) << "\n";
  sys::write(2, message.text(), message.size());
  sys::exit(127);
}

}  // namespace

Birth run_runtime(const Settings& settings, char** environment) {
  Birth ours;
  Stdio its;
  bool open = open_pipe(ours.err, its.err);
  if (settings.tty) {
    open = open && (ours.console = listen_for_terminal()) >= 0;
  } else {
    open = open && open_pipe(ours.out, its.out);
    if (settings.stdin_open) open = open && open_pipe(its.in, ours.in);
  }
  ours.pid = open ? sys::call(SYS_clone, SIGCHLD) : -EMFILE;
  if (ours.pid == 0) become_runtime(settings, environment, its);
  sys::drop(its.in);
  sys::drop(its.out);
  sys::drop(its.err);
  if (ours.in >= 0) sys::set_nonblocking(ours.in);
  if (ours.out >= 0) sys::set_nonblocking(ours.out);
  if (ours.err >= 0) sys::set_nonblocking(ours.err);
  return ours;
}

int take_terminal(int console) {
  int fd = static_cast<int>(sys::call(SYS_accept4, console, 0, 0, SOCK_CLOEXEC));
  if (fd < 0) return -1;
  char name[256];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec part = {name, sizeof name};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  int terminal = -1;
  long count = sys::call(SYS_recvmsg, fd, sys::word(&message), MSG_CMSG_CLOEXEC);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (count > 0 && header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
    __builtin_memcpy(&terminal, CMSG_DATA(header), sizeof terminal);
  sys::close(fd);
  if (terminal < 0) return -1;
  sys::remove(console_path);
  sys::set_nonblocking(terminal);
  return terminal;
}

void evade_oom_killer() {
  int fd = sys::open(oom_path, O_RDWR);
  if (fd < 0) return;
  long size = sys::read(fd, born_oom_score, sizeof born_oom_score);
  if (sys::write(fd, "-999", 4) == 4)
    born_oom_score_size = size;  // else it is not allowed, and nothing changed
  sys::close(fd);
}

}  // namespace podo::monitor
