#include "container/docker/volumes.h"

#include "base/core/timestamp.h"
#include "container/docker/filters.h"
#include "container/docker/handlers.h"
#include "container/docker/prune.h"
#include "model/docker/decode_members.h"
#include "model/docker/encode_members.h"

namespace podo::docker {

void write_volume(json::Writer& out, const engine::Volume& volume, const std::optional<VolumeUsage>& usage) {
  const Wall whole_seconds{volume.created.ns / 1'000'000'000 * 1'000'000'000};
  out.object();
  member(out, "CreatedAt", rfc3339_nano(whole_seconds));
  member(out, "Driver", volume.driver);
  member_or_null(out, "Labels", volume.labels);
  member(out, "Mountpoint", volume.mountpoint);
  member(out, "Name", volume.name);
  member_or_null(out, "Options", volume.options);
  out.key("Scope").string("local");
  if (usage) {
    out.key("UsageData").object().key("RefCount").number(usage->containers);
    out.key("Size").number(usage->bytes).end();
  }
  out.end();
}

namespace {

struct Wish {
  engine::Engine::VolumeWish volume;
};
void members(Members& of, Wish& to) {
  of.may("Name", to.volume.name)
      .may("Driver", to.volume.driver)
      .may("DriverOpts", to.volume.options)
      .may("Labels", to.volume.labels);
}

Result<engine::Engine::VolumeWish> wanted_volume(const json::Document& body) {
  Wish wish;
  TRY(read(Field(body), wish));
  if (wish.volume.driver.empty()) wish.volume.driver = "local";
  if (member(Field(body), "ClusterVolumeSpec")) return unsupported("Unsupported: cluster volumes");
  return std::move(wish.volume);
}

Result<bool> takes(const Call& call, const Filters& filters, const engine::Volume& volume) {
  if (filters.has("dangling")) {
    const bool used = !call.engine().users_of_volume(volume.name).empty();
    if (used == TRY(filters.truth("dangling", false))) return false;
  }
  return filters.pattern("name", volume.name) && filters.exact("driver", volume.driver) &&
         filters.labels(volume.labels);
}

}  // namespace

Task<void> list_volumes(Call& call) {
  const Filters filters = co_await Filters::parse(call.query("filters"));
  co_await filters.allow({"dangling", "driver", "label", "name"});
  json::Writer out;
  out.object().key("Volumes").array();
  for (const auto& volume : call.engine().list_volumes()) {
    const auto taken = takes(call, filters, *volume);
    if (!taken) co_await Failure(taken.error());
    if (*taken) write_volume(out, *volume, {});
  }
  co_await call.answer(200, out.end().key("Warnings").null().end());
}

Task<void> inspect_volume(Call& call) {
  const auto volume = co_await call.engine().get_volume(call.name);
  json::Writer out;
  write_volume(out, *volume, {});
  co_await call.answer(200, out);
}

Task<void> create_volume(Call& call) {
  const json::Document body = co_await call.body();
  const auto volume = co_await call.engine().create_volume(co_await wanted_volume(body));
  json::Writer out;
  write_volume(out, *volume, {});
  co_await call.answer(201, out);
}

Task<void> update_volume(Call& call) {
  co_await call.engine().get_volume(call.name);
  co_await unsupported("Unsupported: only cluster volumes can be updated, and podo has none");
}

Task<void> remove_volume(Call& call) {
  co_await call.engine().remove_volume(call.name, call.flag("force"));
  co_await call.nothing();
}

// Since API 1.42 only volumes without a name of their own, unless "all" is asked for.
Task<void> prune_volumes(Call& call) {
  const Filters filters = co_await Filters::parse(call.query("filters"));
  co_await filters.allow({"all", "label", "label!"});
  const bool named_too = co_await filters.truth("all", call.version < 42);
  Pruned pruned;
  for (const auto& volume : call.engine().list_volumes()) {
    if ((!named_too && !volume->anonymous) || !filters.labels(volume->labels)) continue;
    if (!call.engine().users_of_volume(volume->name).empty()) continue;
    const auto bytes = co_await call.engine().volume_bytes(volume->name).result();
    if (!co_await call.engine().remove_volume(volume->name, false).result())
      continue;  // used in the meantime
    pruned.names.push_back(volume->name);
    if (bytes) pruned.bytes += *bytes;
  }
  tell_pruned(call, "volume", pruned.bytes);
  co_await call.answer(200, pruned_json("VolumesDeleted", pruned, Empty::list));
}

}  // namespace podo::docker
