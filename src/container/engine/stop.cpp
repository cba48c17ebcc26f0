// Signals: kill, stop and restart.
#include <signal.h>

#include "base/io/combine.h"
#include "base/linux/signal_name.h"
#include "container/engine/local_engine.h"

namespace podo::engine {
namespace {

constexpr std::int64_t default_grace_s = 10;
constexpr Duration death_limit = seconds(10);  // after SIGKILL

Task<void> wait_over(std::shared_ptr<Run> run) {
  while (!run->ended) co_await run->over.wait();
}

Task<bool> is_over_within(std::shared_ptr<Run> run, std::optional<Duration> limit) {
  if (limit) co_await io::deadline(wait_over(run), *limit).result();
  else co_await wait_over(run);
  co_return run->ended.has_value();
}

Result<int> stop_signal(const docker::Config& config) {
  if (config.stop_signal.empty()) return SIGTERM;
  return linux::parse_signal(config.stop_signal);
}

Result<int> read_signal(std::string_view words) {
  if (auto signal = linux::parse_signal(words)) return signal;
  return invalid("invalid signal: {}", words);
}

Task<void> wait_until_down(SlotPtr slot) {
  while (is_alive(slot->status()) && !slot->removed) co_await slot->changed.wait();
}

}  // namespace

Task<bool> LocalEngine::stop(std::string reference, StopOptions options) {
  co_return co_await io::shielded(stop_whole(co_await find(reference), std::move(options)));
}

Task<bool> LocalEngine::stop_whole(SlotPtr slot, StopOptions options) {
  const Turn::Held held = co_await slot->turn.take();
  if (co_await may(Verb::stop, slot->status(), slot->id(), slot->container->name) == Allowed::nothing_to_do)
    co_return false;
  if (slot->status() == Status::restarting) {
    co_await stop_by_user(slot);
  } else {
    co_await end_run(slot, options, StopBy::user);
    co_await settle_exit(slot);
  }
  tell(*slot, "stop");
  co_await after_exit(slot);
  co_return true;
}

// It waits for its next restart, which then does not come.
Task<void> LocalEngine::stop_by_user(SlotPtr slot) {
  edit(*slot, [](Container& container) {
    container.state.stopped_by_user = true;
    if (container.state.status == Status::restarting) container.state.status = Status::exited;
  });
  co_await save(slot);
}

// The container's own signal, grace, SIGKILL; returns when the process has ended.
Task<void> LocalEngine::end_run(SlotPtr slot, StopOptions options, StopBy who) {
  const docker::Config& config = slot->container->config;
  const int signal = co_await (options.signal.empty() ? stop_signal(config) : read_signal(options.signal));
  const std::int64_t grace_s = options.timeout_s.value_or(config.stop_timeout_s.value_or(default_grace_s));
  const std::shared_ptr<Run> run = slot->run;
  // First it is known that this was wanted: should we end now, nobody starts it again.
  if (who == StopBy::user) co_await stop_by_user(slot);
  co_await send_signal(slot, signal).result();
  if (co_await is_over_within(run, grace_s < 0 ? std::nullopt : std::optional(seconds(grace_s)))) co_return;
  ground_.log.info("container {} did not stop within {} s and is killed", slot->id(), grace_s);
  co_await send_signal(slot, SIGKILL).result();
  if (co_await is_over_within(run, death_limit)) co_return;
  co_await unavailable("tried to kill container, but did not receive an exit event");
}

// One that is paused gets it, too: it goes on for that.
Task<void> LocalEngine::send_signal(SlotPtr slot, int signal) {
  const bool paused = slot->status() == Status::paused;
  co_await ground_.pool.run([&runtime = runtime_, id = slot->id(), signal, paused]() -> Result<void> {
    if (auto sent = runtime.kill(id, signal, false); !sent) return sent;
    if (paused && signal != SIGKILL) return runtime.resume(id);
    return {};
  });
  tell(*slot, "kill", {{"signal", text("{}", signal)}});
}

Task<void> LocalEngine::kill(std::string reference, std::string signal) {
  const SlotPtr slot = co_await find(reference);
  const int number = signal.empty() ? SIGKILL : co_await read_signal(signal);
  const Result<void> killed = co_await io::shielded(kill_whole(slot, number)).result();
  if (!killed) co_await Failure(Error(killed.error()).within(text("cannot kill container: {}", reference)));
}

// Does not wait for the container's turn: who stops it may have it for long.
Task<void> LocalEngine::kill_whole(SlotPtr slot, int signal) {
  co_await may(Verb::kill, slot->status(), slot->id(), slot->container->name);
  if (slot->status() == Status::restarting) {
    co_await stop_by_user(slot);
    co_return;
  }
  const bool ends_it = signal == SIGKILL || signal == stop_signal(slot->container->config).value_or(SIGTERM);
  if (ends_it) co_await stop_by_user(slot);
  const Result<void> sent = co_await send_signal(slot, signal).result();
  // It has ended, and that is being settled.
  const bool too_late =
      !sent && (sent.error().kind() == ErrorKind::conflict || sent.error().kind() == ErrorKind::not_found);
  if (!sent && !too_late) co_await Failure(sent.error());
  if (too_late && signal != SIGKILL) co_await conflict("container {} is not running", slot->id());
  if (signal == SIGKILL) co_await io::deadline(wait_until_down(slot), death_limit);
}

Task<void> LocalEngine::restart(std::string reference, StopOptions options) {
  co_await io::shielded(restart_whole(co_await find(reference), std::move(options)));
}

Task<void> LocalEngine::restart_whole(SlotPtr slot, StopOptions options) {
  const Turn::Held held = co_await slot->turn.take();
  co_await may(Verb::restart, slot->status(), slot->id(), slot->container->name);
  if (slot->status() == Status::restarting) co_await stop_by_user(slot);
  if (is_alive(slot->status())) {
    co_await end_run(slot, options, StopBy::restart);
    co_await settle_exit(slot);
    edit(*slot, [](Container& container) { container.state.status = Status::exited; });
    tell(*slot, "stop");
  }
  slot->back_off = {};
  co_await bring_up(slot);
  tell(*slot, "restart");
}

}  // namespace podo::engine
