#include "container/docker/prune.h"

#include <limits>

#include "base/core/timestamp.h"

namespace podo::docker {

std::string pruned_json(std::string_view key, const Pruned& pruned, Empty empty) {
  json::Writer out;
  out.object().key(key);
  if (pruned.names.empty() && empty == Empty::null) {
    out.null();
  } else {
    out.array();
    for (const auto& name : pruned.names) out.string(name);
    out.end();
  }
  out.key("SpaceReclaimed").number(pruned.bytes).end();
  return out.take();
}

Result<Wall> prune_until(const Filters& filters, Wall now) {
  const auto values = filters.values("until");
  if (values.empty()) return Wall{std::numeric_limits<std::int64_t>::max()};
  if (values.size() > 1) return invalid("more than one until filter specified");
  return parse_instant(values.front(), now);
}

void tell_pruned(const Call& call, std::string type, std::uint64_t bytes) {
  call.tell({.type = std::move(type),
             .action = "prune",
             .actor_id = {},
             .attributes = {{"reclaimed", text("{}", bytes)}}});
}

}  // namespace podo::docker
