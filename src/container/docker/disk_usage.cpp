// GET /system/df.
#include <algorithm>

#include "container/docker/build_cache.h"
#include "container/docker/container_list.h"
#include "container/docker/handlers.h"
#include "container/docker/image_list.h"
#include "container/docker/volumes.h"

namespace podo::docker {
namespace {

Task<void> write_images(json::Writer& out, Call& call) {
  const auto usage = co_await call.images().usage();
  out.key("LayersSize").number(usage.layer_bytes).key("Images").array();
  const auto images = call.images().list();
  for (const auto& image : images) {
    write_listed(out, call, *image,
                 {.shared = shared_bytes(*image, images), .containers = containers_of(call, *image)});
  }
  out.end();
}

Task<void> write_containers(json::Writer& out, Call& call) {
  out.key("Containers").array();
  for (const auto& container : call.engine().list()) {
    std::optional<engine::Usage> usage;
    if (auto measured = co_await call.engine().usage(container->id).result()) usage = *measured;
    write_listed(out, call, *container, usage);
  }
  out.end();
}

Task<void> write_volumes(json::Writer& out, Call& call) {
  out.key("Volumes").array();
  for (const auto& volume : call.engine().list_volumes()) {
    VolumeUsage usage;
    usage.containers = static_cast<std::int64_t>(call.engine().users_of_volume(volume->name).size());
    if (auto bytes = co_await call.engine().volume_bytes(volume->name).result())
      usage.bytes = static_cast<std::int64_t>(*bytes);
    write_volume(out, *volume, usage);
  }
  out.end();
}

}  // namespace

Task<void> show_disk_usage(Call& call) {
  const auto types = call.exchange.query().all("type");
  for (const std::string_view type : types) {
    if (type != "container" && type != "image" && type != "volume" && type != "build-cache")
      co_await invalid("unknown object type: {}", type);
  }
  const auto wants = [&](std::string_view type) {
    return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
  };
  json::Writer out;
  out.object();
  if (wants("image")) co_await write_images(out, call);
  else out.key("LayersSize").number(0).key("Images").null();
  if (wants("container")) co_await write_containers(out, call);
  else out.key("Containers").null();
  if (wants("volume")) co_await write_volumes(out, call);
  else out.key("Volumes").null();
  std::uint64_t cache_bytes = 0;
  if (wants("build-cache")) cache_bytes = write_build_cache(out, call);
  else out.key("BuildCache").null();
  if (call.version < 42) out.key("BuilderSize").number(cache_bytes);
  co_await call.answer(200, out.end());
}

}  // namespace podo::docker
