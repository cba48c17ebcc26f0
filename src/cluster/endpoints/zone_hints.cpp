#include "cluster/endpoints/zone_hints.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/kube/path.h"

namespace podo::controllers {
namespace {

constexpr double over_threshold = 0.2;  // more load than its part: that much of it a zone's endpoints may get

constexpr std::array control_roles = {std::string_view("node-role.kubernetes.io/control-plane"),
                                      std::string_view("node-role.kubernetes.io/master")};

struct Want {
  double desired = 0;
  std::size_t has = 0;
};
using Wants = std::map<std::string, Want, std::less<>>;

// Each zone at least so many that none of them gets more than its part and a fifth; empty: there are too few.
Wants wants_of(const ZoneShares& shares, std::size_t endpoints) {
  if (shares.size() < 2 || shares.size() > endpoints) return {};
  Wants wants;
  double least_of_all = 0;
  for (const auto& [zone, share] : shares) {
    const double desired = share * static_cast<double>(endpoints);
    const double least = std::ceil(desired / (1 + over_threshold));
    wants[zone].desired = std::max(desired, least);
    least_of_all += least;
  }
  return least_of_all > static_cast<double>(endpoints) ? Wants() : wants;
}

// Who has most too many (sign 1), or too few (sign -1); of several the first by name.
Wants::iterator most_off(Wants& wants, double sign) {
  return std::ranges::max_element(wants, {}, [sign](const auto& named) {
    return sign * (static_cast<double>(named.second.has) - named.second.desired);
  });
}

}  // namespace

ZoneShares shares_of(const std::vector<const Node*>& nodes) {
  ZoneShares shares;
  double all = 0;
  for (const Node* node : nodes) {
    if (is_control_plane(*node) || node->ready != "True") continue;
    if (node->zone.empty() || node->cpu_milli == 0) return {};
    shares[node->zone] += static_cast<double>(node->cpu_milli);
    all += static_cast<double>(node->cpu_milli);
  }
  if (shares.size() < 2) return {};
  for (auto& [zone, share] : shares) share /= all;
  return shares;
}

std::vector<std::string> hints_by_share(const ZoneShares& shares,
                                        const std::vector<std::string_view>& zones) {
  Wants wants = wants_of(shares, zones.size());
  std::vector<std::string> hints;
  if (wants.empty()) return hints;
  for (const std::string_view zone : zones) {
    if (zone.empty()) return {};
    hints.emplace_back(zone);
    ++wants[hints.back()].has;  // also of a zone whose nodes are not ready any more: it gives all it has
  }
  for (;;) {
    const auto giver = most_off(wants, 1), receiver = most_off(wants, -1);
    const double too_many = static_cast<double>(giver->second.has) - giver->second.desired;
    const double too_few = receiver->second.desired - static_cast<double>(receiver->second.has);
    if (too_many < 1 || too_few < 0.5) return hints;
    // The last ones move, by name: the same endpoints always have the same hints.
    const auto given = std::ranges::find(hints.rbegin(), hints.rend(), giver->first);
    *given = receiver->first;
    --giver->second.has;
    ++receiver->second.has;
  }
}

bool is_control_plane(const Node& node) {
  return std::ranges::any_of(
      control_roles, [&](std::string_view role) { return kube::find_label(node.labels, role) != nullptr; });
}

bool wants_zone_hints(const json::Item& service) {
  for (const std::string_view note :
       {std::string_view("service.kubernetes.io/topology-aware-hints"), topology_mode})
    if (const json::Item* mode = kube::part_at(service, "metadata.annotations").find(note))
      return mode->string_or("") == "Auto" || mode->string_or("") == "auto";
  return false;
}

}  // namespace podo::controllers
