// podo ps
#include <algorithm>
#include <map>

#include "base/core/clock.h"
#include "base/format/json_writer.h"
#include "cli/command.h"
#include "cli/console/rows.h"
#include "cli/console/units.h"
#include "cli/port_list.h"

namespace podo::cli {
namespace {

constexpr std::size_t command_max = 20;

std::string names_of(json::Value container, bool whole) {
  std::vector<std::string> names;
  for (json::Value name : container.find("Names").items()) {
    std::string_view plain = name.string();
    if (plain.starts_with('/')) plain.remove_prefix(1);
    if (whole || !plain.contains('/')) names.emplace_back(plain);  // "a/b" is a link's
  }
  return join(names, ",");
}

std::string labels_of(json::Value container) {
  std::vector<std::string> labels;
  for (auto [key, value] : container.find("Labels").members())
    labels.push_back(text("{}={}", key, value.is(json::Kind::string) ? value.string() : ""));
  std::ranges::sort(labels);
  return join(labels, ",");
}

std::string mounts_of(json::Value container, bool whole, std::size_t& volumes) {
  std::vector<std::string> mounts;
  for (json::Value mount : container.find("Mounts").items()) {
    std::string name = get_text(mount, "Name");
    if (!name.empty()) ++volumes;
    if (name.empty()) name = get_text(mount, "Source");
    mounts.push_back(whole ? name : ellipsis(name, 15));
  }
  return join(mounts, ",");
}

std::string quoted(std::string_view command, bool whole) {
  std::string out;
  json::append_quoted(out, whole ? std::string(command) : ellipsis(command, command_max));
  return out;
}

std::string size_of(json::Value container) {
  auto shown = [&](std::string_view member) {
    return human_size(static_cast<double>(get_number(container, member)), 3);
  };
  std::string size = shown("SizeRw");
  return get_number(container, "SizeRootFs") > 0 ? text("{} (virtual {})", size, shown("SizeRootFs")) : size;
}

std::vector<std::string> row_of(json::Value container, bool whole, Wall now) {
  Wall created{get_number(container, "Created") * 1'000'000'000};
  std::string id = get_text(container, "Id"), image = get_text(container, "Image");
  if (!whole && image.starts_with("sha256:")) image = short_id(image);
  std::vector<std::string> networks;
  for (auto [name, settings] : container.find("NetworkSettings").find("Networks").members())
    networks.emplace_back(name);
  std::size_t volumes = 0;
  std::string mounts = mounts_of(container, whole, volumes);
  return {whole ? id : short_id(id),
          image,
          quoted(get_text(container, "Command"), whole),
          clock_text(created),
          human_ago(created, now),
          get_text(container, "Status"),
          get_text(container, "State"),
          port_list(container.find("Ports")),
          names_of(container, whole),
          labels_of(container),
          text("{}", volumes),
          mounts,
          join(networks, ","),
          size_of(container)};
}

Task<int> ps(Call call) {
  const Flags& flags = call.flags;
  Daemon::Query query;
  if (flags.on("all")) query.add("all", "1");
  if (flags.on("latest")) query.add("limit", "1");
  else if (flags.integer("last") > 0) query.add("limit", flags.text("last"));
  if (flags.given("filter")) query.add("filters", co_await filters_json(flags.all("filter")));
  bool sizes = flags.on("size") || flags.text("format").contains(".Size");
  if (sizes) query.add("size", "1");
  json::Document list = co_await call.daemon.get("/containers/json", query);
  if (flags.on("json")) {
    co_await print(indented(list.root()) + "\n");
    co_return 0;
  }
  bool whole = flags.on("no-trunc");
  std::string table =
      "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
  if (flags.on("size")) table += "\t{{.Size}}";
  if (flags.on("quiet")) table = "{{.ID}}";
  Rows rows({{"ID", "CONTAINER ID"},
             {"Image", "IMAGE"},
             {"Command", "COMMAND"},
             {"CreatedAt", "CREATED AT"},
             {"RunningFor", "CREATED"},
             {"Status", "STATUS"},
             {"State", "STATE"},
             {"Ports", "PORTS"},
             {"Names", "NAMES"},
             {"Labels", "LABELS"},
             {"LocalVolumes", "LOCAL VOLUMES"},
             {"Mounts", "MOUNTS"},
             {"Networks", "NETWORKS"},
             {"Size", "SIZE"}},
            table);
  Wall now = SystemClock().wall();
  for (json::Value container : list.root().items()) rows.add(row_of(container, whole, now));
  co_await print(co_await rows.text(flags.text("format")));
  co_return 0;
}

using enum FlagKind;

constexpr Flag ps_flags[] = {
    {"all", 'a', toggle, "Show all containers (default shows just running)"},
    {"filter", 'f', values, "Filter output based on conditions provided"},
    {"format", 0, value, "Format output: 'table', 'table TEMPLATE', 'json' or a Go TEMPLATE"},
    {"json", 0, toggle, "Print the daemon's answer"},
    {"last", 'n', integer, "Show n last created containers (includes all states)", "-1"},
    {"latest", 'l', toggle, "Show the latest created container (includes all states)"},
    {"no-trunc", 0, toggle, "Don't truncate output"},
    {"quiet", 'q', toggle, "Only display container IDs"},
    {"size", 's', toggle, "Display total file sizes"},
};

}  // namespace

std::span<const Command> ps_commands() {
  static constexpr Command table[] = {
      {"ps|container ls|container list|container ps", "", "List containers", ps_flags, 0, 0, ps}};
  return table;
}

}  // namespace podo::cli
