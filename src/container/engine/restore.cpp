// What an earlier daemon left, by its own will or not: running containers are found again, those that ended
// meanwhile are settled, what was interrupted is finished or undone, and leftovers are removed.
#include <filesystem>

#include "base/io/combine.h"
#include "base/io/outcome.h"
#include "container/engine/container_record.h"
#include "container/engine/local_engine.h"
#include "container/engine/restart_policy.h"
#include "container/engine/sandbox_join.h"
#include "container/volumes/run_folder.h"

namespace podo::engine {
namespace {

constexpr std::size_t starts_at_once = 8;

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    names.push_back(entry->path().filename().string());
  return names;
}

image::ImagePtr image_without_content(std::string id) {
  auto image = std::make_shared<image::Image>();
  image->id = std::move(id);
  return image;
}

}  // namespace

Task<void> LocalEngine::restore() {
  co_await sandboxes_->load();
  co_await load_records();
  co_await load_execs();
  std::vector<Task<Result<void>>> looks;
  for (const auto& [id, slot] : slots_) looks.push_back(io::outcome(find_run(slot)));
  for (const auto& [id, exec] : execs_) looks.push_back(io::outcome(find_exec_run(exec)));
  co_await io::all(std::move(looks));

  std::vector<std::string> running = sandboxes_->networks_in_use();
  for (const auto& [id, slot] : slots_) {
    if (slot->run && slot->run->monitor) running.push_back(id);
  }
  co_await ground_.networks.restore(std::move(running));
  co_await sandboxes_->finish_restore();
  co_await remove_leftovers();  // before go_on(), which may start containers again

  std::vector<Task<Result<void>>> rest;
  std::vector<SlotPtr> all;
  for (const auto& [id, slot] : slots_) all.push_back(slot);
  for (const SlotPtr& slot : all) rest.push_back(io::outcome(go_on(slot)));
  const std::vector<Result<void>> went = co_await io::all(std::move(rest));
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!went[i]) ground_.log.warn("container {}: {}", all[i]->id(), went[i].error().message());
  }
  start_by_policy();
}

Task<void> LocalEngine::load_records() {
  store::Pages pages(ground_.store, store::Range::prefix("container/"));
  while (const std::optional<store::Page> page = co_await pages.next()) {
    for (const store::Entry& entry : page->entries) {
      const auto document = json::parse(std::string(entry.value()));
      auto record = document ? decode_record(*document) : Result<Record>(Failure(document.error()));
      if (!record) {
        ground_.log.error("the record {} is damaged and left alone: {}", entry.key(),
                          record.error().message());
        continue;
      }
      Container& container = record->container;
      auto image = ground_.images.get(record->image_id);
      container.image = image ? *image : image_without_content(record->image_id);
      if (container.state.status == Status::restarting) container.state.status = Status::exited;
      const bool named = claim_name(container.name, container.id).has_value();
      if (!named) ground_.log.error("two containers are called {}", container.name);
      const SlotPtr slot = add(std::move(container));
      slot->complete = record->complete;
      slot->starting = record->starting;
    }
  }
}

Task<void> LocalEngine::load_execs() {
  store::Pages pages(ground_.store, store::Range::prefix("exec/"));
  std::vector<std::string> orphans;
  while (const std::optional<store::Page> page = co_await pages.next()) {
    for (const store::Entry& entry : page->entries) {
      const auto document = json::parse(std::string(entry.value()));
      auto exec = document ? decode_exec(*document) : Result<Exec>(Failure(document.error()));
      const auto slot = exec ? slots_.find(exec->container_id) : slots_.end();
      if (slot == slots_.end()) {
        orphans.emplace_back(entry.key());
        continue;
      }
      auto found = std::make_shared<ExecSlot>();
      found->container = slot->second;
      if (!exec->running && exec->started) found->ended_at = ground_.clock.wall();
      const std::string id = exec->id;
      if (exec->running || !exec->started)
        edit(*slot->second, [&](Container& container) { container.exec_ids.push_back(id); });
      found->exec = std::make_shared<const Exec>(*std::move(exec));
      execs_.emplace(id, std::move(found));
    }
  }
  for (const std::string& key : orphans)
    co_await store::remove(ground_.store, store::Range::key(key), store::Durability::relaxed);
}

// A monitor that lives; else what it left behind; else nobody knows.
Task<void> LocalEngine::find_run(SlotPtr slot) {
  if (!slot->complete || (!slot->starting && !is_alive(slot->status()))) co_return;
  const std::string folder = run_folder(slot->id());
  relay_of(*slot).begin_again();
  auto run = std::make_shared<Run>();
  auto monitor = co_await MonitorClient::connect(ground_.loop, folder, slot->relay).result();
  if (monitor) {
    run->monitor = *std::move(monitor);
    const auto listing =
        co_await ground_.pool.run([&runtime = runtime_, id = slot->id()] { return runtime.state(id); })
            .result();
    const bool paused = listing && listing->status == runtime::Status::paused;
    edit(*slot, [&](Container& container) {
      State& state = container.state;
      state.status = paused ? Status::paused : Status::running;
      state.pid = run->monitor->pid();
      if (slot->starting) state.started_at = ground_.clock.wall();
    });
  } else {
    run->ended = MonitorClient::read_ended(folder);
    if (!run->ended && slot->starting) co_return;  // its start never came so far: go_on() undoes it
    if (!run->ended) run->ended = Ended{.lost = true};
  }
  slot->run = std::move(run);
}

Task<void> LocalEngine::find_exec_run(ExecSlotPtr exec) {
  if (!exec->exec->running) co_return;
  const std::string folder = exec_folder(*exec->exec);
  exec->relay = AttachRelay::make({.tty = exec->exec->config.tty, .spill_folder = options_.data_folder});
  auto monitor = co_await MonitorClient::connect(ground_.loop, folder, exec->relay).result();
  if (monitor) {
    exec->monitor = *std::move(monitor);
    spawn(watch_exec(exec), "exec " + exec->exec->id);
    co_return;
  }
  const Ended ended = MonitorClient::read_ended(folder).value_or(Ended{.lost = true});
  edit_exec(*exec, [&](Exec& over) {
    over.running = false;
    over.exit_code = code_of(ended);
  });
  co_await exec_over(exec);
}

// What there is to do for one container now that it is known how it stands.
Task<void> LocalEngine::go_on(SlotPtr slot) {
  const Turn::Held held = co_await slot->turn.take();
  if (!slot->complete || slot->status() == Status::removing) co_return co_await erase(slot, true);
  if (slot->run && slot->run->monitor) co_return rejoin(slot);
  if (slot->run) {
    co_await settle_exit(slot);
    co_return co_await after_exit(slot);
  }
  if (slot->starting) {
    co_await clean_up(slot);
    slot->starting = false;
    co_await save(slot);
  }
  const bool ran = slot->status() == Status::exited;
  if (ran && slot->container->host_config.auto_remove) co_await erase(slot, true);
}

void LocalEngine::rejoin(const SlotPtr& slot) {
  const NetworkMode mode = network_mode(slot->container->host_config);
  edit(*slot, [&](Container& container) {
    container.endpoints.clear();
    for (const network::Endpoint* endpoint : ground_.networks.endpoints_of_container(slot->id()))
      container.endpoints.push_back(*endpoint);
    note_sandbox(*sandboxes_, container);
    if (mode.kind != NetworkMode::Kind::container) return;
    const std::string folder = data_folder(mode.name);
    container.hosts_path = folder + "/hosts";
    container.hostname_path = folder + "/hostname";
    container.resolv_conf_path = folder + "/resolv.conf";
  });
  if (std::exchange(slot->starting, false)) save_later(slot);
  slot->log_life = std::make_shared<LogLife>();
  begin_health(slot);
  spawn(watch_run(slot, slot->run), "container " + slot->id());
}

// Folders, mounts and runtime states of containers that do not run, or that there are not.
Task<void> LocalEngine::remove_leftovers() {
  const std::string run = options_.run_folder, data = options_.data_folder;
  auto names = co_await ground_.pool.run([run, data]() -> Result<std::array<std::vector<std::string>, 3>> {
    return std::array{names_in(run + "/containers"), names_in(run + "/oci"), names_in(data + "/containers")};
  });
  const auto runs = [this](const std::string& id) {
    const auto slot = slots_.find(id);
    return slot != slots_.end() && slot->second->run != nullptr;
  };
  std::erase_if(names[0], runs);
  // '@' is a cache of the runtime's, '~' the state of a container whose removal was interrupted.
  std::erase_if(names[1], [&](const std::string& id) { return id.starts_with('@') || runs(id); });
  std::erase_if(names[2], [this](const std::string& id) { return slots_.contains(id); });
  for (const std::string& id : names[0]) co_await ground_.images.unmount(run_folder(id) + "/rootfs").result();
  co_await ground_.pool.run([&runtime = runtime_, &log = ground_.log, names, run, data]() -> Result<void> {
    for (const std::string& id : names[1]) {
      const auto gone =
          id.starts_with('~') ? remove_run_folder(text("{}/oci/{}", run, id)) : runtime.remove(id, true);
      if (!gone) log.warn("{}", gone.error().message());
    }
    for (const std::string& id : names[0]) {
      const std::string folder = text("{}/containers/{}", run, id);
      release_mounts(folder);
      if (const auto gone = remove_run_folder(folder); !gone) log.warn("{}", gone.error().message());
    }
    for (const std::string& id : names[2]) {
      std::error_code error;
      std::filesystem::remove_all(text("{}/containers/{}", data, id), error);
    }
    return {};
  });
}

void LocalEngine::start_by_policy() {
  std::vector<SlotPtr> first, then;  // who shares another one's network comes after it
  for (const auto& [id, slot] : slots_) {
    const Container& container = *slot->container;
    const bool wanted = slot->status() == Status::exited &&
                        should_start_with_daemon(container.host_config.restart_policy, container.state);
    if (!wanted) continue;
    const bool shares = network_mode(container.host_config).kind == NetworkMode::Kind::container;
    (shares ? then : first).push_back(slot);
  }
  first.insert(first.end(), then.begin(), then.end());
  auto queue = std::make_shared<std::deque<SlotPtr>>(first.begin(), first.end());
  for (std::size_t i = 0; i < std::min(starts_at_once, queue->size()); ++i)
    spawn(start_from(queue), "start with the daemon");
}

Task<void> LocalEngine::start_from(std::shared_ptr<std::deque<SlotPtr>> queue) {
  while (!queue->empty()) {
    const SlotPtr slot = queue->front();
    queue->pop_front();
    const Turn::Held held = co_await slot->turn.take();
    if (slot->removed || slot->status() != Status::exited) continue;
    const Result<void> started = co_await bring_up(slot).result();
    if (!started) ground_.log.warn("container {}: {}", slot->id(), started.error().message());
  }
}

}  // namespace podo::engine
