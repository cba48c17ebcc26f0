// GET /containers/json.
#include "container/docker/container_list.h"

#include "container/docker/container_filters.h"
#include "container/docker/container_json.h"
#include "container/docker/handlers.h"
#include "model/docker/encode_members.h"

namespace podo::docker {
namespace {

void write_ports(json::Writer& out, const engine::Container& container) {
  out.array();
  for (const auto& port : shown_ports(container)) {
    out.object();
    member_if(out, "IP", port.host_ip);
    out.key("PrivatePort").number(port.container_port);
    if (port.host_port != 0) out.key("PublicPort").number(port.host_port);
    out.key("Type").string(port.protocol).end();
  }
  out.end();
}

}  // namespace

void write_listed(json::Writer& out, const Call& call, const engine::Container& container,
                  const std::optional<engine::Usage>& usage) {
  out.object();
  member(out, "Id", container.id);
  out.key("Names").array().string("/" + container.name).end();
  member(out, "Image", shown_image(call, container));
  member(out, "ImageID", container.image == nullptr ? "" : container.image->id);
  member(out, "Command", command_text(container));
  member(out, "Created", container.created.ns / 1'000'000'000);
  out.key("Ports");
  write_ports(out, container);
  if (usage && usage->writable_bytes != 0) member(out, "SizeRw", usage->writable_bytes);
  if (usage && usage->root_bytes != 0) member(out, "SizeRootFs", usage->root_bytes);
  member(out, "Labels", container.config.labels);
  out.key("State").string(engine::name_of(container.state.status));
  member(out, "Status", status_text(container, call.now()));
  out.key("HostConfig").object();
  const std::string& mode = container.host_config.network_mode;
  out.key("NetworkMode").string(mode == "default" ? "bridge" : mode);
  member_if(out, "Annotations", container.host_config.annotations);
  out.end();
  out.key("NetworkSettings").object().key("Networks");
  write_networks(out, call, container);
  out.end();
  out.key("Mounts");
  write_mounts(out, container);
  out.end();
}

Task<void> list_containers(Call& call) {
  const auto containers = (co_await ContainerFilters::of(call)).choose(call);
  std::vector<std::optional<engine::Usage>> usages(containers.size());
  if (call.flag("size")) {
    for (std::size_t i = 0; i < containers.size(); ++i) {
      if (auto usage = co_await call.engine().usage(containers[i]->id).result()) usages[i] = *usage;
    }
  }
  json::Writer out;
  out.array();
  for (std::size_t i = 0; i < containers.size(); ++i) write_listed(out, call, *containers[i], usages[i]);
  co_await call.answer(200, out.end());
}

}  // namespace podo::docker
