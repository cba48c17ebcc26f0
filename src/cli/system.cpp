// podo system df, and prune of the system, containers, images, networks and volumes
#include "base/core/clock.h"
#include "cli/command.h"
#include "cli/console/rows.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

// --- df ---------------------------------------------------------------------------------------------------

struct Usage {
  std::int64_t count = 0, active = 0, size = 0, reclaimable = 0;
};

std::string reclaimable_text(const Usage& usage) {
  std::string out = human_size(static_cast<double>(usage.reclaimable));
  return usage.size > 0 ? text("{} ({}%)", out, usage.reclaimable * 100 / usage.size) : out;
}

Usage images_usage(json::Value answer) {
  Usage usage{.size = get_number(answer, "LayersSize")};
  std::int64_t used = 0;
  for (json::Value image : answer.find("Images").items()) {
    ++usage.count;
    if (get_number(image, "Containers") <= 0) continue;
    ++usage.active;
    used += get_number(image, "Size") - std::max<std::int64_t>(get_number(image, "SharedSize"), 0);
  }
  usage.reclaimable = std::max<std::int64_t>(usage.size - used, 0);
  return usage;
}

Usage containers_usage(json::Value answer) {
  Usage usage;
  for (json::Value container : answer.find("Containers").items()) {
    std::int64_t size = get_number(container, "SizeRw");
    std::string state = get_text(container, "State");
    bool runs = state == "running" || state == "paused" || state == "restarting";
    ++usage.count;
    usage.active += runs;
    usage.size += size;
    if (!runs) usage.reclaimable += size;
  }
  return usage;
}

Usage volumes_usage(json::Value answer) {
  Usage usage;
  for (json::Value volume : answer.find("Volumes").items()) {
    json::Value data = volume.find("UsageData");
    bool used = get_number(data, "RefCount") > 0;
    std::int64_t size = std::max<std::int64_t>(get_number(data, "Size"), 0);
    ++usage.count;
    usage.active += used;
    usage.size += size;
    if (!used) usage.reclaimable += size;
  }
  return usage;
}

Usage cache_usage(json::Value answer) {
  Usage usage;
  for (json::Value record : answer.find("BuildCache").items()) {
    ++usage.count;
    usage.active += get_truth(record, "InUse");
    usage.size += get_number(record, "Size");
    if (!get_truth(record, "InUse")) usage.reclaimable += get_number(record, "Size");
  }
  return usage;
}

std::string verbose_text(json::Value answer) {
  std::string out = "Images space usage:\n\n";
  Wall now = SystemClock().wall();
  auto size = [](json::Value value, std::string_view member) {
    return human_size(static_cast<double>(std::max<std::int64_t>(get_number(value, member), 0)));
  };
  auto age = [&](json::Value value) {
    return human_ago(Wall{get_number(value, "Created") * 1'000'000'000}, now);
  };
  auto first = [](json::Value list) { return list.size() > 0 ? std::string(list.at(0).string()) : "<none>"; };
  Rows images({{"Name", "NAME"},
               {"ID", "IMAGE ID"},
               {"Age", "CREATED"},
               {"Size", "SIZE"},
               {"Shared", "SHARED SIZE"},
               {"Used", "CONTAINERS"}},
              "table {{.Name}}\t{{.ID}}\t{{.Age}}\t{{.Size}}\t{{.Shared}}\t{{.Used}}");
  for (json::Value image : answer.find("Images").items())
    images.add({first(image.find("RepoTags")), short_id(get_text(image, "Id")), age(image),
                size(image, "Size"), size(image, "SharedSize"), text("{}", get_number(image, "Containers"))});
  Rows containers({{"ID", "CONTAINER ID"},
                   {"Image", "IMAGE"},
                   {"Size", "SIZE"},
                   {"Age", "CREATED"},
                   {"Status", "STATUS"},
                   {"Name", "NAMES"}},
                  "table {{.ID}}\t{{.Image}}\t{{.Size}}\t{{.Age}}\t{{.Status}}\t{{.Name}}");
  for (json::Value container : answer.find("Containers").items())
    containers.add({short_id(get_text(container, "Id")), get_text(container, "Image"),
                    size(container, "SizeRw"), age(container), get_text(container, "Status"),
                    first(container.find("Names")).substr(1)});
  Rows volumes({{"Name", "VOLUME NAME"}, {"Links", "LINKS"}, {"Size", "SIZE"}},
               "table {{.Name}}\t{{.Links}}\t{{.Size}}");
  for (json::Value volume : answer.find("Volumes").items())
    volumes.add({get_text(volume, "Name"), text("{}", get_number(volume.find("UsageData"), "RefCount")),
                 size(volume.find("UsageData"), "Size")});
  out += images.text("").value_or("") + "\nContainers space usage:\n\n" + containers.text("").value_or("");
  return out + "\nLocal Volumes space usage:\n\n" + volumes.text("").value_or("");
}

Task<int> df(Call call) {
  json::Document answer = co_await call.daemon.get("/system/df");
  if (call.flags.on("verbose")) {
    co_await print(verbose_text(answer.root()));
    co_return 0;
  }
  Rows rows({{"Type", "TYPE"},
             {"TotalCount", "TOTAL"},
             {"Active", "ACTIVE"},
             {"Size", "SIZE"},
             {"Reclaimable", "RECLAIMABLE"}},
            "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}");
  for (auto [name, usage] : {std::pair("Images", images_usage(answer.root())),
                             std::pair("Containers", containers_usage(answer.root())),
                             std::pair("Local Volumes", volumes_usage(answer.root())),
                             std::pair("Build Cache", cache_usage(answer.root()))})
    rows.add({name, text("{}", usage.count), text("{}", usage.active),
              human_size(static_cast<double>(usage.size)), reclaimable_text(usage)});
  co_await print(co_await rows.text(call.flags.text("format")));
  co_return 0;
}

// --- prune ------------------------------------------------------------------------------------------------

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
                       std::vector<std::string> filters) {
  Daemon::Query query;
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
  co_return co_await show_pruned(all, true);
}

using enum FlagKind;

constexpr Flag filter_flag = {"filter", 0, list, "Provide filter values (e.g. \"until=<timestamp>\")"};
constexpr Flag force_flag = {"force", 'f', toggle, "Do not prompt for confirmation"};
constexpr Flag df_flags[] = {
    {"format", 0, text, "Format output: 'table', 'table TEMPLATE', 'json' or a Go TEMPLATE"},
    {"verbose", 'v', toggle, "Show detailed information on space usage"},
};
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

std::span<const Command> system_commands() {
  static constexpr Command table[] = {
      {"system df", "", "Show disk usage", df_flags, 0, 0, df},
      {"system prune", "", "Remove unused data", system_flags, 0, 0, prune_system},
      {"container prune", "", "Remove all stopped containers", plain_flags, 0, 0, prune_containers},
      {"image prune", "", "Remove unused images", image_flags, 0, 0, prune_images},
      {"network prune", "", "Remove all unused networks", plain_flags, 0, 0, prune_networks},
      {"volume prune", "", "Remove unused local volumes", volume_flags, 0, 0, prune_volumes},
  };
  return table;
}

}  // namespace podo::cli
