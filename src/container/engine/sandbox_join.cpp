#include "container/engine/sandbox_join.h"

#include "container/config/create_config.h"

namespace podo::engine {
namespace {

// "": none.
std::string_view sandbox_id_of(const docker::HostConfig& host) { return sandbox_of(host).value_or(""); }

bool joins(std::string_view mode) { return !sandbox_of_mode(mode).empty(); }

void use_network(Container& container, const SandboxPaths& paths) {
  container.sandbox_path = paths.network;
  container.hosts_path = paths.hosts;
  container.hostname_path = paths.hostname;
  container.resolv_conf_path = paths.resolv_conf;
}

}  // namespace

Result<> enter_sandbox(Sandboxes& sandboxes, const Container& container, Sandbox& place) {
  const docker::HostConfig& host = container.host_config;
  const std::string_view id = TRY(sandbox_of(host));
  if (id.empty()) return {};
  const auto [sandbox, paths] = TRY(sandboxes.enter(id, container.id));
  const SandboxWish& wish = sandbox->wish;
  place.ends_as_one = true;  // as kubelet has it since 1.28: half a container is no use to a pod
  if (host.resources.cgroup_parent.empty())
    place.cgroups_path = text("{}/{}", wish.cgroup_parent, container.id);
  if (joins(host.ipc_mode)) {
    place.ipc_namespace = paths.ipc;
    place.shm_folder = paths.shm;
  }
  if (joins(host.uts_mode)) place.uts_namespace = paths.uts;
  if (!joins(host.pid_mode)) return {};
  if (!wish.share_processes && !wish.host_pid)
    return invalid("cannot join the processes of sandbox {}: it does not share them", id);
  place.pid_namespace = paths.pid;
  return {};
}

void leave_sandbox(Sandboxes& sandboxes, const Container& container) {
  sandboxes.leave(sandbox_id_of(container.host_config), container.id);
}

void note_sandbox(Sandboxes& sandboxes, Container& container) {
  const auto place = sandboxes.note(sandbox_id_of(container.host_config), container.id);
  if (place && joins(container.host_config.network_mode)) use_network(container, place->paths);
}

Result<> share_network(Sandboxes& sandboxes, Container& container, Sandbox& place) {
  const auto [sandbox, paths] =
      TRY(sandboxes.enter(sandbox_of_mode(container.host_config.network_mode), container.id));
  place.network_namespace = paths.network;
  use_network(container, paths);
  return {};
}

void name_host_modes(const Sandboxes& sandboxes, docker::HostConfig& host) {
  const SandboxPtr sandbox = sandboxes.find(sandbox_id_of(host));
  if (sandbox == nullptr) return;
  const SandboxWish& wish = sandbox->wish;
  const auto name = [](std::string& mode, bool is_host) {
    if (is_host && joins(mode)) mode = "host";
  };
  name(host.network_mode, !has_own_network(wish));
  name(host.uts_mode, !has_own_network(wish));
  name(host.ipc_mode, wish.host_ipc);
  name(host.pid_mode, wish.host_pid);
}

std::string network_owner(const Container& container) {
  const std::string_view sandbox = sandbox_of_mode(container.host_config.network_mode);
  if (!sandbox.empty()) return std::string(sandbox);
  return container.endpoints.empty() ? std::string() : container.id;
}

}  // namespace podo::engine
