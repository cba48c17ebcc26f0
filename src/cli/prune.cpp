// prune of the system, containers, images, networks and volumes
#include "cli/command.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

// What an answer says was deleted, and the bytes that are free again.
std::string deleted_text(std::string_view title, json::Value list) {
  std::string out;
  for (json::Value item : list.items()) {
    if (item.is(json::Kind::string)) out += text("{}\n", item.string());
    for (std::string_view what : {"Untagged", "Deleted"})
      if (std::string id = get_text(item, what); !id.empty())
        out += text("{}: {}\n", what == "Deleted" ? "deleted" : "untagged", id);
  }
  return out.empty() ? out : text("{}:\n{}\n", title, out);
}

struct Pruned {
  std::string text;
  std::int64_t bytes = 0;
};

Task<Pruned> prune_one(Daemon& daemon, std::string path, std::string title, std::string member,
                       std::vector<std::string> filters, bool all = false) {
  Daemon::Query query;
  if (all) query.add("all", "1");
  if (!filters.empty()) query.add("filters", co_await filters_json(filters));
  json::Document answer = co_await daemon.post(path, query);
  co_return Pruned{deleted_text(title, answer.root().find(member)),
                   get_number(answer.root(), "SpaceReclaimed")};
}

Task<int> show_pruned(Pruned pruned, bool with_space) {
  if (with_space)
    pruned.text += text("Total reclaimed space: {}\n", human_size(static_cast<double>(pruned.bytes)));
  co_await print(pruned.text);
  co_return 0;
}

bool agreed(const Flags& flags, std::string_view warning) {
  if (flags.on("force")) return true;
  complain("WARNING! " + std::string(warning));
  return ask_yes("Are you sure you want to continue?");
}

std::vector<std::string> image_filters(const Flags& flags) {
  std::vector<std::string> filters = flags.all("filter");
  filters.push_back(flags.on("all") ? "dangling=false" : "dangling=true");
  return filters;
}

Task<int> prune_containers(Call call) {
  if (!agreed(call.flags, "This will remove all stopped containers.")) co_return 1;
  co_return co_await show_pruned(co_await prune_one(call.daemon, "/containers/prune", "Deleted Containers",
                                                    "ContainersDeleted", call.flags.all("filter")),
                                 true);
}
Task<int> prune_images(Call call) {
  bool all = call.flags.on("all");
  if (!agreed(call.flags,
              all ? "This will remove all images without at least one container associated to them."
                  : "This will remove all dangling images."))
    co_return 1;
  co_return co_await show_pruned(co_await prune_one(call.daemon, "/images/prune", "Deleted Images",
                                                    "ImagesDeleted", image_filters(call.flags)),
                                 true);
}
Task<int> prune_networks(Call call) {
  if (!agreed(call.flags, "This will remove all custom networks not used by at least one container."))
    co_return 1;
  co_return co_await show_pruned(co_await prune_one(call.daemon, "/networks/prune", "Deleted Networks",
                                                    "NetworksDeleted", call.flags.all("filter")),
                                 false);
}
Task<int> prune_volumes(Call call) {
  std::vector<std::string> filters = call.flags.all("filter");
  if (call.flags.on("all")) filters.push_back("all=true");
  if (!agreed(call.flags,
              call.flags.on("all")
                  ? "This will remove all local volumes not used by at least one container."
                  : "This will remove anonymous local volumes not used by at least one container."))
    co_return 1;
  co_return co_await show_pruned(
      co_await prune_one(call.daemon, "/volumes/prune", "Deleted Volumes", "VolumesDeleted", filters), true);
}

Task<int> prune_system(Call call) {
  const Flags& flags = call.flags;
  std::string warning =
      "This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n";
  if (flags.on("volumes")) warning += "  - all anonymous volumes not used by at least one container\n";
  warning += flags.on("all") ? "  - all images without at least one container associated to them\n"
                             : "  - all dangling images\n";
  warning += flags.on("all") ? "  - all build cache\n" : "  - unused build cache\n";
  if (!agreed(flags, warning)) co_return 1;
  std::vector<std::string> filters = flags.all("filter");
  Pruned all;
  auto add = [&](Pruned part) {
    all.text += part.text;
    all.bytes += part.bytes;
  };
  add(co_await prune_one(call.daemon, "/containers/prune", "Deleted Containers", "ContainersDeleted",
                         filters));
  add(co_await prune_one(call.daemon, "/networks/prune", "Deleted Networks", "NetworksDeleted", filters));
  if (flags.on("volumes"))
    add(co_await prune_one(call.daemon, "/volumes/prune", "Deleted Volumes", "VolumesDeleted", filters));
  add(co_await prune_one(call.daemon, "/images/prune", "Deleted Images", "ImagesDeleted",
                         image_filters(flags)));
  add(co_await prune_one(call.daemon, "/build/prune", "Deleted build cache objects", "CachesDeleted", filters,
                         flags.on("all")));
  co_return co_await show_pruned(all, true);
}

using enum FlagKind;

constexpr Flag filter_flag = {"filter", 0, values, "Provide filter values (e.g. \"until=<timestamp>\")"};
constexpr Flag force_flag = {"force", 'f', toggle, "Do not prompt for confirmation"};
constexpr Flag plain_flags[] = {filter_flag, force_flag};
constexpr Flag image_flags[] = {
    {"all", 'a', toggle, "Remove all unused images, not just dangling ones"}, filter_flag, force_flag};
constexpr Flag volume_flags[] = {
    {"all", 'a', toggle, "Remove all unused volumes, not just anonymous ones"}, filter_flag, force_flag};
constexpr Flag system_flags[] = {{"all", 'a', toggle, "Remove all unused images not just dangling ones"},
                                 filter_flag,
                                 force_flag,
                                 {"volumes", 0, toggle, "Prune anonymous volumes"}};

}  // namespace

std::span<const Command> prune_commands() {
  static constexpr Command table[] = {
      {"system prune", "", "Remove unused data", system_flags, 0, 0, prune_system},
      {"container prune", "", "Remove all stopped containers", plain_flags, 0, 0, prune_containers},
      {"image prune", "", "Remove unused images", image_flags, 0, 0, prune_images},
      {"network prune", "", "Remove all unused networks", plain_flags, 0, 0, prune_networks},
      {"volume prune", "", "Remove unused local volumes", volume_flags, 0, 0, prune_volumes},
  };
  return table;
}

}  // namespace podo::cli
