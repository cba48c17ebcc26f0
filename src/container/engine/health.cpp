// The health checks of a running container: a strand that runs the probe again and again, as an exec.
#include "base/io/combine.h"
#include "container/engine/health_schedule.h"
#include "container/engine/local_engine.h"

namespace podo::engine {
namespace {

// The text of a stream in Docker's framing; what comes after the first `bytes_max` is read and dropped.
Task<std::string> read_output(io::Stream& stream, std::size_t bytes_max) {
  std::string output, frame;
  std::byte piece[4096];
  for (;;) {
    const std::size_t count = co_await stream.read(piece);
    if (count == 0) co_return output;
    frame.append(reinterpret_cast<const char*>(piece), count);
    while (frame.size() >= 8) {
      const auto* size_at = reinterpret_cast<const unsigned char*>(frame.data()) + 4;
      const std::size_t size =
          static_cast<std::size_t>(size_at[0]) << 24 | size_at[1] << 16 | size_at[2] << 8 | size_at[3];
      if (frame.size() < 8 + size) break;
      if (output.size() < bytes_max) output.append(frame, 8, std::min(size, bytes_max - output.size()));
      frame.erase(0, 8 + size);
    }
  }
}

}  // namespace

void LocalEngine::begin_health(const SlotPtr& slot) {
  if (!HealthSchedule::enabled(slot->container->config.healthcheck)) return;
  edit(*slot, [](Container& container) {
    container.state.health = {.status = "starting", .failing_streak = 0, .log = {}};
  });
  slot->health = std::make_unique<io::TaskGroup>(ground_.loop);
  slot->health->spawn(probe_health(slot), "health of " + slot->id());
}

void LocalEngine::end_health(Slot& slot) {
  slot.health.reset();
  if (slot.container->state.health.status == "none") return;
  edit(slot, [](Container& container) { container.state.health.status = "unhealthy"; });
}

Task<void> LocalEngine::probe_health(SlotPtr slot) {
  const docker::HealthConfig config = *slot->container->config.healthcheck;
  HealthSchedule schedule(config, slot->container->state.started_at);
  for (;;) {
    co_await io::sleep(schedule.next_delay(ground_.clock.wall()));
    if (slot->status() != Status::running) continue;  // paused
    const std::vector<std::string> command = HealthSchedule::command(config, slot->container->config.shell);
    const bool changed = schedule.record(co_await probe(slot, command, schedule));
    edit(*slot, [&](Container& container) { container.state.health = schedule.health(); });
    if (changed) tell(*slot, "health_status: " + schedule.health().status);
  }
}

Task<HealthResult> LocalEngine::probe(SlotPtr slot, std::vector<std::string> command,
                                      const HealthSchedule& schedule) {
  HealthResult result{.start = ground_.clock.wall(), .end = {}, .exit_code = -1, .output = {}};
  docker::ExecConfig config;
  config.attach_stdout = config.attach_stderr = true;
  config.cmd = std::move(command);
  const ExecSlotPtr exec = add_exec(slot, std::move(config));
  Result<std::string> output = co_await io::deadline(run_probe(exec), schedule.timeout()).result();
  const std::optional<int> code = exec->exec->exit_code;
  if (output && code) {
    result.exit_code = *code;
    result.output = *std::move(output);
  } else if (!output && output.error().system_errno() != ETIMEDOUT) {
    result.output = output.error().message();
  } else {
    result.output = schedule.timed_out();
    if (exec->exec->pid > 0) co_await kill_exec(exec);
  }
  result.end = ground_.clock.wall();
  co_await forget_exec(exec);
  co_return result;
}

Task<std::string> LocalEngine::run_probe(ExecSlotPtr exec) {
  const std::unique_ptr<io::Stream> stream = co_await start_exec(exec->exec->id, {});
  std::string output = co_await read_output(*stream, HealthSchedule::output_bytes_max);
  while (exec->exec->running) co_await exec->changed.wait();
  co_return output;
}

}  // namespace podo::engine
