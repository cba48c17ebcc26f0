// POST /containers/create: what was asked for becomes a record, a file tree and folders.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/io/combine.h"
#include "container/engine/container_name.h"
#include "container/engine/local_engine.h"
#include "container/engine/log_options.h"

namespace podo::engine {
namespace {

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

Result<void> make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return failed_errno(error.value(), "create {}", path);
  if (::chmod(path.c_str(), 0710) != 0) return failed_errno(errno, "chmod {}", path);
  return {};
}

// Static addresses and aliases need a network whose addresses the user chose.
Result<> check_default_bridge(const docker::EndpointSettings& settings) {
  const auto& ipam = settings.ipam_config;
  if (ipam && (!ipam->ipv4_address.empty() || !ipam->ipv6_address.empty()))
    return invalid("user specified IP address is supported on user defined networks only");
  if (!settings.aliases.empty())
    return invalid("network-scoped aliases are only supported for user-defined networks");
  return {};
}

using FindSandbox = std::function<SandboxPtr(std::string_view)>;

// Everything that is named by id is named by one that stays: a rename does not lead elsewhere.
Result<> check_modes(const docker::CreateRequest& request, const FindContainer& find,
                     const FindSandbox& find_sandbox) {
  const docker::HostConfig& host = request.host_config;
  for (const std::string* mode : {&host.network_mode, &host.ipc_mode, &host.pid_mode}) {
    const std::string_view other = container_of_mode(*mode);
    if (!other.empty()) TRY(find(other));
  }
  const std::string_view sandbox = TRY(sandbox_of(host));
  if (!sandbox.empty() && find_sandbox(sandbox) == nullptr) return not_found("No such sandbox: {}", sandbox);
  for (const std::string& link : host.links) {
    const std::string_view other = std::string_view(link).substr(0, link.find(':'));
    if (const auto found = find(other); !found)
      return invalid("could not get container for {}: {}", other, found.error().message());
  }
  return {};
}

}  // namespace

Task<Engine::Created> LocalEngine::create(docker::CreateRequest request, std::string name) {
  co_return co_await io::shielded(create_whole(std::move(request), std::move(name)));
}

Task<Engine::Created> LocalEngine::create_whole(docker::CreateRequest request, std::string name) {
  if (!name.empty()) name = co_await check_name(name);
  if (request.config.image.empty())
    co_return invalid("config cannot be empty in order to create a container");
  Created created{.id = make_id(ground_.random), .warnings = {}};
  Container container;
  container.id = created.id;
  container.image_reference = request.config.image;
  container.image = co_await ground_.images.get(request.config.image);
  settle(request, options_.default_log);
  co_await check_network_mode(request);
  co_await merge_image(request.config, container.image->config);
  MountsPlan mounts = co_await plan_container(container, std::move(request), created.warnings);

  // From here to add() nothing is awaited: the name is ours, and leads to a slot.
  if (name.empty()) {
    for (unsigned attempt = 0;; ++attempt) {
      name = make_name(ground_.random, attempt);
      if (claim_name(name, container.id)) break;
    }
  } else if (Result<> claimed = claim_name(name, container.id); !claimed) {
    co_return Failure(std::move(claimed).error());
  }
  container.name = name;
  const SlotPtr slot = add(std::move(container));
  slot->complete = false;
  const Turn::Held held = co_await slot->turn.take();

  const Result<void> made = co_await make_parts(slot, std::move(mounts)).result();
  if (!made) {
    co_await undo_create(slot);
    co_return Failure(made.error());
  }
  tell(*slot, "create");
  co_return created;
}

// Whatever of it follows from the request and the machine; its id and image are known.
Result<MountsPlan> LocalEngine::plan_container(Container& container, docker::CreateRequest request,
                                               std::vector<std::string>& warnings) const {
  TRY(check_request(request));
  complete_host_config(request.host_config, machine_);
  warnings = TRY(check_host_config(request.host_config, machine_));
  const FindContainer find_container = [this](std::string_view reference) { return get(reference); };
  TRY(check_modes(request, find_container, [this](std::string_view id) { return find_sandbox(id); }));
  TRY(plan_networks(request, container));
  MountsPlan mounts = TRY(plan_mounts(request.config.volumes, request.host_config, find_container));
  for (const MountsPlan::Entry& entry : mounts.entries) {  // in use from add() on
    if (!entry.point.name.empty()) container.mounts.push_back(entry.point);
  }
  container.created = ground_.clock.wall();
  auto [path, args] = command_line(request.config);
  container.path = std::move(path);
  container.args = std::move(args);
  container.config = std::move(request.config);
  container.host_config = std::move(request.host_config);
  const NetworkMode mode = network_mode(container.host_config);
  if (container.config.hostname.empty()) {
    const bool of_host = mode.kind == NetworkMode::Kind::host || container.host_config.uts_mode == "host";
    container.config.hostname = of_host ? host_name() : std::string(short_id(container.id));
    if (mode.kind == NetworkMode::Kind::container)
      container.config.hostname = TRY(get(mode.name))->config.hostname;
    if (const SandboxPtr sandbox = find_sandbox(TRY(sandbox_of(container.host_config))))
      container.config.hostname = sandbox->wish.hostname.empty() ? host_name() : sandbox->wish.hostname;
  }
  TRY(plan_log(container));
  return mounts;
}

Result<> LocalEngine::plan_networks(docker::CreateRequest& request, Container& container) const {
  docker::HostConfig& host = request.host_config;
  for (std::string* mode : {&host.network_mode, &host.ipc_mode, &host.pid_mode}) {
    const std::string_view other = container_of_mode(*mode);
    if (!other.empty()) *mode = "container:" + TRY(get(other))->id;
  }
  const NetworkMode mode = network_mode(host);
  if (mode.is_shared() || request.config.network_disabled) return {};
  const auto proper_name = [this](const std::string& name) {
    if (name == "default") return std::string("bridge");
    const network::NetworkRecord* record = find_network(name);
    return record != nullptr ? record->name : name;
  };
  for (auto& [name, settings] : request.endpoints)
    container.wished_networks.emplace(proper_name(name), std::move(settings));
  docker::EndpointSettings& first = container.wished_networks[proper_name(mode.name)];
  if (first.mac_address.empty()) first.mac_address = request.config.mac_address;
  if (mode.kind == NetworkMode::Kind::user && first.links.empty()) first.links = host.links;
  if (mode.kind == NetworkMode::Kind::bridge) TRY(check_default_bridge(first));
  return {};
}

Task<void> LocalEngine::make_parts(SlotPtr slot, MountsPlan mounts) {
  co_await save(slot);  // incomplete: should we end here, restore() takes the parts away
  auto [snapshot, points, folder] =
      co_await io::all(ground_.images.make_snapshot(slot->id(), slot->container->image),
                       make_mounts(std::move(mounts), *volumes_, ground_.pool),
                       ground_.pool.run([path = data_folder(slot->id())] { return make_folder(path); }));
  edit(*slot, [&](Container& container) { container.mounts = std::move(points); });
  slot->complete = true;
  co_await save(slot);
}

Task<void> LocalEngine::undo_create(SlotPtr slot) {
  slot->complete = false;
  const Result<void> erased = co_await erase(slot, true).result();
  if (!erased) ground_.log.warn("undo the creation of {}: {}", slot->id(), erased.error().message());
}

}  // namespace podo::engine
