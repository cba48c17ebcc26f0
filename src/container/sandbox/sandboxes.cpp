// Sandboxes made, found and removed.
#include "container/sandbox/sandboxes.h"

#include <unistd.h>

#include "base/io/combine.h"
#include "base/io/outcome.h"
#include "base/linux/file.h"
#include "container/sandbox/control_groups.h"

namespace podo::engine {
namespace {

constexpr std::size_t hosts_bytes_max = 1 << 20;

// Beside the groups of the containers, since on v2 a group with groups in it holds no processes.
std::string process_group_of(const SandboxWish& wish) { return wish.cgroup_parent + "/sandbox-init"; }

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

struct SandboxFiles {
  std::string hosts, hostname, resolv_conf;
};

Result<> write_sandbox_files(const SandboxPaths& paths, const SandboxFiles& files) {
  TRY(write_sandbox_file(paths.hosts, files.hosts));
  TRY(write_sandbox_file(paths.hostname, files.hostname + "\n"));
  return write_sandbox_file(paths.resolv_conf, files.resolv_conf);
}

}  // namespace

Sandboxes::Sandboxes(const SandboxesGround& ground, SandboxesOptions options)
    : ground_(ground), options_(std::move(options)), watches_(ground.loop) {}

void Sandboxes::close() { watches_.cancel(); }

Sandboxes::OnePtr Sandboxes::find_one(std::string_view id) const {
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : found->second;
}

SandboxPtr Sandboxes::find(std::string_view id) const {
  const OnePtr one = find_one(id);
  return one != nullptr && one->complete ? one->state : nullptr;
}

std::vector<SandboxPtr> Sandboxes::list() const {
  std::vector<SandboxPtr> list;
  for (const auto& [id, one] : all_) {
    if (one->complete) list.push_back(one->state);
  }
  return list;
}

Sandboxes::OnePtr Sandboxes::add(SandboxState state) {
  const auto one = std::make_shared<One>(std::make_shared<const SandboxState>(std::move(state)));
  one->paths = paths_of(one->state->wish, options_.run_folder);
  one->boot_id = boot_id_;
  all_.emplace(one->state->wish.id, one);
  return one;
}

void Sandboxes::edit(One& one, const std::function<void(SandboxState&)>& change) {
  auto next = std::make_shared<SandboxState>(*one.state);
  change(*next);
  one.state = std::move(next);
}

Task<void> Sandboxes::save(OnePtr one) {
  if (one->gone) co_return;
  std::string record = encode_sandbox({.state = *one->state,
                                       .boot_id = one->boot_id,
                                       .complete = one->complete,
                                       .removing = one->removing,
                                       .init_pid = one->first_process.pid,
                                       .init_start = one->first_process.start_time});
  co_await store::write(ground_.store, "sandbox/" + one->state->wish.id, std::move(record),
                        store::Durability::relaxed);
}

// --- make -------------------------------------------------------------------------------------------------

Task<SandboxPtr> Sandboxes::make(SandboxWish wish) {
  co_return co_await io::shielded(make_whole(std::move(wish)));
}

Task<SandboxPtr> Sandboxes::make_whole(SandboxWish wish) {
  if (wish.cgroup_parent.empty())
    wish.cgroup_parent = text("/{}/sandbox-{}", options_.cgroup_parent, wish.id);
  co_await check_sandbox(wish, options_.cgroup_parent);
  if (all_.contains(wish.id)) co_await already_exists("the sandbox {} exists", wish.id);
  SandboxState state;
  state.created = ground_.clock.wall();
  state.wish = std::move(wish);
  const OnePtr one = add(std::move(state));
  const Turn::Held held = co_await one->turn.take();
  const Result<void> made = co_await make_parts(one).result();
  if (made) co_return one->state;
  one->removing = true;  // should the undoing fail, remove() does it
  const Result<void> undone = co_await forget(one).result();
  if (!undone) ground_.log.warn("undo the sandbox {}: {}", one->state->wish.id, undone.error().message());
  co_return Failure(made.error());
}

// The path. What does not need each other is made side by side, and all of it to its end: what failed is
// undone only when nothing is under way any more.
Task<void> Sandboxes::make_parts(OnePtr one) {
  co_await save(one);  // incomplete: should we end here, the next daemon takes the parts away
  const SandboxSysctls sysctls = co_await plan_sandbox_sysctls(one->state->wish);
  auto [network, namespaces, group] =
      co_await io::all(io::outcome(make_network(one)),
                       io::outcome(ground_.pool.run([wish = one->state->wish, paths = one->paths, sysctls] {
                         return make_sandbox_namespaces(wish, paths, sysctls);
                       })),
                       io::outcome(make_group(one)));
  co_await std::move(network);
  co_await std::move(namespaces);
  co_await std::move(group);
  if (one->state->wish.share_processes) co_await make_first_process(one);
  auto [set, files, published] = co_await io::all(io::outcome(ground_.pool.run([paths = one->paths, sysctls] {
                                                    return set_sandbox_network(paths, sysctls);
                                                  })),
                                                  io::outcome(write_files(one)), io::outcome(publish(one)));
  co_await std::move(set);
  co_await std::move(files);
  co_await std::move(published);
  one->complete = true;
  co_await save(one);
}

Task<void> Sandboxes::make_network(OnePtr one) {
  const SandboxPtr state = one->state;
  const SandboxWish& wish = state->wish;
  if (!has_own_network(wish)) co_return;
  const network::NetworkRecord* record = ground_.networks.find(wish.network);
  if (record == nullptr) co_await not_found("network {} not found", wish.network);
  const bool has_links = record->driver != "host" && record->driver != "null" && record->name != "none";
  const std::string network_id = record->id;
  co_await ground_.networks.make_sandbox(wish.id);
  if (!has_links) co_return;
  network::EndpointWish endpoint_wish;
  endpoint_wish.container_id = wish.id;
  endpoint_wish.container_name = wish.name;
  network::Endpoint endpoint = co_await ground_.networks.attach(network_id, std::move(endpoint_wish));
  edit(*one, [&](SandboxState& changed) { changed.endpoints.push_back(std::move(endpoint)); });
}

Task<void> Sandboxes::make_group(OnePtr one) {
  std::vector<std::string> warnings;
  const oci::Resources limits = make_resources(one->state->wish.limits, ground_.machine, {}, warnings);
  for (const std::string& warning : warnings)
    ground_.log.warn("sandbox {}: {}", one->state->wish.id, warning);
  co_await ground_.pool.run([path = one->state->wish.cgroup_parent, limits, &log = ground_.log] {
    return set_control_group(path, limits, log);
  });
}

Task<void> Sandboxes::make_first_process(OnePtr one) {
  one->first_process =
      co_await ground_.pool.run([paths = one->paths, program = options_.first_process_program,
                                 group = process_group_of(one->state->wish)]() -> Result<FirstProcess> {
        return start_first_process(paths, program, TRY(make_process_group(group)));
      });
  watch_first_process(one);
}

Task<void> Sandboxes::write_files(OnePtr one) {
  const SandboxPtr state = one->state;
  const SandboxWish& wish = state->wish;
  SandboxFiles files{.hosts = wish.hosts, .hostname = wish.hostname, .resolv_conf = wish.resolv_conf};
  if (files.hostname.empty()) files.hostname = host_name();
  if (files.hosts.empty()) {
    std::string host_file;
    if (!has_own_network(wish)) host_file = linux::read_file("/etc/hosts", hosts_bytes_max).value_or("");
    files.hosts = sandbox_hosts(wish, state->endpoints, host_file);
  }
  if (files.resolv_conf.empty()) files.resolv_conf = co_await ground_.networks.resolv_conf(wish.id, {});
  co_await ground_.pool.run(
      [paths = one->paths, files = std::move(files)] { return write_sandbox_files(paths, files); });
}

Task<void> Sandboxes::publish(OnePtr one) {
  const SandboxPtr state = one->state;
  const SandboxWish& wish = state->wish;
  if (wish.ports.empty() || state->endpoints.empty()) co_return;
  auto ports = co_await ground_.networks.publish(wish.id, wish.ports);
  edit(*one, [&](SandboxState& changed) { changed.ports = std::move(ports); });
}

// --- remove -----------------------------------------------------------------------------------------------

Task<void> Sandboxes::remove(std::string id) {
  const OnePtr one = find_one(id);
  if (one != nullptr) co_await io::shielded(remove_whole(one));
}

Task<void> Sandboxes::remove_whole(OnePtr one) {
  const Turn::Held held = co_await one->turn.take();
  if (one->gone) co_return;
  if (!one->containers.empty())
    co_await conflict("the sandbox {} is in use by the container {}", one->state->wish.id,
                      *one->containers.begin());
  one->removing = true;  // no container enters it any more
  edit(*one, [](SandboxState& state) { state.lost = true; });
  co_await save(one);  // the removal will be finished, whoever does it
  co_await forget(one);
}

// Whoever calls it has its turn, and has seen that nobody is in there.
Task<void> Sandboxes::forget(OnePtr one) {
  co_await take_down(one);
  const std::string id = one->state->wish.id;
  co_await store::remove(ground_.store, store::Range::key("sandbox/" + id), store::Durability::relaxed);
  one->gone = true;
  all_.erase(id);
}

// The process goes by its group as well: whoever was killed between its start and its record left it so.
Task<void> Sandboxes::take_down(OnePtr one) {
  const SandboxPtr state = one->state;
  const SandboxWish& wish = state->wish;
  if (wish.share_processes) {
    co_await ground_.pool.run(
        [process = one->first_process, group = process_group_of(wish)]() -> Result<void> {
          TRY(end_first_process(process));
          return kill_process_group(group);
        });
  }
  auto [network, parts, group] = co_await io::all(
      io::outcome(ground_.networks.remove_sandbox(wish.id)),
      io::outcome(ground_.pool.run([folder = one->paths.folder] { return release_sandbox(folder); })),
      io::outcome(ground_.pool.run([path = wish.cgroup_parent] { return remove_control_group(path); })));
  co_await std::move(network);
  co_await std::move(parts);
  co_await std::move(group);
}

// --- what changes, and who is in there --------------------------------------------------------------------

Task<void> Sandboxes::set_hosts(std::string id, std::string hosts) {
  const OnePtr one = find_one(id);
  if (one == nullptr || !one->complete) co_await not_found("No such sandbox: {}", id);
  const Turn::Held held = co_await one->turn.take();
  if (one->removing) co_await not_found("No such sandbox: {}", id);
  co_await ground_.pool.run([path = one->paths.hosts, hosts] { return write_sandbox_file(path, hosts); });
  edit(*one, [&](SandboxState& state) { state.wish.hosts = std::move(hosts); });
  co_await save(one);
}

Result<Sandboxes::Place> Sandboxes::enter(std::string_view id, const std::string& container) {
  const OnePtr one = find_one(id);
  if (one == nullptr || !one->complete) return not_found("No such sandbox: {}", id);
  if (one->removing) return conflict("cannot join the sandbox {}: it is being removed", id);
  if (one->state->lost) return conflict("cannot join the sandbox {}: its namespaces are gone", id);
  one->containers.insert(container);
  return Place{one->state, one->paths};
}

void Sandboxes::leave(std::string_view id, const std::string& container) {
  const OnePtr one = find_one(id);
  if (one != nullptr) one->containers.erase(container);
}

std::optional<Sandboxes::Place> Sandboxes::note(std::string_view id, const std::string& container) {
  const OnePtr one = find_one(id);
  if (one == nullptr) return std::nullopt;
  one->containers.insert(container);
  return Place{one->state, one->paths};
}

}  // namespace podo::engine
