#include "base/io/process.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/io/combine.h"
#include "base/io/spawn.h"

namespace podo::io {
namespace {

// One of the child's 0, 1, 2: what it gets, and what this side keeps.
struct Wired {
  Fd childs;        // closed after the birth
  Fd ours;          // of a pipe
  int number = -1;  // what the child gets
};

Result<Wired> wire(const Stdio& stdio, int target, int output_number) {
  Wired wired;
  switch (stdio.kind) {
    case Stdio::Kind::inherit: wired.number = target; break;
    case Stdio::Kind::descriptor: wired.number = stdio.number; break;
    case Stdio::Kind::same_as_output:
      if (target != STDERR_FILENO) return invalid("only a child's errors can go where its output goes");
      wired.number = output_number;
      break;
    case Stdio::Kind::null:
      wired.childs = Fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
      if (!wired.childs) return failed_errno(errno, "open /dev/null");
      wired.number = wired.childs.get();
      break;
    case Stdio::Kind::pipe: {
      Pipe pipe = TRY(open_pipe());
      bool childs_reads = target == STDIN_FILENO;
      wired.childs = std::move(childs_reads ? pipe.read_end : pipe.write_end);
      wired.ours = std::move(childs_reads ? pipe.write_end : pipe.read_end);
      wired.number = wired.childs.get();
      break;
    }
  }
  return wired;
}

std::unique_ptr<FdStream> stream_over(EpollLoop& loop, Fd fd) {
  return fd ? std::make_unique<FdStream>(loop, std::move(fd)) : nullptr;
}

}  // namespace

std::string ExitStatus::to_text() const {
  return signal != 0 ? text("signal {}", signal) : text("exit code {}", code);
}

Result<std::unique_ptr<Process>> Process::spawn(EpollLoop& loop, const Command& command) {
  Wired input = TRY(wire(command.input, STDIN_FILENO, -1));
  Wired output = TRY(wire(command.output, STDOUT_FILENO, -1));
  Wired errors = TRY(wire(command.errors, STDERR_FILENO, output.number));
  std::vector<Command::Passed> descriptors = {{input.number, 0}, {output.number, 1}, {errors.number, 2}};
  for (const Command::Passed& passed : command.passed) {
    if (passed.to < 3) return invalid("descriptor {} of a child is given as its stdio", passed.to);
    descriptors.push_back(passed);
  }
  Born born = TRY(give_birth(command, descriptors));
  std::unique_ptr<Process> process(new Process(loop, born.pid, std::move(born.pidfd)));
  process->input = stream_over(loop, std::move(input.ours));
  process->output = stream_over(loop, std::move(output.ours));
  process->errors = stream_over(loop, std::move(errors.ours));
  return process;
}

Process::~Process() {
  if (status_ || left_) return;
  (void)kill(SIGKILL);
  reap(0);
}

bool Process::reap(int wait_flags) {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | wait_flags) < 0)
    if (errno != EINTR) return false;
  if (info.si_pid == 0) return false;
  bool exited = info.si_code == CLD_EXITED;
  status_ = exited ? ExitStatus{.code = info.si_status} : ExitStatus{.signal = info.si_status};
  return true;
}

Task<ExitStatus> Process::wait() {
  co_await checkpoint();
  while (!status_ && !reap(WNOHANG)) {
    if (errno == ECHILD) co_return internal("process {} was reaped by somebody else", pid_);
    co_await ready_.readable();
  }
  co_return *status_;
}

Result<void> Process::kill(int signal) {
  if (status_) return not_found("process {} has ended with {}", pid_, status_->to_text());
  if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0) < 0)
    return failed_errno(errno, "send signal {} to process {}", signal, pid_);
  return {};
}

namespace {

Task<void> feed(FdStream& stream, std::string bytes) {
  Result<void> written = co_await stream.write(bytes_of(bytes)).result();
  if (!written && written.error().system_errno() != EPIPE)
    co_await std::move(written);  // a child need not read
  co_await stream.finish();
}

}  // namespace

Task<Captured> capture(EpollLoop& loop, Command command, std::string input, std::size_t bytes_max) {
  command.input = command.output = command.errors = Stdio::pipe();
  std::unique_ptr<Process> process = co_await Process::spawn(loop, command);
  auto [fed, output, errors] =
      co_await all(feed(*process->input, std::move(input)), read_to_end(*process->output, bytes_max),
                   read_to_end(*process->errors, bytes_max));
  ExitStatus status = co_await process->wait();
  co_return Captured{status, std::move(output), std::move(errors)};
}

}  // namespace podo::io
