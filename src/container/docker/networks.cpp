#include <algorithm>

#include "base/core/timestamp.h"
#include "container/docker/filters.h"
#include "container/docker/handlers.h"
#include "container/docker/prune.h"
#include "model/docker/decode_members.h"
#include "model/docker/encode_members.h"

namespace podo::docker {
namespace {

bool is_predefined(const network::NetworkRecord& record) {
  return record.name == "bridge" || record.name == "host" || record.name == "none" ||
         record.name == network::pods_network;
}

void write_ipam(json::Writer& out, const network::NetworkRecord& record) {
  out.object().key("Driver").string(record.ipam_driver);
  member_or_null(out, "Options", record.ipam_options);
  out.key("Config").array();
  for (const auto& pool : record.pools) {
    out.object();
    member_if(out, "Subnet", pool.subnet);
    member_if(out, "IPRange", pool.ip_range);
    member_if(out, "Gateway", pool.gateway);
    member_if(out, "AuxiliaryAddresses", pool.auxiliary_addresses);
    out.end();
  }
  out.end().end();
}

std::string with_prefix(const std::string& address, int prefix) {
  return address.empty() ? "" : text("{}/{}", address, prefix);
}

void write_containers(json::Writer& out, const Call& call, const network::NetworkRecord& record) {
  out.object();
  for (const auto* endpoint : call.networks().endpoints_of_network(record.id)) {
    out.key(endpoint->wish.container_id).object();
    member(out, "Name", endpoint->wish.container_name);
    member(out, "EndpointID", endpoint->id);
    member(out, "MacAddress", endpoint->mac);
    member(out, "IPv4Address", with_prefix(endpoint->ipv4, endpoint->prefix4));
    member(out, "IPv6Address", with_prefix(endpoint->ipv6, endpoint->prefix6));
    out.end();
  }
  out.end();
}

enum class Detail : std::uint8_t { list, inspect };

void write_network(json::Writer& out, const Call& call, const network::NetworkRecord& record, Detail detail) {
  out.object();
  member(out, "Name", record.name);
  member(out, "Id", record.id);
  member(out, "Created", record.created);
  member(out, "Scope", record.scope);
  member(out, "Driver", record.driver);
  member(out, "EnableIPv4", record.enable_ipv4);
  member(out, "EnableIPv6", record.enable_ipv6);
  out.key("IPAM");
  write_ipam(out, record);
  member(out, "Internal", record.internal);
  member(out, "Attachable", record.attachable);
  member(out, "Ingress", record.ingress);
  out.key("ConfigFrom").object().key("Network").string("").end().key("ConfigOnly").boolean(false);
  out.key("Containers");
  if (detail == Detail::inspect) write_containers(out, call, record);
  else out.object().end();
  member(out, "Options", record.options);
  member(out, "Labels", record.labels);
  out.end();
}

Result<const network::NetworkRecord*> find(const Call& call, std::string_view name) {
  const auto* record = call.networks().find(name);
  if (record == nullptr) return not_found("network {} not found", name);
  return record;
}

Result<bool> takes(const Call& call, const Filters& filters, const network::NetworkRecord& record) {
  if (filters.has("dangling")) {
    const bool used = is_predefined(record) || !call.networks().endpoints_of_network(record.id).empty();
    if (used == TRY(filters.truth("dangling", false))) return false;
  }
  return filters.pattern("name", record.name) && filters.prefix("id", record.id) &&
         filters.exact("driver", record.driver) && filters.exact("scope", record.scope) &&
         filters.exact("type", is_predefined(record) ? "builtin" : "custom") && filters.labels(record.labels);
}

}  // namespace

static void members(Members& of, network::IpamPool& to) {
  of.may("Subnet", to.subnet)
      .may("IPRange", to.ip_range)
      .may("Gateway", to.gateway)
      .may("AuxiliaryAddresses", to.auxiliary_addresses);
}

namespace {

struct Ipam {  // the member IPAM of a network that is asked for
  network::NetworkRecord& record;
};
void members(Members& of, Ipam& to) {
  of.may("Driver", to.record.ipam_driver)
      .may("Options", to.record.ipam_options)
      .may("Config", to.record.pools);
}

struct Wish {
  network::NetworkRecord record;
  bool config_only = false;
};
void members(Members& of, Wish& to) {
  Ipam ipam{to.record};
  of.may("Name", to.record.name)
      .may("Driver", to.record.driver)
      .may("Scope", to.record.scope)
      .may("EnableIPv4", to.record.enable_ipv4)
      .may("EnableIPv6", to.record.enable_ipv6)
      .may("Internal", to.record.internal)
      .may("Attachable", to.record.attachable)
      .may("Ingress", to.record.ingress)
      .may("IPAM", ipam)
      .may("Options", to.record.options)
      .may("Labels", to.record.labels)
      .may("ConfigOnly", to.config_only);
}

Result<network::NetworkRecord> wanted_network(const json::Document& body) {
  Wish wish;
  TRY(read(Field(body), wish));
  network::NetworkRecord& record = wish.record;
  if (record.driver.empty()) record.driver = "bridge";
  if (record.ipam_driver.empty()) record.ipam_driver = "default";
  if (record.scope.empty()) record.scope = "local";
  if (record.name.empty() || record.name.find_first_not_of(" \t") == record.name.npos)
    return invalid("invalid network name: name is empty");
  if (wish.config_only) return unsupported("Unsupported: networks that are only a configuration for others");
  if (record.scope != "local" || record.driver == "overlay" || record.ingress) {
    return unavailable(
        "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect "
        "this node "
        "to swarm and try again.");
  }
  if (is_predefined(record))
    return denied("operation is not permitted on predefined {} network", record.name);
  std::erase_if(record.pools, [](const network::IpamPool& pool) { return pool.subnet.empty(); });
  return std::move(record);
}

engine::Event event_of(const network::NetworkRecord& record, std::string action) {
  return {.type = "network",
          .action = std::move(action),
          .actor_id = record.id,
          .attributes = {{"name", record.name}, {"type", record.driver}}};
}

}  // namespace

Task<void> list_networks(Call& call) {
  const Filters filters = co_await Filters::parse(call.query("filters"));
  co_await filters.allow({"dangling", "driver", "id", "label", "name", "scope", "type"});
  for (const auto& type : filters.values("type")) {
    if (type != "custom" && type != "builtin") co_await invalid("invalid filter: 'type'='{}'", type);
  }
  json::Writer out;
  out.array();
  for (const auto* record : call.networks().list()) {
    const auto taken = takes(call, filters, *record);
    if (!taken) co_await Failure(taken.error());
    if (*taken) write_network(out, call, *record, Detail::list);
  }
  co_await call.answer(200, out.end());
}

Task<void> inspect_network(Call& call) {
  const auto* record = co_await find(call, call.name);
  if (const std::string scope = call.query("scope"); !scope.empty() && scope != record->scope)
    co_await not_found("network {} not found", call.name);
  json::Writer out;
  write_network(out, call, *record, Detail::inspect);
  co_await call.answer(200, out);
}

Task<void> create_network(Call& call) {
  const json::Document body = co_await call.body();
  auto wanted = co_await wanted_network(body);
  for (const auto* record : call.networks().list()) {
    if (record->name == wanted.name)
      co_await already_exists("network with name {} already exists", wanted.name);
  }
  const network::NetworkRecord made = co_await call.networks().create(std::move(wanted));
  call.tell(event_of(made, "create"));
  json::Writer out;
  out.object().key("Id").string(made.id).key("Warning").string("").end();
  co_await call.answer(201, out);
}

Task<void> remove_network(Call& call) {
  const network::NetworkRecord record = *co_await find(call, call.name);
  if (is_predefined(record))
    co_await denied("{} is a pre-defined network and cannot be removed", record.name);
  const Result<> removed = co_await call.networks().remove(record.id).result();
  if (!removed && removed.error().kind() == ErrorKind::conflict)
    co_await denied("{}", removed.error().message());
  if (!removed) co_await Failure(removed.error());
  call.tell(event_of(record, "destroy"));
  co_await call.nothing();
}

Task<void> connect_network(Call& call) {
  const json::Document body = co_await call.body();
  const Field root(body);
  const std::string container(co_await member(root, "Container").string());
  EndpointSettings settings = co_await decode_endpoint_settings(member(root, "EndpointConfig"));
  const auto* record = co_await find(call, call.name);
  co_await call.engine().connect(record->name, container, std::move(settings));
  co_await call.nothing(200);
}

Task<void> disconnect_network(Call& call) {
  const json::Document body = co_await call.body();
  const Field root(body);
  const std::string container(co_await member(root, "Container").string());
  const bool force = co_await member(root, "Force").boolean_or(false);
  const auto* record = co_await find(call, call.name);
  co_await call.engine().disconnect(record->name, container, force);
  co_await call.nothing(200);
}

Task<void> prune_networks(Call& call) {
  const Filters filters = co_await Filters::parse(call.query("filters"));
  co_await filters.allow({"label", "label!", "until"});
  const Wall until = co_await prune_until(filters, call.now());
  std::vector<network::NetworkRecord> unused;
  for (const auto* record : call.networks().list()) {
    const auto created = parse_rfc3339(record->created);
    if (is_predefined(*record) || (created && *created > until) || !filters.labels(record->labels)) continue;
    if (call.networks().endpoints_of_network(record->id).empty()) unused.push_back(*record);
  }
  std::vector<std::string> deleted;
  for (const auto& record : unused) {
    if (!co_await call.networks().remove(record.id).result()) continue;  // used in the meantime
    call.tell(event_of(record, "destroy"));
    deleted.push_back(record.name);
  }
  tell_pruned(call, "network", 0);
  json::Writer out;
  out.object();
  member_or_null(out, "NetworksDeleted", deleted);
  co_await call.answer(200, out.end());
}

}  // namespace podo::docker
