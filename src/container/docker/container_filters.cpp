#include "container/docker/container_filters.h"

#include <algorithm>

#include "base/core/number.h"
#include "container/docker/container_json.h"

namespace podo::docker {
namespace {

constexpr std::string_view statuses[] = {"created",  "running", "paused", "restarting",
                                         "removing", "exited",  "dead"};
constexpr std::string_view healths[] = {"none", "starting", "healthy", "unhealthy"};

Result<> check_values(const Filters& filters, std::string_view key, std::span<const std::string_view> known) {
  for (const auto& value : filters.values(key)) {
    if (std::find(known.begin(), known.end(), value) == known.end())
      return invalid("invalid filter '{}={}'", key, value);
  }
  return {};
}

// port_filter := port [ "-" port ] [ "/" protocol ]
struct PortFilter {
  int first = 0, last = 0;
  std::string_view protocol = "tcp";

  static std::optional<PortFilter> parse(std::string_view text) {
    PortFilter filter;
    if (const auto slash = text.find('/'); slash != text.npos) {
      filter.protocol = text.substr(slash + 1);
      text = text.substr(0, slash);
    }
    const auto dash = text.find('-');
    const auto first = whole_number<int>(text.substr(0, dash));
    const auto last = dash == text.npos ? first : whole_number<int>(text.substr(dash + 1));
    if (!first || !last) return std::nullopt;
    filter.first = *first;
    filter.last = *last;
    return filter;
  }
  bool takes(std::string_view port_protocol, int port) const {
    return protocol == port_protocol && first <= port && port <= last;
  }
};

}  // namespace

Result<ContainerFilters> ContainerFilters::of(const Call& call) {
  ContainerFilters wanted;
  wanted.filters_ = TRY(Filters::parse(call.query("filters")));
  const Filters& filters = wanted.filters_;
  TRY(filters.allow({"ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation",
                     "label", "label!", "name", "network", "publish", "since", "status", "volume"}));
  TRY(check_values(filters, "status", statuses));
  TRY(check_values(filters, "health", healths));
  for (const auto& code : filters.values("exited")) {
    if (!whole_number<int>(code)) return invalid("invalid filter 'exited={}'", code);
  }
  for (const std::string_view key : {"publish", "expose"}) {
    for (const auto& port : filters.values(key)) {
      if (!PortFilter::parse(port)) return invalid("invalid filter '{}={}'", key, port);
    }
  }
  const auto limit = TRY(call.number("limit"));
  wanted.limit_ = limit && *limit > 0 ? static_cast<std::size_t>(*limit) : 0;
  wanted.all_ = call.flag("all") || wanted.limit_ != 0 || filters.has("status");
  const auto reference = [&](std::string_view key) {
    const auto values = filters.values(key);
    return values.empty() ? call.query(key) : values.front();
  };
  if (const std::string since = reference("since"); !since.empty())
    wanted.newer_than_ = TRY(call.engine().get(since));
  if (const std::string before = reference("before"); !before.empty())
    wanted.older_than_ = TRY(call.engine().get(before));
  if (wanted.newer_than_ || wanted.older_than_) wanted.all_ = true;
  return wanted;
}

std::vector<engine::ContainerPtr> ContainerFilters::choose(const Call& call) const {
  std::vector<engine::ContainerPtr> chosen;
  for (auto& container : call.engine().list()) {
    if (!takes(call, *container)) continue;
    chosen.push_back(std::move(container));
    if (chosen.size() == limit_) break;
  }
  return chosen;
}

bool ContainerFilters::takes(const Call& call, const engine::Container& container) const {
  if (!all_ && !is_alive(container)) return false;
  if (newer_than_ && container.created <= newer_than_->created) return false;
  if (older_than_ && container.created >= older_than_->created) return false;
  const auto takes_name = [&] {
    return filters_.pattern("name", container.name) || filters_.pattern("name", "/" + container.name);
  };
  return filters_.pattern("id", container.id) && takes_name() && filters_.labels(container.config.labels) &&
         filters_.exact("status", engine::name_of(container.state.status)) &&
         filters_.exact("health", container.state.health.status) && filters_.exact("is-task", "false") &&
         takes_exit_code(container) && takes_image(call, container) && takes_volume(container) &&
         takes_network(call, container) && takes_port("publish", container) &&
         takes_port("expose", container);
}

bool ContainerFilters::takes_exit_code(const engine::Container& container) const {
  if (!filters_.has("exited")) return true;
  return container.state.status == engine::Status::exited &&
         filters_.exact("exited", text("{}", container.state.exit_code));
}

// Its image, or one that its image was made from.
bool ContainerFilters::takes_image(const Call& call, const engine::Container& container) const {
  const auto wanted = filters_.values("ancestor");
  if (wanted.empty()) return true;
  for (const auto& reference : wanted) {
    const auto ancestor = call.images().get(reference);
    if (!ancestor) {
      if (container.image_reference == reference) return true;
      continue;
    }
    image::ImagePtr image = container.image;
    for (int depth = 0; image != nullptr && depth < 128; ++depth) {
      if (image->id == (*ancestor)->id) return true;
      if (image->parent_id.empty()) break;
      auto parent = call.images().get(image->parent_id);
      image = parent ? *std::move(parent) : nullptr;
    }
  }
  return false;
}

bool ContainerFilters::takes_volume(const engine::Container& container) const {
  if (!filters_.has("volume")) return true;
  return std::any_of(container.mounts.begin(), container.mounts.end(), [&](const engine::MountPoint& mount) {
    return filters_.exact("volume", mount.name.empty() ? mount.source : mount.name) ||
           filters_.exact("volume", mount.destination);
  });
}

bool ContainerFilters::takes_network(const Call& call, const engine::Container& container) const {
  const auto wanted = filters_.values("network");
  if (wanted.empty()) return true;
  std::vector<std::string> names;
  for (const auto& endpoint : container.endpoints) {
    names.push_back(endpoint.network_name);
    names.push_back(endpoint.network_id);
  }
  const auto add_record = [&](const std::string& name) {
    names.push_back(name);
    if (const auto* record = call.networks().find(name)) {
      names.push_back(record->name);
      names.push_back(record->id);
    }
  };
  if (container.endpoints.empty() || container.wished_networks.empty())
    add_record(network_of_mode(container.host_config.network_mode));
  for (const auto& [name, settings] : container.wished_networks) add_record(network_of_mode(name));
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& one) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return name == one || (one.size() >= 12 && name.size() == 64 && name.starts_with(one));
    });
  });
}

bool ContainerFilters::takes_port(std::string_view key, const engine::Container& container) const {
  const auto wanted = filters_.values(key);
  if (wanted.empty()) return true;
  for (const auto& port : shown_ports(container)) {
    const unsigned number = key == "publish" ? port.host_port : port.container_port;
    if (number == 0) continue;
    for (const auto& one : wanted) {
      if (PortFilter::parse(one)->takes(port.protocol, static_cast<int>(number))) return true;
    }
  }
  return false;
}

}  // namespace podo::docker
