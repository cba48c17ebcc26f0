#include "cluster/pod/admit.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/core/text.h"
#include "cluster/pod/security.h"
#include "model/kube/node_fit.h"
#include "model/kube/path.h"
#include "model/strategy/pod_resources.h"

namespace podo::pod {
namespace {

using kube::text_at;

Problem failed_predicate(std::string_view name, std::string_view why) {
  return {std::string(name), text("Predicate {} failed: {}", name, why)};
}

std::optional<Problem> check_choice(const json::Item& pod, const json::Item& node) {
  const kube::NodeChoice choice = kube::node_choice_of(kube::part_at(pod, "spec"));
  kube::Labels labels;
  for (const json::Item& label : kube::children_at(node, "metadata.labels"))
    labels.emplace_back(label.key(), label.string_or(""));
  std::ranges::sort(labels);
  if (choice.admits(text_at(node, "metadata.name"), labels)) return {};
  return failed_predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector");
}

std::set<std::string> host_ports(const json::Item& pod) {
  std::set<std::string> ports;
  for (const std::string_view list : {"spec.containers", "spec.initContainers"})
    for (const json::Item& container : kube::children_at(pod, list))
      for (const json::Item& port : kube::children_at(container, "ports"))
        if (const std::int64_t number = kube::number_at(port, "hostPort"); number != 0)
          ports.insert(text("{}/{}/{}", text_at(port, "protocol"), number, text_at(port, "hostIP")));
  return ports;
}

// A port of all addresses is in the way of one of any.
bool collide(std::string_view a, std::string_view b) {
  const std::size_t end = a.rfind('/');
  if (end != b.rfind('/') || a.substr(0, end) != b.substr(0, end)) return false;
  const std::string_view x = a.substr(end + 1), y = b.substr(end + 1);
  const auto any = [](std::string_view address) { return address.empty() || address == "0.0.0.0"; };
  return x == y || any(x) || any(y);
}

std::optional<Problem> check_ports(const json::Item& pod, const std::vector<const json::Item*>& others) {
  const std::set<std::string> wanted = host_ports(pod);
  if (wanted.empty()) return {};
  for (const json::Item* other : others)
    for (const std::string& taken : host_ports(*other))
      for (const std::string& port : wanted)
        if (collide(taken, port))
          return failed_predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports");
  return {};
}

std::int64_t number_of(std::string_view resource, const schema::Quantity& amount) {
  return resource == "cpu" ? amount.milli() : amount.rounded_up();
}

Problem out_of(std::string_view resource, std::int64_t wanted, std::int64_t used, std::int64_t room) {
  return {text("OutOf{}", resource),
          text("Node didn't have enough resource: {}, requested: {}, used: {}, capacity: {}", resource,
               wanted, used, room)};
}

std::optional<Problem> check_room(const json::Item& pod, const json::Item& node,
                                  const std::vector<const json::Item*>& others) {
  const strategy::Amounts room = strategy::amounts_of(kube::find_at(node, "status.allocatable"));
  if (const auto pods = room.find("pods"); pods != room.end())
    if (const std::int64_t most = pods->second.rounded_up(); std::cmp_greater_equal(others.size(), most))
      return out_of("pods", 1, static_cast<std::int64_t>(others.size()), most);
  const strategy::Amounts wanted = strategy::pod_amounts(kube::part_at(pod, "spec"), "requests");
  strategy::Amounts used;
  for (const json::Item* other : others)
    strategy::add(used, strategy::pod_amounts(kube::part_at(*other, "spec"), "requests"));
  for (const auto& [resource, amount] : wanted) {
    if (amount.sign() <= 0) continue;
    const auto there = room.find(resource);
    const schema::Quantity has = there != room.end() ? there->second : schema::Quantity();
    const schema::Quantity taken = used.contains(resource) ? used.find(resource)->second : schema::Quantity();
    if (has - taken < amount)
      return out_of(resource, number_of(resource, amount), number_of(resource, taken),
                    number_of(resource, has));
  }
  return {};
}

}  // namespace

std::optional<Problem> admit(const json::Item& pod, const json::Item& node,
                             const std::vector<const json::Item*>& others) {
  if (auto problem = forbidden_sysctl(pod)) return problem;
  if (auto problem = check_room(pod, node, others)) return problem;
  if (auto problem = check_choice(pod, node)) return problem;
  return check_ports(pod, others);
}

}  // namespace podo::pod
