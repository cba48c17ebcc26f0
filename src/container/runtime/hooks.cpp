#include "container/runtime/hooks.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "base/core/clock.h"
#include "base/linux/process.h"
#include "base/linux/spawn.h"

namespace podo::runtime {
namespace {

constexpr std::size_t tail_bytes = 1024;

struct Pipe {
  io::Fd read_end, write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed_errno(errno, "pipe");
  return Pipe{io::Fd(ends[0]), io::Fd(ends[1])};
}

// A hook that ends without reading its stdin is not our end.
class IgnoredPipeSignal {
 public:
  IgnoredPipeSignal() {
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before_);
  }
  ~IgnoredPipeSignal() { ::sigaction(SIGPIPE, &before_, nullptr); }
  IgnoredPipeSignal(const IgnoredPipeSignal&) = delete;
  IgnoredPipeSignal& operator=(const IgnoredPipeSignal&) = delete;

 private:
  struct sigaction before_;
};

// One hook's run: its stdin is fed and its output drained until it ends, whatever it does with either. What
// it leaves behind may keep the pipe of its output open: only its own end counts.
class HookRun {
 public:
  HookRun(linux::Child child, io::Fd in, io::Fd out, std::string_view input)
      : child_(std::move(child)), in_(std::move(in)), out_(std::move(out)), input_(input) {}

  // Absent: it did not end in time, and was killed with all of its process group.
  Result<std::optional<linux::Ending>> follow(std::optional<Duration> limit) {
    const SystemClock clock;
    const Monotonic start = clock.now();
    for (;;) {
      int wait_ms = -1;
      if (limit) {
        const Duration left = *limit - (clock.now() - start);
        if (left.ns <= 0) return kill();
        wait_ms = static_cast<int>(std::min<std::int64_t>(left.ns / 1'000'000 + 1, INT32_MAX));
      }
      std::array<pollfd, 3> watched = {pollfd{child_.pidfd.get(), POLLIN, 0}, pollfd{in_.get(), POLLOUT, 0},
                                       pollfd{out_.get(), POLLIN, 0}};  // poll ignores a negative descriptor
      if (::poll(watched.data(), watched.size(), wait_ms) < 0) {
        if (errno == EINTR) continue;
        return failed_errno(errno, "poll");
      }
      if (watched[1].revents != 0) feed();
      if (watched[2].revents != 0) drain();
      if (watched[0].revents != 0) {
        drain();  // what it said last
        return TRY(linux::reap(child_));
      }
    }
  }

  const std::string& output_tail() const { return tail_; }

 private:
  void feed() {
    const ssize_t count = ::write(in_.get(), input_.data(), input_.size());
    if (count > 0) input_.remove_prefix(static_cast<std::size_t>(count));
    const bool broken = count < 0 && errno != EAGAIN && errno != EINTR;
    if (input_.empty() || broken) in_.close();
  }

  void drain() {
    char piece[4096];
    while (out_) {
      const ssize_t count = ::read(out_.get(), piece, sizeof piece);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) return out_.close();
      tail_.append(piece, static_cast<std::size_t>(count));
      if (tail_.size() > tail_bytes) tail_.erase(0, tail_.size() - tail_bytes);
    }
  }

  Result<std::optional<linux::Ending>> kill() {
    ::kill(-child_.pid, SIGKILL);  // not reaped yet: the number is still its own
    TRY(linux::reap(child_));
    return std::nullopt;
  }

  linux::Child child_;
  io::Fd in_, out_;
  std::string_view input_;
  std::string tail_;
};

Result<> run_hook(const oci::Hook& hook, std::string_view state_json, const std::string& directory) {
  if (hook.timeout_s && *hook.timeout_s <= 0) return invalid("timeout: must be greater than zero");
  Pipe in = TRY(make_pipe()), out = TRY(make_pipe());
  linux::Child child = TRY(linux::spawn({.path = hook.path,
                                         .args = hook.args,
                                         .env = hook.env,
                                         .directory = directory,
                                         .in = in.read_end.get(),
                                         .out = out.write_end.get(),
                                         .err = out.write_end.get(),
                                         .own_group = true}));
  in.read_end.close();
  out.write_end.close();
  ::fcntl(in.write_end.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(out.read_end.get(), F_SETFL, O_NONBLOCK);
  std::optional<Duration> limit;
  if (hook.timeout_s) limit = seconds(std::min<std::int64_t>(*hook.timeout_s, 1'000'000'000));

  const IgnoredPipeSignal ignored;
  HookRun run(std::move(child), std::move(in.write_end), std::move(out.read_end), state_json);
  const auto ending = TRY(run.follow(limit));
  if (ending && ending->succeeded()) return {};
  std::string said = run.output_tail();
  said.erase(said.find_last_not_of(" \n") + 1);
  const std::string how =
      ending ? linux::describe(*ending) : text("killed after its timeout of {} s", *hook.timeout_s);
  return fail(ErrorKind::unavailable, said.empty() ? how : text("{}: {}", how, said));
}

}  // namespace

Result<> run_hooks(std::string_view kind, std::span<const oci::Hook> hooks, std::string_view state_json,
                   const std::string& directory) {
  for (const oci::Hook& hook : hooks) {
    TRY_IN(text("{} hook {}", kind, hook.path), run_hook(hook, state_json, directory));
  }
  return {};
}

void run_hooks_warning(std::string_view kind, std::span<const oci::Hook> hooks, std::string_view state_json,
                       const std::string& directory, Log& log) {
  for (const oci::Hook& hook : hooks) {
    if (const auto ran = run_hooks(kind, std::span(&hook, 1), state_json, directory); !ran) {
      log.write(LogLevel::warning, ran.error().message());
    }
  }
}

}  // namespace podo::runtime
