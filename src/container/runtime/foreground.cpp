#include "container/runtime/foreground.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/linux/clone.h"
#include "base/linux/process.h"
#include "container/runtime/terminal.h"

namespace podo::runtime {

WindowSize forward_signals(const io::Fd& signals, const io::Fd& pidfd) {
  WindowSize size = WindowSize::same;
  signalfd_siginfo arrived{};
  while (::read(signals.get(), &arrived, sizeof arrived) == sizeof arrived) {
    const int signal = static_cast<int>(arrived.ssi_signo);
    if (signal == SIGWINCH) size = WindowSize::changed;
    // About our children, our terminal, our pipes, and the one Go programs preempt themselves with.
    if (signal == SIGCHLD || signal == SIGWINCH || signal == SIGURG || signal == SIGPIPE) continue;
    (void)linux::signal_process(pidfd, signal);  // it may have ended by now
  }
  return size;
}

Result<Foreground> Foreground::take_signals() {
  sigset_t all;
  ::sigfillset(&all);
  for (const int own_fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
    ::sigdelset(&all, own_fault);
  if (::sigprocmask(SIG_BLOCK, &all, nullptr) != 0) return failed_errno(errno, "sigprocmask");
  const int descriptor = ::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor < 0) return failed_errno(errno, "signalfd");
  return Foreground(io::Fd(descriptor));
}

Result<int> Foreground::wait(pid_t pid, const io::Fd& pidfd, const io::Fd& terminal) {
  if (terminal) TRY(relay_terminal(terminal, pidfd, signals_));
  TRY(forward_until_ended(pidfd));
  const int code = TRY(linux::wait_for_exit(pid));
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {}  // what it left to us as subreaper and has ended
  return code;
}

Result<> Foreground::forward_until_ended(const io::Fd& pidfd) {
  for (;;) {
    pollfd waits[] = {{pidfd.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0 && errno != EINTR) return failed_errno(errno, "wait for the container");
    if (waits[0].revents != 0) return {};
    forward_signals(signals_, pidfd);
  }
}

}  // namespace podo::runtime
