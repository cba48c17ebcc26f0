#include "model/strategy/pod_resources.h"

#include "model/kube/path.h"

namespace podo::strategy {
namespace {

using kube::children_at;
using kube::find_at;
using kube::text_at;

Amounts container_amounts(const json::Item& container, std::string_view which) {
  const json::Item* resources = container.find("resources");
  return amounts_of(resources == nullptr ? nullptr : resources->find(which));
}

bool is_pod_level(std::string_view resource) {
  return resource == "cpu" || resource == "memory" || resource.starts_with("hugepages-");
}

bool has_pod_level_resources(const json::Item& spec) {
  return kube::size_at(spec, "resources.requests") + kube::size_at(spec, "resources.limits") != 0;
}

// What the class of service looks at: cpu and memory that are not zero.
Amounts essential(const Amounts& amounts) {
  Amounts out;
  for (const auto& [name, quantity] : amounts) {
    if ((name == "cpu" || name == "memory") && quantity.sign() > 0) out.emplace(name, quantity);
  }
  return out;
}

struct Needs {
  Amounts requests, limits;
  bool all_limited = true;

  void add_part(const Amounts& more_requests, const Amounts& more_limits) {
    const Amounts limited = essential(more_limits);
    add(requests, essential(more_requests));
    add(limits, limited);
    all_limited = all_limited && limited.size() == 2;
  }
};

}  // namespace

Amounts amounts_of(const json::Item* resources) {
  Amounts out;
  for (const json::Item& item : kube::children(resources)) {
    const auto quantity = schema::Quantity::parse(item.string_or("0"));
    if (quantity) out.emplace(item.key(), *quantity);
  }
  return out;
}

void add(Amounts& to, const Amounts& more) {
  for (const auto& [name, quantity] : more) {
    const auto [at, is_new] = to.try_emplace(name, quantity);
    if (!is_new) at->second = at->second + quantity;
  }
}

void raise(Amounts& to, const Amounts& least) {
  for (const auto& [name, quantity] : least) {
    const auto [at, is_new] = to.try_emplace(name, quantity);
    if (!is_new && at->second < quantity) at->second = quantity;
  }
}

Amounts pod_amounts(const json::Item& pod_spec, std::string_view which) {
  Amounts running, beginning, beside;  // beside: init containers that go on running
  for (const json::Item& container : children_at(pod_spec, "containers"))
    add(running, container_amounts(container, which));
  for (const json::Item& container : children_at(pod_spec, "initContainers")) {
    Amounts step = container_amounts(container, which);
    if (text_at(container, "restartPolicy") == "Always") {
      add(running, step);
      add(beside, step);
      step.clear();
    }
    add(step, beside);
    raise(beginning, step);
  }
  raise(running, beginning);
  const json::Item* whole = pod_spec.find("resources");
  for (const auto& [name, quantity] : amounts_of(whole == nullptr ? nullptr : whole->find(which)))
    if (is_pod_level(name)) running.insert_or_assign(name, quantity);
  for (const auto& [name, quantity] : amounts_of(pod_spec.find("overhead"))) {
    if (which == "requests" || running.contains(name)) add(running, {{name, quantity}});
  }
  return running;
}

std::string_view qos_class(const json::Item& pod_spec) {
  Needs needs;
  if (has_pod_level_resources(pod_spec)) {
    needs.add_part(amounts_of(find_at(pod_spec, "resources.requests")),
                   amounts_of(find_at(pod_spec, "resources.limits")));
  } else {
    for (const std::string_view list : {"containers", "initContainers"}) {
      for (const json::Item& container : children_at(pod_spec, list))
        needs.add_part(container_amounts(container, "requests"), container_amounts(container, "limits"));
    }
  }
  if (needs.requests.empty() && needs.limits.empty()) return "BestEffort";
  return needs.all_limited && needs.requests == needs.limits ? "Guaranteed" : "Burstable";
}

}  // namespace podo::strategy
