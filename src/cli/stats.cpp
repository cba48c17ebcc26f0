// podo stats
#include <algorithm>
#include <map>

#include "base/io/combine.h"
#include "cli/command.h"
#include "cli/console/rows.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

double number(json::Value value, std::string_view member) {
  return value.find(member).as_double().value_or(0);
}

std::string percent(double value) {
  auto hundredths = static_cast<std::int64_t>(value * 100 + 0.5);
  return text("{}.{}{}%", hundredths / 100, hundredths / 10 % 10, hundredths % 10);
}

double cpu_percent(json::Value stats) {
  json::Value now = stats.find("cpu_stats"), before = stats.find("precpu_stats");
  double used =
      number(now.find("cpu_usage"), "total_usage") - number(before.find("cpu_usage"), "total_usage");
  double passed = number(now, "system_cpu_usage") - number(before, "system_cpu_usage");
  double cpus = std::max(number(now, "online_cpus"), 1.0);
  return used > 0 && passed > 0 ? used / passed * cpus * 100 : 0;
}

// What could be dropped at any time does not count.
double memory_used(json::Value memory) {
  json::Value parts = memory.find("stats");
  double usage = number(memory, "usage");
  double cache = parts.find("total_inactive_file").present() ? number(parts, "total_inactive_file")
                                                             : number(parts, "inactive_file");
  return cache < usage ? usage - cache : usage;
}

std::vector<std::string> row_of(json::Value stats, const std::string& id) {
  json::Value memory = stats.find("memory_stats");
  double used = memory_used(memory), limit = number(memory, "limit"), in = 0, out = 0, read = 0, written = 0;
  for (auto [name, link] : stats.find("networks").members()) {
    in += number(link, "rx_bytes");
    out += number(link, "tx_bytes");
  }
  for (json::Value entry : stats.find("blkio_stats").find("io_service_bytes_recursive").items()) {
    std::string what = get_text(entry, "op");
    if (what == "read" || what == "Read") read += number(entry, "value");
    if (what == "write" || what == "Write") written += number(entry, "value");
  }
  std::string name = get_text(stats, "name");
  if (name.starts_with('/')) name.erase(0, 1);
  return {id,
          id,
          name,
          percent(cpu_percent(stats)),
          text("{} / {}", binary_size(used), binary_size(limit)),
          percent(limit > 0 ? used / limit * 100 : 0),
          text("{} / {}", human_size(in, 3), human_size(out, 3)),
          text("{} / {}", human_size(read, 3), human_size(written, 3)),
          text("{}", get_number(stats.find("pids_stats"), "current"))};
}

// The newest row of each container, in the order they were named or began.
struct Latest {
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::string>> rows;
  bool whole_ids = false;
};

Task<void> watch(Daemon& daemon, std::string id, bool stream, Latest& latest) {
  Daemon::Query query;
  query.add("stream", stream ? "1" : "0");
  http::Response response =
      co_await daemon.ask({.method = "GET", .path = text("/containers/{}/stats", id), .query = query});
  co_await Daemon::each_value(*response.body, [&](json::Value stats) -> Result<bool> {
    std::string real = get_text(stats, "id");
    if (real.empty()) real = id;
    latest.rows[id] = row_of(stats, latest.whole_ids ? real : short_id(real));
    return true;
  });
  if (stream) latest.rows.erase(id);  // it has ended
}

Task<void> watch_quietly(Daemon& daemon, std::string id, Latest& latest) {
  (void)co_await watch(daemon, id, true, latest).result();
}

// Containers that start while we look.
Task<void> watch_new(Daemon& daemon, io::TaskGroup& watching, Latest& latest) {
  Daemon::Query query;
  query.add("filters", co_await filters_json({"type=container", "event=start"}));
  http::Response events = co_await daemon.ask({.method = "GET", .path = "/events", .query = query});
  co_await Daemon::each_value(*events.body, [&](json::Value event) -> Result<bool> {
    std::string id = get_text(event.find("Actor"), "ID");
    if (std::ranges::find(latest.order, id) == latest.order.end()) latest.order.push_back(id);
    watching.spawn(watch_quietly(daemon, id, latest));
    return true;
  });
}

Result<> show(const Latest& latest, const std::string& format) {
  Rows rows(
      {{"Container", "CONTAINER"},
       {"ID", "CONTAINER ID"},
       {"Name", "NAME"},
       {"CPUPerc", "CPU %"},
       {"MemUsage", "MEM USAGE / LIMIT"},
       {"MemPerc", "MEM %"},
       {"NetIO", "NET I/O"},
       {"BlockIO", "BLOCK I/O"},
       {"PIDs", "PIDS"}},
      "table "
      "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}");
  for (const std::string& id : latest.order)
    if (auto row = latest.rows.find(id); row != latest.rows.end()) rows.add(row->second);
  return print(TRY(rows.text(format)));
}

Task<int> stats(Call call) {
  const Flags& flags = call.flags;
  std::vector<std::string> wanted = call.arguments();
  if (wanted.empty()) {
    Daemon::Query query;
    if (flags.on("all")) query.add("all", "1");
    json::Document list = co_await call.daemon.get("/containers/json", query);
    for (json::Value container : list.root().items()) wanted.push_back(get_text(container, "Id"));
  }
  Latest latest{.order = wanted, .rows = {}, .whole_ids = flags.on("no-trunc")};
  io::TaskGroup watching(call.daemon.loop());
  if (flags.on("no-stream")) {
    for (const std::string& id : wanted) watching.spawn(watch(call.daemon, id, false, latest));
    co_await watching.join();
    co_await show(latest, flags.text("format"));
    co_return 0;
  }
  for (const std::string& id : wanted) watching.spawn(watch_quietly(call.daemon, id, latest));
  if (call.arguments().empty()) watching.spawn(watch_new(call.daemon, watching, latest));
  while (watching.size() > 0) {
    co_await io::sleep(milliseconds(500));
    if (is_terminal(1)) co_await print("\x1b[H\x1b[J");
    co_await show(latest, flags.text("format"));
  }
  co_return 0;
}

using enum FlagKind;

constexpr Flag stats_flags[] = {
    {"all", 'a', toggle, "Show all containers (default shows just running)"},
    {"format", 0, value, "Format output: 'table', 'table TEMPLATE', 'json' or a Go TEMPLATE"},
    {"no-stream", 0, toggle, "Disable streaming stats and only pull the first result"},
    {"no-trunc", 0, toggle, "Do not truncate output"},
};

}  // namespace

std::span<const Command> stats_commands() {
  static constexpr Command table[] = {{"stats|container stats", "[CONTAINER...]",
                                       "Display a live stream of container(s) resource usage statistics",
                                       stats_flags, 0, SIZE_MAX, stats}};
  return table;
}

}  // namespace podo::cli
