// podo network ls, create, connect, disconnect, rm (inspect: inspect.cpp, prune: prune.cpp)
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
  json::Document list = co_await call.daemon.get("/networks", query);
  Rows rows({{"ID", "NETWORK ID"},
             {"Name", "NAME"},
             {"Driver", "DRIVER"},
             {"Scope", "SCOPE"},
             {"IPv4", "IPV4"},
             {"IPv6", "IPV6"},
             {"Internal", "INTERNAL"},
             {"Labels", "LABELS"},
             {"CreatedAt", "CREATED AT"}},
            flags.on("quiet") ? "{{.ID}}" : "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}");
  for (json::Value network : list.root().items()) {
    std::string id = get_text(network, "Id");
    std::vector<std::string> labels;
    for (auto [key, value] : network.find("Labels").members())
      labels.push_back(text("{}={}", key, value.string()));
    auto truth = [&](std::string_view member) {
      return std::string(get_truth(network, member) ? "true" : "false");
    };
    std::string ipv4 = network.find("EnableIPv4").present() ? truth("EnableIPv4") : "true";
    Result<Wall> created = parse_time(get_text(network, "Created"));
    rows.add({flags.on("no-trunc") ? id : short_id(id), get_text(network, "Name"),
              get_text(network, "Driver"), get_text(network, "Scope"), ipv4, truth("EnableIPv6"),
              truth("Internal"), join(labels, ","),
              created ? clock_text(*created) : get_text(network, "Created")});
  }
  co_await print(co_await rows.text(flags.text("format")));
  co_return 0;
}

void write_map(json::Writer& out, std::string_view key, const docker::StringMap& map) {
  out.key(key).object();
  for (const auto& [name, value] : map) out.key(name).string(value);
  out.end();
}

// The flags of addresses come in the same order: the first gateway is the first subnet's.
Result<std::string> create_body(const Flags& flags) {
  json::Writer out;
  out.object().key("Name").string(flags.arguments()[0]).key("Driver").string(flags.text("driver"));
  out.key("Internal").boolean(flags.on("internal")).key("Attachable").boolean(flags.on("attachable"));
  out.key("EnableIPv6").boolean(flags.on("ipv6"));
  if (flags.given("ipv4")) out.key("EnableIPv4").boolean(flags.on("ipv4"));
  out.key("IPAM").object().key("Driver").string(flags.text("ipam-driver"));
  write_map(out, "Options", TRY(parse_pairs(flags.all("ipam-opt"), "ipam-opt")));
  out.key("Config").array();
  std::vector<std::string> subnets = flags.all("subnet"), gateways = flags.all("gateway"),
                           ranges = flags.all("ip-range");
  docker::StringMap auxiliary = TRY(parse_pairs(flags.all("aux-address"), "aux-address"));
  if (gateways.size() > subnets.size() || ranges.size() > subnets.size())
    return invalid("every ip-range or gateway must have a corresponding subnet");
  for (std::size_t i = 0; i < subnets.size(); ++i) {
    out.object().key("Subnet").string(subnets[i]);
    if (i < gateways.size()) out.key("Gateway").string(gateways[i]);
    if (i < ranges.size()) out.key("IPRange").string(ranges[i]);
    if (i == 0 && !auxiliary.empty()) write_map(out, "AuxiliaryAddresses", auxiliary);
    out.end();
  }
  out.end().end();
  write_map(out, "Options", TRY(parse_pairs(flags.all("opt"), "opt")));
  docker::StringMap labels;
  for (const std::string& label : flags.all("label")) {
    std::size_t equals = std::min(label.find('='), label.size());
    labels[label.substr(0, equals)] = label.substr(std::min(equals + 1, label.size()));
  }
  write_map(out, "Labels", labels);
  return out.end().take();
}

Task<int> create(Call call) {
  json::Document made = co_await call.daemon.post("/networks/create", {}, co_await create_body(call.flags));
  if (std::string warning = get_text(made.root(), "Warning"); !warning.empty())
    complain("WARNING: " + warning);
  co_await print(get_text(made.root(), "Id") + "\n");
  co_return 0;
}

Task<int> connect(Call call) {
  const Flags& flags = call.flags;
  docker::EndpointSettings settings;
  settings.aliases = flags.all("alias");
  settings.links = flags.all("link");
  settings.driver_opts = co_await parse_pairs(flags.all("driver-opt"), "driver-opt");
  settings.gw_priority = flags.integer("gw-priority");
  if (flags.given("ip") || flags.given("ip6") || flags.given("link-local-ip"))
    settings.ipam_config = {flags.text("ip"), flags.text("ip6"), flags.all("link-local-ip")};
  json::Writer out;
  out.object().key("Container").string(call.argument(1)).key("EndpointConfig").object();
  docker::encode_members(out, settings);
  out.end().end();
  co_await call.daemon.post(text("/networks/{}/connect", call.argument(0)), {}, out.take());
  co_return 0;
}

Task<int> disconnect(Call call) {
  json::Writer out;
  out.object().key("Container").string(call.argument(1)).key("Force").boolean(call.flags.on("force")).end();
  co_await call.daemon.post(text("/networks/{}/disconnect", call.argument(0)), {}, out.take());
  co_return 0;
}

Task<void> remove_one(Call call, std::string name) {
  Result<json::Document> removed = co_await call.daemon.remove("/networks/" + name).result();
  bool gone = !removed && removed.error().kind() == ErrorKind::not_found && call.flags.on("force");
  if (!removed && !gone) co_await Failure(std::move(removed).error());
  if (!gone) co_await print(name + "\n");
}
Task<int> remove(Call call) { return for_each_argument(call, remove_one); }

using enum FlagKind;

constexpr Flag ls_flags[] = {
    {"filter", 'f', values, "Provide filter values (e.g. \"driver=bridge\")"},
    {"format", 0, value, "Format output: 'table', 'table TEMPLATE', 'json' or a Go TEMPLATE"},
    {"no-trunc", 0, toggle, "Do not truncate the output"},
    {"quiet", 'q', toggle, "Only display network IDs"},
};
constexpr Flag create_flags[] = {
    {"attachable", 0, toggle, "Enable manual container attachment"},
    {"aux-address", 0, values, "Auxiliary IPv4 or IPv6 addresses used by Network driver"},
    {"driver", 'd', value, "Driver to manage the Network", "bridge"},
    {"gateway", 0, values, "IPv4 or IPv6 Gateway for the subnet"},
    {"internal", 0, toggle, "Restrict external access to the network"},
    {"ip-range", 0, values, "Allocate container ip from a sub-range"},
    {"ipam-driver", 0, value, "IP Address Management Driver", "default"},
    {"ipam-opt", 0, values, "Set IPAM driver specific options"},
    {"ipv4", 0, toggle, "Enable or disable IPv4 address assignment", "true"},
    {"ipv6", 0, toggle, "Enable or disable IPv6 address assignment"},
    {"label", 0, values, "Set metadata on a network"},
    {"opt", 'o', values, "Set driver specific options"},
    {"subnet", 0, values, "Subnet in CIDR format that represents a network segment"},
};
constexpr Flag connect_flags[] = {
    {"alias", 0, values, "Add network-scoped alias for the container"},
    {"driver-opt", 0, values, "driver options for the network"},
    {"gw-priority", 0, integer, "Highest gw-priority provides the default gateway"},
    {"ip", 0, value, "IPv4 address (e.g., \"172.30.100.104\")"},
    {"ip6", 0, value, "IPv6 address (e.g., \"2001:db8::33\")"},
    {"link", 0, values, "Add link to another container"},
    {"link-local-ip", 0, values, "Add a link-local address for the container"},
};
constexpr Flag disconnect_flags[] = {
    {"force", 'f', toggle, "Force the container to disconnect from a network"}};
constexpr Flag remove_flags[] = {{"force", 'f', toggle, "Do not error if the network does not exist"}};

}  // namespace

std::span<const Command> network_commands() {
  static constexpr Command table[] = {
      {"network ls|network list", "", "List networks", ls_flags, 0, 0, ls},
      {"network create", "NETWORK", "Create a network", create_flags, 1, 1, create},
      {"network connect", "NETWORK CONTAINER", "Connect a container to a network", connect_flags, 2, 2,
       connect},
      {"network disconnect", "NETWORK CONTAINER", "Disconnect a container from a network", disconnect_flags,
       2, 2, disconnect},
      {"network rm|network remove", "NETWORK [NETWORK...]", "Remove one or more networks", remove_flags, 1,
       SIZE_MAX, remove},
  };
  return table;
}

}  // namespace podo::cli
