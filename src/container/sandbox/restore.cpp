// Sandboxes that an earlier daemon made: those of this boot are kept, those of an earlier one are lost, what
// was half made or half removed goes. And what becomes of one whose first process dies.
#include <sys/wait.h>

#include <filesystem>

#include "base/io/combine.h"
#include "base/io/outcome.h"
#include "container/runtime/state.h"
#include "container/sandbox/sandboxes.h"

namespace podo::engine {

Task<void> Sandboxes::load() {
  boot_id_ = co_await runtime::read_boot_id();
  store::Pages pages(ground_.store, store::Range::prefix("sandbox/"));
  while (const std::optional<store::Page> page = co_await pages.next()) {
    for (const store::Entry& entry : page->entries) {
      const auto document = json::parse(std::string(entry.value()));
      auto record = document ? decode_sandbox(*document) : Result<SandboxRecord>(Failure(document.error()));
      if (!record) {
        ground_.log.error("the record {} is damaged and left alone: {}", entry.key(),
                          record.error().message());
        continue;
      }
      const OnePtr one = add(std::move(record->state));
      one->boot_id = record->boot_id;
      one->complete = record->complete;
      one->removing = record->removing;
      one->first_process = {record->init_pid, record->init_start};
    }
  }
  std::vector<Task<Result<void>>> looks;
  for (const auto& [id, one] : all_) looks.push_back(io::outcome(look(one)));
  co_await io::all(std::move(looks));
}

Task<void> Sandboxes::look(OnePtr one) {
  if (!one->complete || one->removing || one->state->lost) co_return;
  const bool whole = co_await ground_.pool.run([same_boot = one->boot_id == boot_id_, paths = one->paths,
                                                process = one->first_process]() -> Result<bool> {
    if (!same_boot || !is_intact(paths)) return false;
    return paths.pid.empty() || find_first_process(process).has_value();
  });
  if (whole) co_return;
  edit(*one, [](SandboxState& state) { state.lost = true; });
  co_await save(one);
}

std::vector<std::string> Sandboxes::networks_in_use() const {
  std::vector<std::string> ids;
  for (const auto& [id, one] : all_) {
    if (one->complete && !one->state->lost && has_own_network(one->state->wish)) ids.push_back(id);
  }
  return ids;
}

Task<void> Sandboxes::finish_restore() {
  std::vector<OnePtr> half;
  for (const auto& [id, one] : all_) {
    if (!one->complete || one->removing) half.push_back(one);
    else if (one->first_process.pid != 0 && !one->state->lost) watch_first_process(one);
    edit(*one, [&](SandboxState& state) {
      for (const network::Endpoint* endpoint : ground_.networks.endpoints_of_container(id))
        state.endpoints.push_back(*endpoint);
    });
  }
  for (const OnePtr& one : half) {
    const Turn::Held held = co_await one->turn.take();
    one->removing = true;
    const Result<void> gone = co_await forget(one).result();
    if (!gone) ground_.log.warn("sandbox {}: {}", one->state->wish.id, gone.error().message());
  }
  co_await remove_unknown_folders();
}

Task<void> Sandboxes::remove_unknown_folders() {
  std::set<std::string> known;
  for (const auto& [id, one] : all_) known.insert(id);
  co_await ground_.pool.run([folder = options_.run_folder + "/sandboxes", known = std::move(known),
                             &log = ground_.log]() -> Result<void> {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      if (known.contains(entry->path().filename().string())) continue;
      if (const auto gone = release_sandbox(entry->path().string()); !gone)
        log.warn("{}", gone.error().message());
    }
    return {};
  });
}

void Sandboxes::watch_first_process(const OnePtr& one) {
  watches_.spawn(watch(one), "the first process of sandbox " + one->state->wish.id);
}

// It dies only when somebody kills it: then every process of the sandbox is dead, and no other can be born.
Task<void> Sandboxes::watch(OnePtr one) {
  if (const auto pidfd = find_first_process(one->first_process)) {
    io::Readiness ended(ground_.loop, pidfd->get());
    co_await ended.readable();
    siginfo_t info{};  // it may be an earlier daemon's, and not our child
    (void)::waitid(P_PIDFD, static_cast<id_t>(pidfd->get()), &info, WEXITED | WNOHANG);
  }
  if (one->removing) co_return;
  edit(*one, [](SandboxState& state) { state.lost = true; });
  ground_.log.warn("the first process of the sandbox {} has died", one->state->wish.id);
  co_await save(one).result();
}

}  // namespace podo::engine
