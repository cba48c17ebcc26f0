// What of a container can change: its name, its limits, its restart policy.
#include "base/io/combine.h"
#include "container/engine/container_name.h"
#include "container/engine/local_engine.h"

namespace podo::engine {
namespace {

template <class T>
void take(T& own, const T& wanted) {
  if (wanted != T{}) own = wanted;
}

// What was not asked for stays as it is.
void merge(docker::Resources& own, const docker::Resources& wanted) {
  take(own.cpu_shares, wanted.cpu_shares);
  take(own.nano_cpus, wanted.nano_cpus);
  take(own.cpu_period, wanted.cpu_period);
  take(own.cpu_quota, wanted.cpu_quota);
  take(own.cpu_realtime_period, wanted.cpu_realtime_period);
  take(own.cpu_realtime_runtime, wanted.cpu_realtime_runtime);
  take(own.cpuset_cpus, wanted.cpuset_cpus);
  take(own.cpuset_mems, wanted.cpuset_mems);
  take(own.blkio_weight, wanted.blkio_weight);
  take(own.memory, wanted.memory);
  take(own.memory_swap, wanted.memory_swap);
  take(own.memory_reservation, wanted.memory_reservation);
  take(own.kernel_memory, wanted.kernel_memory);
  if (wanted.pids_limit) own.pids_limit = wanted.pids_limit;
}

Result<> check_merge(const docker::Resources& own, const docker::Resources& wanted) {
  if (own.nano_cpus > 0 && (wanted.cpu_period > 0 || wanted.cpu_quota > 0))
    return invalid("Conflicting options: CPU {} cannot be updated as NanoCPUs has already been set",
                   wanted.cpu_period > 0 ? "Period" : "Quota");
  if (wanted.nano_cpus > 0 && (own.cpu_period > 0 || own.cpu_quota > 0))
    return invalid("Conflicting options: Nano CPUs cannot be updated as CPU {} has already been set",
                   own.cpu_period > 0 ? "Period" : "Quota");
  if (wanted.memory > 0 && wanted.memory_swap == 0 && own.memory_swap > 0 && wanted.memory > own.memory_swap)
    return conflict(
        "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the "
        "same time");
  return {};
}

}  // namespace

Task<void> LocalEngine::rename(std::string reference, std::string name) {
  co_await io::shielded(rename_whole(co_await find(reference), std::move(name)));
}

Task<void> LocalEngine::rename_whole(SlotPtr slot, std::string wanted) {
  if (wanted.empty() || wanted == "/") co_await invalid("Neither old nor new names may be empty");
  const std::string name = co_await check_name(wanted);
  const Turn::Held held = co_await slot->turn.take();
  co_await may(Verb::rename, slot->status(), slot->id(), slot->container->name);
  const std::string old = slot->container->name;
  if (name == old) co_await invalid("Renaming a container with the same name as its current name");
  if (const Result<> claimed = claim_name(name, slot->id()); !claimed)
    co_await Failure(Error(claimed.error()).within("Error when allocating new name"));
  edit(*slot, [&](Container& container) { container.name = name; });
  names_.erase(old);
  co_await save(slot);
  if (!slot->container->endpoints.empty()) co_await ground_.networks.rename_container(slot->id(), name);
  tell(*slot, "rename", {{"oldName", "/" + old}});
}

Task<std::vector<std::string>> LocalEngine::update(std::string reference, docker::UpdateRequest request) {
  co_return co_await io::shielded(update_whole(co_await find(reference), std::move(request)));
}

Task<std::vector<std::string>> LocalEngine::update_whole(SlotPtr slot, docker::UpdateRequest request) {
  std::vector<std::string> warnings;
  const Turn::Held held = co_await slot->turn.take();
  co_await may(Verb::update, slot->status(), slot->id(), slot->container->name);
  const docker::HostConfig& host = slot->container->host_config;
  co_await check_resources(request.resources, machine_, warnings);
  co_await check_merge(host.resources, request.resources);
  if (request.restart_policy) co_await check_restart_policy(*request.restart_policy, host.auto_remove);

  if (is_alive(slot->status())) {
    const oci::Resources limits = make_resources(request.resources, machine_, {}, warnings);
    const Result<void> done = co_await ground_.pool
                                  .run([&runtime = runtime_, id = slot->id(), limits]() -> Result<void> {
                                    return runtime.update(id, limits);
                                  })
                                  .result();
    if (!done) co_return Failure(Error(done.error()).within(text("Cannot update container {}", slot->id())));
  }
  edit(*slot, [&](Container& container) {
    merge(container.host_config.resources, request.resources);
    if (request.restart_policy) container.host_config.restart_policy = *request.restart_policy;
  });
  co_await save(slot);
  tell(*slot, "update");
  co_return warnings;
}

}  // namespace podo::engine
