#include "container/docker/container_json.h"

#include <charconv>

#include "base/core/timestamp.h"
#include "model/docker/encode_members.h"

namespace podo::docker {

std::string go_time(Wall at) { return at.ns == 0 ? "0001-01-01T00:00:00Z" : rfc3339_nano(at); }

std::string network_of_mode(std::string_view mode) {
  if (mode.starts_with("container:") || mode.starts_with("sandbox:")) return "";
  return std::string(mode.empty() || mode == "default" ? "bridge" : mode);
}

namespace {

Strings dns_names(const network::EndpointWish& wish) {
  Strings names;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  add(wish.container_name);
  for (const auto& alias : wish.aliases) add(alias);
  add(wish.container_id.substr(0, 12));
  return names;
}

void write_endpoint(json::Writer& out, EndpointSettings settings, const network::Endpoint& endpoint,
                    bool attached) {
  if (attached) settings.mac_address = endpoint.mac;
  out.object();
  encode_members(out, settings);
  member(out, "NetworkID", endpoint.network_id);
  member(out, "EndpointID", endpoint.id);
  member(out, "Gateway", endpoint.gateway4);
  member(out, "IPAddress", endpoint.ipv4);
  out.key("IPPrefixLen").number(endpoint.ipv4.empty() ? 0 : endpoint.prefix4);
  member(out, "IPv6Gateway", endpoint.gateway6);
  member(out, "GlobalIPv6Address", endpoint.ipv6);
  out.key("GlobalIPv6PrefixLen").number(endpoint.ipv6.empty() ? 0 : endpoint.prefix6);
  const bool has_names = attached && endpoint.network_name != "bridge" && endpoint.network_name != "host" &&
                         endpoint.network_name != "none";
  member_or_null(out, "DNSNames", has_names ? dns_names(endpoint.wish) : Strings());
  out.end();
}

struct ShownNetwork {
  EndpointSettings settings;
  const network::Endpoint* endpoint = nullptr;
};

}  // namespace

void write_networks(json::Writer& out, const Call& call, const engine::Container& container) {
  std::map<std::string, ShownNetwork> shown;
  const auto name_of = [&](const std::string& name) {
    const std::string wanted = network_of_mode(name);
    const auto* record = call.networks().find(wanted);
    return record == nullptr ? wanted : record->name;
  };
  for (const auto& [name, settings] : container.wished_networks) {
    if (!name_of(name).empty()) shown[name_of(name)].settings = settings;
  }
  for (const auto& endpoint : container.endpoints) shown[endpoint.network_name].endpoint = &endpoint;
  if (const std::string mode = name_of(container.host_config.network_mode); shown.empty() && !mode.empty())
    shown[mode];
  out.object();
  for (const auto& [name, network] : shown) {
    out.key(name);
    network::Endpoint none;
    if (network.endpoint == nullptr) {
      if (const auto* record = call.networks().find(name)) none.network_id = record->id;
    }
    write_endpoint(out, network.settings, network.endpoint == nullptr ? none : *network.endpoint,
                   network.endpoint != nullptr);
  }
  out.end();
}

void write_mounts(json::Writer& out, const engine::Container& container) {
  out.array();
  for (const auto& mount : container.mounts) {
    if (mount.type == "tmpfs" && container.host_config.tmpfs.contains(mount.destination)) continue;
    out.object();
    member_if(out, "Type", mount.type);
    member_if(out, "Name", mount.name);
    member(out, "Source", mount.source);
    member(out, "Destination", mount.destination);
    member_if(out, "Driver", mount.driver);
    member(out, "Mode", mount.mode);
    member(out, "RW", mount.read_write);
    member(out, "Propagation", mount.propagation);
    out.end();
  }
  out.end();
}

bool is_alive(const engine::Container& container) {
  using engine::Status;
  const Status status = container.state.status;
  return status == Status::running || status == Status::paused || status == Status::restarting;
}

std::vector<ShownPort> shown_ports(const engine::Container& container) {
  std::vector<ShownPort> ports;
  if (!is_alive(container)) return ports;
  const auto add = [&](const network::PublishedPort& from, std::string_view host_ip) {
    ports.push_back({.key = text("{}/{}", from.container_port, from.protocol),
                     .protocol = from.protocol,
                     .container_port = from.container_port,
                     .host_port = from.host_port,
                     .host_ip = std::string(host_ip)});
  };
  std::map<std::string, bool> published;
  for (const auto& port : container.ports) {
    published.emplace(text("{}/{}", port.container_port, port.protocol), true);
    if (!port.host_ip.empty()) {
      add(port, port.host_ip);
      continue;
    }
    add(port, "0.0.0.0");
    add(port, "::");
  }
  for (const auto& [key, unused] : container.config.exposed_ports) {
    if (published.contains(key)) continue;
    const auto slash = std::min(key.find('/'), key.size());
    unsigned number = 0;
    std::from_chars(key.data(), key.data() + slash, number);
    const std::string protocol = slash == key.size() ? "tcp" : key.substr(slash + 1);
    if (published.contains(text("{}/{}", number, protocol))) continue;
    ports.push_back({.key = text("{}/{}", number, protocol),
                     .protocol = protocol,
                     .container_port = number,
                     .host_ip = {}});
  }
  return ports;
}

std::string human_duration(Duration duration) {
  const std::int64_t all_seconds = duration.ns / 1'000'000'000;
  if (all_seconds < 1) return "Less than a second";
  if (all_seconds == 1) return "1 second";
  if (all_seconds < 60) return text("{} seconds", all_seconds);
  const std::int64_t minutes = all_seconds / 60;
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return text("{} minutes", minutes);
  const std::int64_t hours = (all_seconds + 1800) / 3600;
  if (hours == 1) return "About an hour";
  if (hours < 48) return text("{} hours", hours);
  if (hours < 24 * 7 * 2) return text("{} days", hours / 24);
  if (hours < 24 * 30 * 2) return text("{} weeks", hours / 24 / 7);
  if (hours < 24 * 365 * 2) return text("{} months", hours / 24 / 30);
  return text("{} years", all_seconds / 3600 / 24 / 365);
}

std::string status_text(const engine::Container& container, Wall now) {
  using engine::Status;
  const engine::State& state = container.state;
  const auto since = [&](Wall then) { return human_duration({now.ns - then.ns}); };
  switch (state.status) {
    case Status::created: return "Created";
    case Status::removing: return "Removal In Progress";
    case Status::dead: return "Dead";
    case Status::exited:
      if (state.finished_at.ns == 0) return "";
      return text("Exited ({}) {} ago", state.exit_code, since(state.finished_at));
    case Status::restarting: return text("Restarting ({}) {} ago", state.exit_code, since(state.finished_at));
    case Status::paused: return text("Up {} (Paused)", since(state.started_at));
    case Status::running: break;
  }
  const std::string& health = state.health.status;
  if (health == "starting") return text("Up {} (health: starting)", since(state.started_at));
  if (health == "healthy" || health == "unhealthy")
    return text("Up {} ({})", since(state.started_at), health);
  return text("Up {}", since(state.started_at));
}

std::string command_text(const engine::Container& container) {
  std::string command = container.path;
  for (const auto& argument : container.args) {
    command += argument.find(' ') == argument.npos ? text(" {}", argument) : text(" '{}'", argument);
  }
  return command;
}

std::string shown_image(const Call& call, const engine::Container& container) {
  if (container.image == nullptr) return container.image_reference;
  const auto now_named = call.images().get(container.image_reference);
  if (now_named && (*now_named)->id == container.image->id) return container.image_reference;
  return container.image->id;
}

}  // namespace podo::docker
