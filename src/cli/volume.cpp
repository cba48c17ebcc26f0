// podo volume ls, create, rm (inspect: inspect.cpp, prune: prune.cpp)
#include "base/format/json_writer.h"
#include "cli/command.h"
#include "cli/console/rows.h"
#include "cli/console/units.h"
#include "cli/container_flags.h"

namespace podo::cli {
namespace {

Task<int> ls(Call call) {
  const Flags& flags = call.flags;
  Daemon::Query query;
  if (flags.given("filter")) query.add("filters", co_await filters_json(flags.all("filter")));
  json::Document answer = co_await call.daemon.get("/volumes", query);
  Rows rows({{"Driver", "DRIVER"},
             {"Name", "VOLUME NAME"},
             {"Mountpoint", "MOUNTPOINT"},
             {"Scope", "SCOPE"},
             {"Labels", "LABELS"},
             {"Size", "SIZE"},
             {"Links", "LINKS"},
             {"Availability", "AVAILABILITY"},
             {"Group", "GROUP"},
             {"Status", "STATUS"}},
            flags.on("quiet") ? "{{.Name}}" : "table {{.Driver}}\t{{.Name}}");
  for (json::Value volume : answer.root().find("Volumes").items()) {
    std::vector<std::string> labels;
    for (auto [key, value] : volume.find("Labels").members())
      labels.push_back(text("{}={}", key, value.string()));
    rows.add({get_text(volume, "Driver"), get_text(volume, "Name"), get_text(volume, "Mountpoint"),
              get_text(volume, "Scope"), join(labels, ","), "N/A", "N/A", "N/A", "N/A", "N/A"});
  }
  co_await print(co_await rows.text(flags.text("format")));
  co_return 0;
}

Task<int> create(Call call) {
  json::Writer out;
  out.object().key("Driver").string(call.flags.text("driver"));
  if (!call.arguments().empty()) out.key("Name").string(call.argument(0));
  out.key("DriverOpts").object();
  for (const auto& [name, value] : co_await parse_pairs(call.flags.all("opt"), "opt"))
    out.key(name).string(value);
  out.end().key("Labels").object();
  for (const std::string& label : call.flags.all("label")) {
    std::size_t equals = std::min(label.find('='), label.size());
    out.key(label.substr(0, equals)).string(label.substr(std::min(equals + 1, label.size())));
  }
  out.end().end();
  json::Document made = co_await call.daemon.post("/volumes/create", {}, out.take());
  co_await print(get_text(made.root(), "Name") + "\n");
  co_return 0;
}

Task<void> remove_one(Call call, std::string name) {
  Daemon::Query query;
  if (call.flags.on("force")) query.add("force", "1");
  co_await call.daemon.remove("/volumes/" + name, query);
  co_await print(name + "\n");
}
Task<int> remove(Call call) { return for_each_argument(call, remove_one); }

using enum FlagKind;

constexpr Flag ls_flags[] = {
    {"filter", 'f', values, "Provide filter values (e.g. \"dangling=true\")"},
    {"format", 0, value, "Format output: 'table', 'table TEMPLATE', 'json' or a Go TEMPLATE"},
    {"quiet", 'q', toggle, "Only display volume names"},
};
constexpr Flag create_flags[] = {
    {"driver", 'd', value, "Specify volume driver name", "local"},
    {"label", 0, values, "Set metadata for a volume"},
    {"opt", 'o', values, "Set driver specific options"},
};
constexpr Flag remove_flags[] = {{"force", 'f', toggle, "Force the removal of one or more volumes"}};

}  // namespace

std::span<const Command> volume_commands() {
  static constexpr Command table[] = {
      {"volume ls|volume list", "", "List volumes", ls_flags, 0, 0, ls},
      {"volume create", "[VOLUME]", "Create a volume", create_flags, 0, 1, create},
      {"volume rm|volume remove", "VOLUME [VOLUME...]", "Remove one or more volumes", remove_flags, 1,
       SIZE_MAX, remove},
  };
  return table;
}

}  // namespace podo::cli
