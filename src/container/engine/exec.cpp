// Execs: further processes in a running container, as things that are made, started and asked about.
#include "base/io/combine.h"
#include "container/engine/container_name.h"
#include "container/engine/container_record.h"
#include "container/engine/local_engine.h"

namespace podo::engine {
namespace {

// So long its exit code can be asked for.
constexpr Duration remembered_for = seconds(300);

std::string joined(const docker::Strings& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += word;
  }
  return line;
}

}  // namespace

Task<std::string> LocalEngine::create_exec(std::string reference, docker::ExecConfig config) {
  const SlotPtr slot = co_await find(reference);
  if (config.cmd.empty()) co_return invalid("No exec command specified");
  co_await may(Verb::exec, slot->status(), slot->id(), slot->container->name);
  co_await forget_old_execs(slot);
  const ExecSlotPtr exec = add_exec(slot, std::move(config));
  co_await save_exec(exec);
  co_return exec->exec->id;
}

ExecSlotPtr LocalEngine::add_exec(const SlotPtr& slot, docker::ExecConfig config) {
  auto exec = std::make_shared<ExecSlot>();
  exec->container = slot;
  Exec first;
  first.id = make_id(ground_.random);
  first.container_id = slot->id();
  first.config = std::move(config);
  exec->exec = std::make_shared<const Exec>(std::move(first));
  const std::string& id = exec->exec->id;
  execs_.emplace(id, exec);
  edit(*slot, [&](Container& container) { container.exec_ids.push_back(id); });
  tell(*slot, "exec_create: " + joined(exec->exec->config.cmd), {{"execID", id}});
  return exec;
}

Result<ExecSlotPtr> LocalEngine::find_exec(std::string_view id) const {
  const auto found = execs_.find(id);
  if (found == execs_.end()) return not_found("No such exec instance: {}", id);
  return found->second;
}

Result<ExecPtr> LocalEngine::get_exec(std::string_view id) const { return TRY(find_exec(id))->exec; }

Task<int> LocalEngine::wait_exec(std::string id) {
  const ExecSlotPtr exec = co_await find_exec(id);
  while (!exec->exec->exit_code) co_await exec->changed.wait();
  co_return *exec->exec->exit_code;
}

void LocalEngine::edit_exec(ExecSlot& slot, const std::function<void(Exec&)>& change) {
  auto next = std::make_shared<Exec>(*slot.exec);
  change(*next);
  slot.exec = std::move(next);
  slot.changed.notify_all();
}

Task<void> LocalEngine::save_exec(ExecSlotPtr exec) {
  const Turn::Held held = co_await exec->container->saving.take();
  if (exec->container->removed || !execs_.contains(exec->exec->id)) co_return;
  co_await store::write(ground_.store, "exec/" + exec->exec->id, encode_exec(*exec->exec),
                        store::Durability::relaxed);
}

Task<void> LocalEngine::forget_exec(ExecSlotPtr exec) {
  const Turn::Held held = co_await exec->container->saving.take();
  execs_.erase(exec->exec->id);
  co_await store::remove(ground_.store, store::Range::key("exec/" + exec->exec->id),
                         store::Durability::relaxed);
}

Task<void> LocalEngine::forget_old_execs(SlotPtr slot) {
  std::vector<ExecSlotPtr> old;
  const Wall now = ground_.clock.wall();
  for (const auto& [id, exec] : execs_) {
    if (exec->container == slot && exec->ended_at.ns != 0 && now.ns - exec->ended_at.ns > remembered_for.ns)
      old.push_back(exec);
  }
  for (const ExecSlotPtr& exec : old) co_await forget_exec(exec);
}

std::string LocalEngine::exec_folder(const Exec& exec) const {
  return text("{}/exec-{}", run_folder(exec.container_id), exec.id);
}

Task<void> LocalEngine::resize_exec(std::string id, std::uint32_t height, std::uint32_t width) {
  const ExecSlotPtr exec = co_await find_exec(id);
  if (!exec->exec->running || !exec->monitor) co_await conflict("exec process is not started");
  exec->monitor->resize(height, width);
}

}  // namespace podo::engine
