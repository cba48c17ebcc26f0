#include "cluster/scheduler/pod_shape.h"

#include <algorithm>

#include "model/kube/path.h"

namespace podo::scheduler {
namespace {

using kube::children_at;
using kube::find_at;
using kube::number_at;
using kube::part_at;
using kube::text_at;

// What scores count for a container that requests nothing.
constexpr std::string_view least_cpu = "100m", least_memory = "200Mi";

void append(std::string& key, const json::Item* part) {
  if (part != nullptr) json::append_text(key, *part);
  key += '\n';
}

// What a pod has been given may be more than it asks for now, while it is being resized.
const json::Item* given_to(const json::Item& pod, std::string_view container) {
  for (const std::string_view list : {"status.containerStatuses", "status.initContainerStatuses"})
    for (const json::Item& status : children_at(pod, list))
      if (text_at(status, "name") == container) return find_at(status, "allocatedResources");
  return nullptr;
}

bool is_more(const json::Item* given, const json::Item* wanted) {
  const strategy::Amounts want = strategy::amounts_of(wanted);
  return std::ranges::any_of(strategy::amounts_of(given), [&](const auto& amount) {
    const auto found = want.find(amount.first);
    return found == want.end() || found->second < amount.second;
  });
}

// "": what is asked for counts.
std::string resized(const json::Item& pod) {
  std::string all;
  for (const std::string_view list : {"spec.containers", "spec.initContainers"})
    for (const json::Item& container : children_at(pod, list)) {
      const json::Item* given = given_to(pod, text_at(container, "name"));
      if (given == nullptr || !is_more(given, find_at(container, "resources.requests"))) continue;
      all.append(text_at(container, "name")).append("=");
      json::append_text(all, *given);
    }
  return all;
}

void raise_requests(const json::Item& pod, json::Item& container) {
  const json::Item* given = given_to(pod, text_at(container, "name"));
  if (given == nullptr) return;
  strategy::Amounts amounts = strategy::amounts_of(find_at(container, "resources.requests"));
  strategy::raise(amounts, strategy::amounts_of(given));
  json::Item& requests = container.member("resources").member("requests");
  for (const auto& [name, quantity] : amounts) requests.member(name).set_string(quantity.text());
}

void read_requests(const json::Item& pod, PodShape& shape) {
  json::Tree spec = json::Tree::copy_of(part_at(pod, "spec"));
  for (const std::string_view list : {"containers", "initContainers"})
    if (json::Item* containers = spec.root().find(list))
      for (json::Item* each = containers->first(); each != nullptr; each = each->next())
        raise_requests(pod, *each);
  shape.requests = resources_of(strategy::pod_amounts(spec.root(), "requests"));
  for (const std::string_view list : {"containers", "initContainers"}) {
    if (spec.root().find(list) == nullptr) continue;
    for (json::Item* each = spec.root().find(list)->first(); each != nullptr; each = each->next()) {
      json::Item& requests = each->member("resources").member("requests");
      if (requests.find("cpu") == nullptr) requests.member("cpu").set_string(least_cpu);
      if (requests.find("memory") == nullptr) requests.member("memory").set_string(least_memory);
    }
  }
  const Resources scored = resources_of(strategy::pod_amounts(spec.root(), "requests"));
  shape.scored_cpu_m = scored.cpu_m;
  shape.scored_memory = scored.memory;
}

void read_containers(const json::Item& pod, PodShape& shape) {
  for (const std::string_view list : {"spec.initContainers", "spec.containers"}) {
    for (const json::Item& container : children_at(pod, list)) {
      ++shape.containers;
      shape.images.push_back(image_with_tag(text_at(container, "image")));
      if (list == "spec.initContainers" && text_at(container, "restartPolicy") != "Always") continue;
      for (const json::Item& port : children_at(container, "ports")) {
        if (number_at(port, "hostPort") == 0) continue;
        const std::string_view ip = text_at(port, "hostIP"), protocol = text_at(port, "protocol");
        shape.ports.push_back({std::string(ip.empty() ? "0.0.0.0" : ip),
                               std::string(protocol.empty() ? "TCP" : protocol),
                               number_at(port, "hostPort")});
      }
    }
  }
}

// Required terms that all name nodes by matchFields leave only those.
void read_only_nodes(PodShape& shape) {
  if (!shape.choice.has_terms || shape.choice.terms.empty()) return;
  for (const kube::NodeTerm& term : shape.choice.terms) {
    const auto named = std::ranges::find_if(term.fields, [](const kube::Requirement& field) {
      return field.key == "metadata.name" && field.op == kube::Operator::in;
    });
    if (named == term.fields.end()) return shape.only_nodes.clear();
    shape.only_nodes.insert(shape.only_nodes.end(), named->values.begin(), named->values.end());
  }
  std::ranges::sort(shape.only_nodes);
  shape.only_nodes.erase(std::ranges::unique(shape.only_nodes).begin(), shape.only_nodes.end());
  shape.has_only_nodes = true;
}

void read_node_choice(const json::Item& pod, PodShape& shape) {
  const json::Item& spec = part_at(pod, "spec");
  shape.choice = kube::node_choice_of(spec);
  read_only_nodes(shape);
  shape.tolerations = kube::tolerations_of(spec);
  for (const json::Item& each :
       children_at(spec, "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution"))
    shape.preferred_nodes.push_back(
        {number_at(each, "weight"), kube::node_term_of(part_at(each, "preference"))});
}

// A selector that cannot be read means nobody; the API server lets none through.
kube::LabelSelector selector_of(const json::Item* item) {
  auto parsed = kube::LabelSelector::of(item);
  return parsed ? *std::move(parsed) : *kube::LabelSelector::of(nullptr);
}

PodFilter filter_of(const json::Item& term, const PodShape& shape) {
  PodFilter filter;
  for (const json::Item& name : children_at(term, "namespaces"))
    filter.namespaces.emplace_back(name.string_or(""));
  if (const json::Item* selector = find_at(term, "namespaceSelector"))
    filter.namespace_selector = selector_of(selector);
  if (filter.namespaces.empty() && !filter.namespace_selector) filter.namespaces = {shape.name_space};
  std::ranges::sort(filter.namespaces);
  filter.selector = selector_of(find_at(term, "labelSelector"));
  return filter;
}

std::string text_of(const json::Item& term, const PodFilter& filter) {
  std::string text;
  for (const std::string& name : filter.namespaces) text.append(name).append(",");
  text += '/';
  if (const json::Item* selector = find_at(term, "namespaceSelector")) json::append_text(text, *selector);
  text += '/';
  if (const json::Item* selector = find_at(term, "labelSelector")) json::append_text(text, *selector);
  return text;
}

std::size_t add_query(PodShape& shape, PodQuery query) {
  for (std::size_t i = 0; i < shape.queries.size(); ++i)
    if (shape.queries[i].text == query.text) return i;
  shape.queries.push_back(std::move(query));
  return shape.queries.size() - 1;
}

AffinityTerm term_of(const json::Item& term, std::int64_t weight, PodShape& shape) {
  PodQuery query;
  query.all.push_back(filter_of(term, shape));
  query.text = text_of(term, query.all.front());
  return {.query = add_query(shape, std::move(query)),
          .topology_key = std::string(text_at(term, "topologyKey")),
          .weight = weight};
}

void read_terms(const json::Item* affinity, PodShape& shape, std::vector<AffinityTerm>& required,
                std::vector<AffinityTerm>& preferred) {
  if (affinity == nullptr) return;
  for (const json::Item& term : children_at(*affinity, "requiredDuringSchedulingIgnoredDuringExecution"))
    required.push_back(term_of(term, 0, shape));
  for (const json::Item& each : children_at(*affinity, "preferredDuringSchedulingIgnoredDuringExecution"))
    preferred.push_back(term_of(part_at(each, "podAffinityTerm"), number_at(each, "weight"), shape));
}

void read_pod_affinity(const json::Item& pod, PodShape& shape) {
  read_terms(find_at(pod, "spec.affinity.podAffinity"), shape, shape.affinity, shape.preferred);
  read_terms(find_at(pod, "spec.affinity.podAntiAffinity"), shape, shape.anti_affinity, shape.preferred_anti);
  if (shape.affinity.empty()) return;
  PodQuery all;
  for (const AffinityTerm& term : shape.affinity) {
    const PodQuery& one = shape.queries[term.query];
    all.all.push_back(one.all.front());
    all.text.append(all.text.empty() ? "" : " and ").append(one.text);
  }
  shape.affinity_query = add_query(shape, std::move(all));
}

SpreadRule rule_of(const json::Item& constraint, PodShape& shape) {
  PodQuery query;
  query.all.push_back(
      {.namespaces = {shape.name_space}, .selector = selector_of(find_at(constraint, "labelSelector"))});
  query.skips_ending = true;
  query.text = "living " + text_of(constraint, query.all.front());
  SpreadRule rule{.topology_key = std::string(text_at(constraint, "topologyKey")),
                  .max_skew = number_at(constraint, "maxSkew"),
                  .min_domains = std::max<std::int64_t>(1, number_at(constraint, "minDomains")),
                  .honors_choice = text_at(constraint, "nodeAffinityPolicy") != "Ignore",
                  .honors_taints = text_at(constraint, "nodeTaintsPolicy") == "Honor",
                  .counts_itself = query.matches(shape, nullptr)};
  rule.query = add_query(shape, std::move(query));
  return rule;
}

// Who says nothing, but belongs to a set, is spread a little over nodes and zones.
void spread_by_default(PodShape& shape) {
  PodQuery siblings{.owner = shape.owner, .skips_ending = true, .text = "living of " + shape.owner};
  const std::size_t query = add_query(shape, std::move(siblings));
  shape.soft_spread = {{.query = query, .topology_key = "kubernetes.io/hostname", .max_skew = 3},
                       {.query = query, .topology_key = "topology.kubernetes.io/zone", .max_skew = 5}};
  shape.default_spread = true;
}

void read_spread(const json::Item& pod, PodShape& shape) {
  for (const json::Item& constraint : children_at(pod, "spec.topologySpreadConstraints"))
    (text_at(constraint, "whenUnsatisfiable") == "ScheduleAnyway" ? shape.soft_spread : shape.hard_spread)
        .push_back(rule_of(constraint, shape));
  if (shape.soft_spread.empty() && shape.hard_spread.empty() && !shape.owner.empty())
    spread_by_default(shape);
}

std::string_view spreading_owner(const json::Item& pod) {
  for (const json::Item& owner : children_at(pod, "metadata.ownerReferences")) {
    const std::string_view kind = text_at(owner, "kind");
    if (kube::is_true_at(owner, "controller") &&
        (kind == "ReplicaSet" || kind == "StatefulSet" || kind == "ReplicationController"))
      return text_at(owner, "uid");
  }
  return {};
}

bool means(const PodFilter& filter, const PodShape& pod, const kube::Labels* labels_of_namespace) {
  const bool of_namespace = std::ranges::binary_search(filter.namespaces, pod.name_space) ||
                            (filter.namespace_selector && labels_of_namespace != nullptr &&
                             filter.namespace_selector->matches(*labels_of_namespace));
  return of_namespace && filter.selector.matches(pod.labels);
}

}  // namespace

bool HostPort::clashes(const HostPort& other) const {
  return port == other.port && protocol == other.protocol &&
         (ip == other.ip || ip == "0.0.0.0" || other.ip == "0.0.0.0");
}

bool PodQuery::matches(const PodShape& pod, const kube::Labels* labels_of_namespace) const {
  if (all.empty()) return pod.owner == owner;
  return std::ranges::all_of(
      all, [&](const PodFilter& filter) { return means(filter, pod, labels_of_namespace); });
}

bool PodQuery::asks_namespaces() const {
  return std::ranges::any_of(all, [](const PodFilter& filter) { return bool(filter.namespace_selector); });
}

std::string image_with_tag(std::string_view image) {
  const std::size_t slash = image.rfind('/'), colon = image.rfind(':');
  const bool has_tag = colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  return std::string(image).append(has_tag ? "" : ":latest");
}

std::string shape_key(const json::Item& pod) {
  std::string key;
  key.append(text_at(pod, "metadata.namespace")).append("\n").append(spreading_owner(pod)).append("\n");
  append(key, find_at(pod, "metadata.labels"));
  const json::Item& spec = part_at(pod, "spec");
  for (const std::string_view part :
       {"nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "overhead", "resources",
        "priority", "preemptionPolicy", "schedulerName"})
    append(key, spec.find(part));
  for (const std::string_view list : {"initContainers", "containers"}) {
    key.append(list).append("\n");
    for (const json::Item& container : children_at(spec, list))
      for (const std::string_view part : {"image", "resources", "ports", "restartPolicy"})
        append(key, container.find(part));
  }
  return key += resized(pod);
}

PodShape shape_of(const json::Item& pod) {
  PodShape shape;
  shape.name_space = text_at(pod, "metadata.namespace");
  shape.owner = spreading_owner(pod);
  shape.scheduler = text_at(pod, "spec.schedulerName");
  shape.labels = kube::labels_of(find_at(pod, "metadata.labels"));
  shape.priority = number_at(pod, "spec.priority");
  shape.never_preempts = text_at(pod, "spec.preemptionPolicy") == "Never";
  read_requests(pod, shape);
  read_containers(pod, shape);
  read_node_choice(pod, shape);
  read_pod_affinity(pod, shape);
  read_spread(pod, shape);
  return shape;
}

}  // namespace podo::scheduler
