// podo top, port, diff
#include <algorithm>
#include <map>

#include "cli/command.h"
#include "cli/console/units.h"
#include "container/oci_cli/columns.h"

namespace podo::cli {
namespace {

Task<int> top(Call call) {
  Daemon::Query query;
  if (call.arguments().size() > 1) query.add("ps_args", join(call.flags.arguments_from(1), " "));
  json::Document list = co_await call.daemon.get(text("/containers/{}/top", call.argument(0)), query);
  oci_cli::Columns table(3, 20);
  auto add = [&](json::Value line) {
    std::vector<std::string> cells;
    for (json::Value cell : line.items()) cells.emplace_back(cell.string());
    table.row(std::move(cells));
  };
  add(list.root().find("Titles"));
  for (json::Value process : list.root().find("Processes").items()) add(process);
  co_await print(table.take());
  co_return 0;
}

Task<int> diff(Call call) {
  json::Document changes = co_await call.daemon.get(text("/containers/{}/changes", call.argument(0)));
  std::string out;
  constexpr std::string_view kinds = "CAD";
  for (json::Value change : changes.root().items()) {
    auto kind = static_cast<std::size_t>(get_number(change, "Kind"));
    out += text("{} {}\n", kind < kinds.size() ? kinds[kind] : '?', get_text(change, "Path"));
  }
  co_await print(out);
  co_return 0;
}

std::vector<std::string> bindings_of(json::Value bindings) {
  std::vector<std::string> out;
  for (json::Value binding : bindings.items()) {
    std::string ip = get_text(binding, "HostIp");
    if (ip.contains(':')) ip = "[" + ip + "]";
    out.push_back(text("{}:{}", ip, get_text(binding, "HostPort")));
  }
  return out;
}

Task<int> port(Call call) {
  json::Document found = co_await call.daemon.get(text("/containers/{}/json", call.argument(0)));
  json::Value ports = found.root().find("NetworkSettings").find("Ports");
  std::string out;
  if (call.arguments().size() > 1) {
    std::string wanted = call.argument(1);
    if (!wanted.contains('/')) wanted += "/tcp";
    std::vector<std::string> bindings = bindings_of(ports.find(wanted));
    if (bindings.empty())
      co_return not_found("Error: No public port '{}' published for {}", call.argument(1), call.argument(0));
    out = join(bindings, "\n") + "\n";
  } else {
    std::map<std::pair<std::size_t, std::string>, json::Value> sorted;  // by number
    for (auto [name, bindings] : ports.members())
      sorted[{name.substr(0, name.find('/')).size(), std::string(name)}] = bindings;
    for (const auto& [key, bindings] : sorted)
      for (const std::string& binding : bindings_of(bindings)) out += text("{} -> {}\n", key.second, binding);
  }
  co_await print(out);
  co_return 0;
}

}  // namespace

std::span<const Command> container_view_commands() {
  static constexpr Command table[] = {
      {.names = "top|container top",
       .arguments = "CONTAINER [ps OPTIONS]",
       .summary = "Display the running processes of a container",
       .least = 1,
       .perform = top,
       .order = Flags::Order::before_arguments},
      {"port|container port",
       "CONTAINER [PRIVATE_PORT[/PROTO]]",
       "List port mappings or a specific mapping for the container",
       {},
       1,
       2,
       port},
      {"diff|container diff",
       "CONTAINER",
       "Inspect changes to files or directories on a container's filesystem",
       {},
       1,
       1,
       diff},
  };
  return table;
}

}  // namespace podo::cli
