// POST /build/prune, and the build cache's rows of GET /system/df.
#include "container/docker/build_cache.h"

#include <algorithm>

#include "base/core/timestamp.h"
#include "container/docker/filters.h"
#include "container/docker/handlers.h"
#include "container/docker/prune.h"
#include "model/docker/encode_members.h"

namespace podo::docker {
namespace {

Result<std::uint64_t> bytes_parameter(const Call& call, std::string_view key) {
  const auto number = call.number(key);
  if (!number) return invalid("{} is in bytes and expects an integer, got {}", key, call.query(key));
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, number->value_or(0)));
}

Result<builder::CachePrune> prune_of(const Call& call) {
  const Filters filters = TRY(Filters::parse(call.query("filters")));
  builder::CachePrune prune{.all = call.flag("all")};
  const bool has_reserved = call.has("reserved-space");
  prune.keep_bytes = TRY(bytes_parameter(call, has_reserved ? "reserved-space" : "keep-storage"));
  prune.max_used_bytes = TRY(bytes_parameter(call, "max-used-space"));
  prune.min_free_bytes = TRY(bytes_parameter(call, "min-free-space"));
  // What Docker does not know here it ignores: `docker system prune --filter label=x` asks with it.
  for (const std::string_view key :
       {"until", "unused-for", "id", "parent", "type", "inuse", "shared", "private", "description"}) {
    const auto values = filters.values(key);
    if (!values.empty())
      prune.filters[key == "unused-for" ? "until" : std::string(key)] = {values.begin(), values.end()};
  }
  if (const auto until = prune.filters.find("until");
      until != prune.filters.end() && until->second.size() > 1)
    return invalid("filter `until` expects only one value");
  return prune;
}

void write_item(json::Writer& out, const Call& call, const builder::CacheItem& item) {
  out.object();
  member(out, "ID", item.id);
  if (call.version < 42 && !item.parent.empty()) member(out, "Parent", item.parent);
  if (!item.parent.empty()) out.key("Parents").array().string(item.parent).end();
  member(out, "Type", item.type);
  member(out, "Description", item.description);
  member(out, "InUse", item.in_use);
  member(out, "Shared", item.shared);
  member(out, "Size", item.bytes);
  member(out, "CreatedAt", rfc3339_nano(item.created));
  if (item.last_used.ns != 0) member(out, "LastUsedAt", rfc3339_nano(item.last_used));
  else out.key("LastUsedAt").null();
  out.key("UsageCount").number(item.uses).end();
}

}  // namespace

std::uint64_t write_build_cache(json::Writer& out, const Call& call) {
  std::uint64_t bytes = 0;
  out.key("BuildCache").array();
  if (call.ground.builder != nullptr) {
    for (const auto& item : call.ground.builder->cache()) {
      write_item(out, call, item);
      if (!item.shared) bytes += item.bytes;
    }
  }
  out.end();
  return bytes;
}

Task<void> prune_build_cache(Call& call) {
  builder::CachePrune prune = co_await prune_of(call);
  engine::Pruned pruned;
  if (call.ground.builder != nullptr) pruned = co_await call.ground.builder->prune(std::move(prune));
  tell_pruned(call, "builder", pruned.bytes);
  co_await call.answer(200,
                       pruned_json("CachesDeleted", {std::move(pruned.removed), pruned.bytes}, Empty::null));
}

}  // namespace podo::docker
