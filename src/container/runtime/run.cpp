#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "container/runtime/creation.h"
#include "container/runtime/foreground.h"

namespace podo::runtime {
namespace {

// The container ends with the run that started it, also when the run fails half-way.
class Ending {
 public:
  explicit Ending(const Newborn& newborn) : pid_(newborn.pid) {}
  ~Ending() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    (void)linux::wait_for_exit(pid_);
  }
  void dismiss() { pid_ = 0; }

 private:
  pid_t pid_;
};

}  // namespace

Result<int> Runtime::run(const std::string& id, const RunOptions& options) {
  const bool foreground = !options.detach;
  const bool terminal_here = foreground && options.create.console_socket.empty();
  // Processes the container leaves behind come to us, so that they can be reaped while we wait.
  if (foreground && !options.no_subreaper) ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  auto creation = TRY(Creation::open({.root = root_,
                                      .id = id,
                                      .options = options.create,
                                      .separate_start = false,
                                      .terminal_here = terminal_here},
                                     clock_, log_));
  std::optional<Foreground> signals;  // before anything exists that a signal to us would leave behind
  if (foreground) signals.emplace(TRY(Foreground::take_signals()));
  const Newborn newborn = TRY(creation->deliver());
  Ending ending(newborn);
  TRY(let_go(newborn.channel, creation->state(), creation->directory(), Status::creating, log_));
  creation->keep();
  if (!foreground) {
    ending.dismiss();
    return 0;
  }
  creation.reset();  // its state is unlocked: others may pause, update or delete the container while we wait
  const int code = TRY(signals->wait(newborn.pid, newborn.pidfd, newborn.terminal));
  ending.dismiss();
  if (!options.keep) TRY(remove(id, true));
  return code;
}

}  // namespace podo::runtime
