// What a container goes through after it was made.
#include "base/io/combine.h"
#include "container/config/create_config.h"
#include "container/docker/filters.h"
#include "container/docker/handlers.h"
#include "container/docker/prune.h"

namespace podo::docker {
namespace {

Task<void> done_or_unchanged(Call& call, bool changed) { co_await call.nothing(changed ? 204 : 304); }

Result<engine::StopOptions> stop_options(const Call& call) {
  engine::StopOptions options;
  options.signal = call.query("signal");
  options.timeout_s = TRY(call.number("t"));
  return options;
}

Result<engine::WaitFor> wait_condition(const Call& call) {
  const std::string condition = call.query("condition");
  if (condition.empty() || condition == "not-running") return engine::WaitFor::not_running;
  if (condition == "next-exit") return engine::WaitFor::next_exit;
  if (condition == "removed") return engine::WaitFor::removed;
  return invalid("invalid condition: \"{}\"", condition);
}

Task<void> tell_outcome(Call& call, engine::Engine::Waiter& waiter) {
  const engine::Waited waited = co_await waiter.done();
  json::Writer out;
  out.object();
  if (!waited.error.empty()) out.key("Error").object().key("Message").string(waited.error).end();
  out.key("StatusCode").number(waited.exit_code).end();
  co_await call.exchange.write(out.take() + "\n");
  co_await call.exchange.end();
}

}  // namespace

Task<void> start_container(Call& call) {
  co_await done_or_unchanged(call, co_await call.engine().start(call.name, call.query("detachKeys")));
}

Task<void> stop_container(Call& call) {
  co_await done_or_unchanged(call, co_await call.engine().stop(call.name, co_await stop_options(call)));
}

Task<void> restart_container(Call& call) {
  co_await call.engine().restart(call.name, co_await stop_options(call));
  co_await call.nothing();
}

Task<void> kill_container(Call& call) {
  co_await call.engine().kill(call.name, call.query("signal"));
  co_await call.nothing();
}

Task<void> pause_container(Call& call) {
  co_await call.engine().pause(call.name);
  co_await call.nothing();
}

Task<void> unpause_container(Call& call) {
  co_await call.engine().unpause(call.name);
  co_await call.nothing();
}

Task<void> rename_container(Call& call) {
  if (call.query("name").empty()) co_await invalid("Neither old nor new names may be empty");
  co_await call.engine().rename(call.name, call.query("name"));
  co_await call.nothing();
}

Task<void> update_container(Call& call) {
  const json::Document body = co_await call.body();
  UpdateRequest request = co_await decode_update_request(body);
  const auto warnings = co_await call.engine().update(call.name, std::move(request));
  json::Writer out;
  out.object().key("Warnings");
  if (warnings.empty()) out.null();
  else {
    out.array();
    for (const auto& warning : warnings) out.string(warning);
    out.end();
  }
  co_await call.answer(200, out.end());
}

// The head goes out as soon as a later exit cannot be missed: clients start the container when they
// have it.
Task<void> wait_container(Call& call) {
  const auto waiter = co_await call.engine().wait(call.name, co_await wait_condition(call));
  co_await call.begin(200, "application/json");
  co_await while_client_stays(call, tell_outcome(call, *waiter));
}

Task<void> remove_container(Call& call) {
  co_await call.engine().remove(
      call.name, {.force = call.flag("force"), .volumes = call.flag("v"), .link = call.flag("link")});
  co_await call.nothing();
}

Task<void> prune_containers(Call& call) {
  const Filters filters = co_await Filters::parse(call.query("filters"));
  co_await filters.allow({"label", "label!", "until"});
  const Wall until = co_await prune_until(filters, call.now());
  Pruned pruned;
  for (const engine::ContainerPtr& container : call.engine().list()) {
    using engine::Status;
    const Status status = container->state.status;
    if (status != Status::created && status != Status::exited && status != Status::dead) continue;
    // One of a pod that lives: its logs and its exit code are still asked for.
    if (call.engine().find_sandbox(engine::sandbox_of_mode(container->host_config.network_mode))) continue;
    if (container->created > until || !filters.labels(container->config.labels)) continue;
    const auto usage = co_await call.engine().usage(container->id).result();
    const Result<> removed = co_await call.engine().remove(container->id, {}).result();
    if (!removed) continue;  // somebody has started it in the meantime
    pruned.names.push_back(container->id);
    if (usage) pruned.bytes += static_cast<std::uint64_t>(usage->writable_bytes);
  }
  tell_pruned(call, "container", pruned.bytes);
  co_await call.answer(200, pruned_json("ContainersDeleted", pruned, Empty::null));
}

}  // namespace podo::docker
