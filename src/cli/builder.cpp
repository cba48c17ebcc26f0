// podo builder prune, podo builder du: the build cache
#include "cli/command.h"
#include "cli/console/rows.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

Task<int> prune(Call call) {
  const Flags& flags = call.flags;
  bool all = flags.on("all");
  if (!flags.on("force")) {
    complain(all ? "WARNING! This will remove all build cache."
                 : "WARNING! This will remove all dangling build cache.");
    if (!ask_yes("Are you sure you want to continue?")) co_return 1;
  }
  Daemon::Query query;
  if (all) query.add("all", "1");
  if (!flags.all("filter").empty()) query.add("filters", co_await filters_json(flags.all("filter")));
  for (auto [key, flag] : {std::pair("reserved-space", "keep-storage"),
                           {"reserved-space", "reserved-space"},
                           {"max-used-space", "max-used-space"},
                           {"min-free-space", "min-free-space"}})
    if (flags.given(flag)) query.add(key, text("{}", flags.bytes(flag)));
  json::Document answer = co_await call.daemon.post("/build/prune", query);
  std::string out;
  for (json::Value id : answer.root().find("CachesDeleted").items()) out += text("{}\n", id.string());
  if (!out.empty()) out = "ID\n" + out + "\n";
  std::int64_t freed = get_number(answer.root(), "SpaceReclaimed");
  co_await print(out + text("Total:\t{}\n", human_size(static_cast<double>(freed))));
  co_return 0;
}

std::string truth(json::Value record, std::string_view member) {
  return get_truth(record, member) ? "true" : "false";
}

std::string when(json::Value record, std::string_view member, Wall now) {
  Result<Wall> then = parse_time(get_text(record, member));
  return then ? human_ago(*then, now) : "";
}

Task<int> show_usage(Call call) {
  Daemon::Query query;
  query.add("type", "build-cache");
  json::Document answer = co_await call.daemon.get("/system/df", query);
  Rows rows(
      {{"ID", "ID"},
       {"Type", "TYPE"},
       {"Reclaimable", "RECLAIMABLE"},
       {"Shared", "SHARED"},
       {"Size", "SIZE"},
       {"LastUsed", "LAST USED"},
       {"Usage", "USAGE"},
       {"Description", "DESCRIPTION"}},
      "table {{.ID}}\t{{.Type}}\t{{.Size}}\t{{.Reclaimable}}\t{{.LastUsed}}\t{{.Usage}}\t{{.Description}}");
  bool whole = call.flags.on("verbose") || call.flags.on("no-trunc");
  std::int64_t total = 0, reclaimable = 0, shared = 0;
  Wall now = SystemClock().wall();
  for (json::Value record : answer.root().find("BuildCache").items()) {
    std::int64_t bytes = get_number(record, "Size");
    total += bytes;
    if (!get_truth(record, "InUse")) reclaimable += bytes;
    if (get_truth(record, "Shared")) shared += bytes;
    std::string id = get_text(record, "ID"), description = get_text(record, "Description");
    rows.add({whole ? id : short_id(id), get_text(record, "Type"),
              get_truth(record, "InUse") ? "false" : "true", truth(record, "Shared"),
              human_size(static_cast<double>(bytes), 3), when(record, "LastUsedAt", now),
              text("{}", get_number(record, "UsageCount")), whole ? description : ellipsis(description, 60)});
  }
  std::string out = co_await rows.text(call.flags.text("format"));
  if (call.flags.text("format").empty())
    out += text("\nShared:\t\t{}\nReclaimable:\t{}\nTotal:\t\t{}\n", human_size(static_cast<double>(shared)),
                human_size(static_cast<double>(reclaimable)), human_size(static_cast<double>(total)));
  co_await print(out);
  co_return 0;
}

using enum FlagKind;

constexpr Flag prune_flags[] = {
    {"all", 'a', toggle, "Remove all unused build cache, not just dangling ones"},
    {"filter", 0, values, "Provide filter values (e.g. \"until=24h\")"},
    {"force", 'f', toggle, "Do not prompt for confirmation"},
    {"keep-storage", 0, bytes, "Amount of disk space to keep for cache"},
    {"max-used-space", 0, bytes, "Maximum amount of disk space allowed to keep for cache"},
    {"min-free-space", 0, bytes, "Target amount of free disk space after pruning"},
    {"reserved-space", 0, bytes, ""},
};
constexpr Flag usage_flags[] = {
    {"format", 0, value, "Format output: 'table', 'table TEMPLATE', 'json' or a Go TEMPLATE"},
    {"no-trunc", 0, toggle, "Don't truncate output"},
    {"verbose", 0, toggle, ""},
};

}  // namespace

std::span<const Command> builder_commands() {
  static constexpr Command table[] = {
      {"builder prune|buildx prune", "", "Remove build cache", prune_flags, 0, 0, prune},
      {"builder du|buildx du", "", "Show the disk usage of the build cache", usage_flags, 0, 0, show_usage},
  };
  return table;
}

}  // namespace podo::cli
