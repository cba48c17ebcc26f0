// GET /containers/{id}/json.
#include "container/docker/container_json.h"
#include "container/docker/handlers.h"
#include "model/docker/encode_members.h"

namespace podo::docker {
namespace {

void write_health(json::Writer& out, const engine::Health& health) {
  out.object().key("Status").string(health.status).key("FailingStreak").number(health.failing_streak);
  out.key("Log").array();
  for (const auto& result : health.log) {
    out.object().key("Start").string(go_time(result.start)).key("End").string(go_time(result.end));
    out.key("ExitCode").number(result.exit_code).key("Output").string(result.output).end();
  }
  out.end().end();
}

void write_state(json::Writer& out, const engine::Container& container) {
  using engine::Status;
  const engine::State& state = container.state;
  out.object().key("Status").string(engine::name_of(state.status));
  out.key("Running").boolean(is_alive(container));
  out.key("Paused").boolean(state.status == Status::paused);
  out.key("Restarting").boolean(state.status == Status::restarting);
  out.key("OOMKilled").boolean(state.oom_killed).key("Dead").boolean(state.status == Status::dead);
  out.key("Pid").number(state.pid).key("ExitCode").number(state.exit_code).key("Error").string(state.error);
  out.key("StartedAt").string(go_time(state.started_at)).key("FinishedAt").string(go_time(state.finished_at));
  if (state.health.status != "none") {
    out.key("Health");
    write_health(out, state.health);
  }
  out.end();
}

void write_graph_driver(json::Writer& out, const Call& call, const engine::Container& container) {
  out.object().key("Data");
  const auto snapshot = call.images().snapshot(container.id);
  if (!snapshot || snapshot->lower.empty()) {
    out.null();
  } else {
    std::string lower;
    for (const auto& folder : snapshot->lower) lower += (lower.empty() ? "" : ":") + folder;
    const std::string folder = snapshot->upper.substr(0, snapshot->upper.rfind('/'));
    out.object().key("ID").string(container.id).key("LowerDir").string(lower);
    out.key("MergedDir").string(text("{}/containers/{}/rootfs", call.options.run_folder, container.id));
    out.key("UpperDir").string(snapshot->upper).key("WorkDir").string(folder + "/work").end();
  }
  out.key("Name").string(call.images().storage_driver()).end();
}

void write_ports(json::Writer& out, const engine::Container& container) {
  std::map<std::string, std::vector<ShownPort>> by_key;
  for (auto& port : shown_ports(container)) {
    auto& bindings = by_key[port.key];
    if (port.host_port != 0) bindings.push_back(port);
  }
  out.object();
  for (const auto& [key, bindings] : by_key) {
    out.key(key);
    if (bindings.empty()) {
      out.null();
      continue;
    }
    out.array();
    for (const auto& port : bindings) {
      out.object().key("HostIp").string(port.host_ip);
      out.key("HostPort").string(text("{}", port.host_port)).end();
    }
    out.end();
  }
  out.end();
}

void write_network_settings(json::Writer& out, const Call& call, const engine::Container& container) {
  network::Endpoint bridge;  // members of the default bridge's endpoint stand here too
  for (const auto& endpoint : container.endpoints) {
    if (endpoint.network_name == "bridge") bridge = endpoint;
  }
  out.object().key("Bridge").string("");
  out.key("SandboxID").string(container.sandbox_path.empty() ? "" : container.id);
  out.key("SandboxKey").string(container.sandbox_path).key("Ports");
  write_ports(out, container);
  out.key("HairpinMode").boolean(false).key("LinkLocalIPv6Address").string("");
  out.key("LinkLocalIPv6PrefixLen").number(0);
  out.key("SecondaryIPAddresses").null().key("SecondaryIPv6Addresses").null();
  member(out, "EndpointID", bridge.id);
  member(out, "Gateway", bridge.gateway4);
  member(out, "GlobalIPv6Address", bridge.ipv6);
  out.key("GlobalIPv6PrefixLen").number(bridge.ipv6.empty() ? 0 : bridge.prefix6);
  member(out, "IPAddress", bridge.ipv4);
  out.key("IPPrefixLen").number(bridge.ipv4.empty() ? 0 : bridge.prefix4);
  member(out, "IPv6Gateway", bridge.gateway6);
  member(out, "MacAddress", bridge.mac);
  out.key("Networks");
  write_networks(out, call, container);
  out.end();
}

std::string container_json(const Call& call, const engine::Container& container,
                           const std::optional<engine::Usage>& usage) {
  json::Writer out;
  out.object();
  member(out, "Id", container.id);
  member(out, "Created", go_time(container.created));
  member(out, "Path", container.path);
  member(out, "Args", container.args);
  out.key("State");
  write_state(out, container);
  member(out, "Image", container.image == nullptr ? container.image_reference : container.image->id);
  member(out, "ResolvConfPath", container.resolv_conf_path);
  member(out, "HostnamePath", container.hostname_path);
  member(out, "HostsPath", container.hosts_path);
  member(out, "LogPath", container.log_path);
  member(out, "Name", "/" + container.name);
  out.key("RestartCount").number(container.state.restart_count);
  member(out, "Driver", call.images().storage_driver());
  out.key("Platform").string("linux");
  member(out, "MountLabel", container.mount_label);
  member(out, "ProcessLabel", container.process_label);
  member(out, "AppArmorProfile", container.apparmor_profile);
  member_or_null(out, "ExecIDs", container.exec_ids);
  out.key("HostConfig");
  encode(out, container.host_config);
  out.key("GraphDriver");
  write_graph_driver(out, call, container);
  if (usage) {
    member(out, "SizeRw", usage->writable_bytes);
    member(out, "SizeRootFs", usage->root_bytes);
  }
  out.key("Mounts");
  write_mounts(out, container);
  out.key("Config");
  encode(out, container.config);
  out.key("NetworkSettings");
  write_network_settings(out, call, container);
  out.end();
  return out.take();
}

}  // namespace

Task<void> inspect_container(Call& call) {
  const auto container = co_await call.engine().get(call.name);
  std::optional<engine::Usage> usage;
  if (call.flag("size")) usage = co_await call.engine().usage(container->id);
  co_await call.answer(200, container_json(call, *container, usage));
}

}  // namespace podo::docker
