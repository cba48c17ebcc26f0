// The small languages of --publish, --mount and --network.
#include <algorithm>

#include "cli/console/units.h"
#include "cli/container_flags.h"
#include "container/oci_cli/quantities.h"

namespace podo::cli {
namespace {

struct Range {
  std::int64_t first = 0, last = 0;
  std::int64_t size() const { return last - first + 1; }
};

Result<Range> parse_range(std::string_view text, std::string_view which) {
  std::size_t dash = text.find('-');
  Result<std::int64_t> first = oci_cli::parse_integer(text.substr(0, dash));
  Result<std::int64_t> last = dash == text.npos ? first : oci_cli::parse_integer(text.substr(dash + 1));
  bool well = first && last && *first >= 0 && *last >= *first && *last <= 65535;
  if (!well) return invalid("invalid {}: {}", which, text);
  return Range{*first, *last};
}

// Values of key=value fields, and keys alone.
struct Field {
  std::string key, value;
  bool on() const { return value.empty() || value == "true" || value == "1"; }
};

// Commas separate, but not within double quotes around a field.
std::vector<Field> fields_of(std::string_view spec) {
  std::vector<Field> fields;
  std::string field;
  bool quoted = false;
  auto finish = [&] {
    std::size_t equals = std::min(field.find('='), field.size());
    fields.push_back({field.substr(0, equals), field.substr(std::min(equals + 1, field.size()))});
    field.clear();
  };
  for (char c : spec) {
    if (c == '"') quoted = !quoted;
    else if (c == ',' && !quoted) finish();
    else field += c;
  }
  finish();
  return fields;
}

Result<bool> set_bind(docker::Mount& mount, const Field& field) {
  docker::Mount::Bind bind = mount.bind.value_or(docker::Mount::Bind());
  if (field.key == "bind-propagation") bind.propagation = field.value;
  else if (field.key == "bind-nonrecursive") bind.non_recursive = field.on();
  else if (field.key == "bind-recursive") {
    bind.non_recursive = field.value == "disabled";
    bind.read_only_non_recursive = field.value == "writable";
    bind.read_only_force_recursive = field.value == "readonly";
    if (field.value != "enabled" && field.value != "disabled" && field.value != "writable" &&
        field.value != "readonly")
      return invalid("invalid value for bind-recursive: {}", field.value);
  } else {
    return false;
  }
  mount.bind = bind;
  return true;
}

Result<bool> set_volume(docker::Mount& mount, const Field& field) {
  docker::Mount::Volume volume = mount.volume.value_or(docker::Mount::Volume());
  std::size_t equals = std::min(field.value.find('='), field.value.size());
  std::string name = field.value.substr(0, equals),
              value = field.value.substr(std::min(equals + 1, field.value.size()));
  if (field.key == "volume-nocopy") volume.no_copy = field.on();
  else if (field.key == "volume-driver") volume.driver = field.value;
  else if (field.key == "volume-subpath") volume.subpath = field.value;
  else if (field.key == "volume-label") volume.labels[name] = value;
  else if (field.key == "volume-opt") volume.driver_options[name] = value;
  else return false;
  mount.volume = volume;
  return true;
}

Result<bool> set_tmpfs(docker::Mount& mount, const Field& field) {
  docker::Mount::Tmpfs tmpfs = mount.tmpfs.value_or(docker::Mount::Tmpfs());
  if (field.key == "tmpfs-size") {
    tmpfs.size_bytes = TRY_IN("tmpfs-size", oci_cli::parse_size(field.value));
  } else if (field.key == "tmpfs-mode") {
    for (char c : field.value) {
      if (c < '0' || c > '7') return invalid("invalid value for tmpfs-mode: {}", field.value);
      tmpfs.mode = tmpfs.mode * 8 + static_cast<std::uint32_t>(c - '0');
    }
  } else {
    return false;
  }
  mount.tmpfs = tmpfs;
  return true;
}

}  // namespace

Result<> add_port(docker::HostConfig& host, docker::Config& config, std::string_view spec) {
  std::string_view rest = spec.substr(0, spec.find('/'));
  std::string_view protocol = rest.size() < spec.size() ? spec.substr(rest.size() + 1) : "tcp";
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp")
    return invalid("invalid proto: {}", protocol);
  std::size_t last = rest.rfind(':');
  std::string_view inside = last == rest.npos ? rest : rest.substr(last + 1);
  std::string_view outside, address;
  if (last != rest.npos) {
    outside = rest.substr(0, last);
    std::size_t before = outside.rfind(':');
    if (before != outside.npos) {
      address = outside.substr(0, before);
      outside.remove_prefix(before + 1);
    }
  }
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (inside.empty()) return invalid("no port specified: {}<empty>", spec);
  Range container = TRY(parse_range(inside, "containerPort"));
  if (container.first == 0) return invalid("invalid containerPort: {}", inside);
  Range published = outside.empty() ? Range{} : TRY(parse_range(outside, "hostPort"));
  bool one_of = container.size() == 1 && !outside.empty() && published.size() > 1;
  if (!outside.empty() && !one_of && published.size() != container.size())
    return invalid("invalid ranges specified for container and host Ports: {} and {}", inside, outside);
  for (std::int64_t i = 0; i < container.size(); ++i) {
    std::string port = text("{}/{}", container.first + i, protocol);
    std::string chosen = one_of            ? std::string(outside)
                         : outside.empty() ? ""
                                           : text("{}", published.first + i);
    config.exposed_ports[port] = true;
    host.port_bindings[port].push_back({std::string(address), chosen});
  }
  return {};
}

Result<docker::Mount> parse_mount(std::string_view spec) {
  docker::Mount mount;
  mount.type = "volume";
  for (const Field& field : fields_of(spec)) {
    if (field.key == "type") mount.type = field.value;
    else if (field.key == "source" || field.key == "src") mount.source = field.value;
    else if (field.key == "target" || field.key == "dst" || field.key == "destination")
      mount.target = field.value;
    else if (field.key == "readonly" || field.key == "ro") mount.read_only = field.on();
    else if (field.key == "consistency") mount.consistency = field.value;
    else if (TRY(set_bind(mount, field)) || TRY(set_volume(mount, field)) || TRY(set_tmpfs(mount, field)))
      continue;
    else return invalid("unknown option '{}' in '{}'", field.key, spec);
  }
  if (mount.type.empty()) return invalid("type is required");
  if (mount.target.empty()) return invalid("invalid mount '{}': target is required", spec);
  for (auto [has, type] :
       {std::pair(mount.bind.has_value(), "bind"), std::pair(mount.volume.has_value(), "volume"),
        std::pair(mount.tmpfs.has_value(), "tmpfs")})
    if (has && mount.type != type)
      return invalid("cannot mix '{}-*' options with mount type '{}'", type, mount.type);
  return mount;
}

Result<std::pair<std::string, docker::EndpointSettings>> parse_network(std::string_view spec) {
  docker::EndpointSettings settings;
  if (!spec.contains('=')) return std::pair(std::string(spec), settings);
  std::string name;
  docker::EndpointSettings::IpamConfig ipam;
  for (const Field& field : fields_of(spec)) {
    if (field.key == "name") name = field.value;
    else if (field.key == "alias") settings.aliases.push_back(field.value);
    else if (field.key == "ip") ipam.ipv4_address = field.value;
    else if (field.key == "ip6") ipam.ipv6_address = field.value;
    else if (field.key == "link-local-ip") ipam.link_local_ips.push_back(field.value);
    else if (field.key == "mac-address") settings.mac_address = field.value;
    else if (field.key == "gw-priority")
      settings.gw_priority = TRY_IN("gw-priority", oci_cli::parse_integer(field.value));
    else if (field.key == "driver-opt") {
      std::size_t equals = std::min(field.value.find('='), field.value.size());
      settings.driver_opts[field.value.substr(0, equals)] =
          field.value.substr(std::min(equals + 1, field.value.size()));
    } else {
      return invalid("invalid field key {}", field.key);
    }
  }
  if (name.empty()) return invalid("network name/id is not specified");
  if (!ipam.ipv4_address.empty() || !ipam.ipv6_address.empty() || !ipam.link_local_ips.empty())
    settings.ipam_config = ipam;
  return std::pair(name, settings);
}

}  // namespace podo::cli
