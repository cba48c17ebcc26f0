#include <string>

#include "model/kube/default_rules.h"
#include "model/kube/path.h"
#include "model/schema/quantity.h"

namespace podo::kube::rules {
namespace {

// "latest" is named, or nothing is: neither a tag nor a digest.
bool is_latest(std::string_view image) {
  if (image.contains('@')) return false;
  const std::string_view name = image.substr(image.rfind('/') + 1);
  const std::size_t colon = name.rfind(':');
  return colon == std::string_view::npos || name.substr(colon + 1) == "latest";
}

std::string_view pull_policy(std::string_view image) { return is_latest(image) ? "Always" : "IfNotPresent"; }

// What may not be used beyond its limit is asked for whole.
void take_requests_from_limits(Item& container) {
  const Item* limits = container.find("resources", "limits");
  if (limits == nullptr) return;
  for (const Item& limit : children(limits)) {
    Item& request = container.find("resources")->member("requests").member(limit.key());
    if (request.is(json::Kind::null)) request.copy(limit);
  }
}

void take_host_ports(Item& container) {
  Item* ports = container.find("ports");
  if (ports == nullptr) return;
  for (Item* port = ports->first(); port != nullptr; port = port->next()) {
    const Item* inside = port->find("containerPort");
    if (is_unset(*port, "hostPort") && inside != nullptr) port->member("hostPort").copy(*inside);
  }
}

// The sum over the containers of what they ask for.
schema::Quantity total_of(const Item& spec, std::string_view which, std::string_view resource) {
  schema::Quantity total;
  for (const Item& container : children(spec.find("containers"))) {
    const Item* amount = container.find("resources", which, resource);
    if (amount) total = total + schema::Quantity::parse(amount->string_or("0")).value_or(schema::Quantity());
  }
  return total;
}

bool some_container_has(const Item& spec, std::string_view which, std::string_view resource) {
  for (const Item& container : children(spec.find("containers"))) {
    if (container.find("resources", which, resource)) return true;
  }
  return false;
}

// A pod that has resources of its own: huge pages of the containers count as its limit, and what it does
// not ask for is what the containers do, else its own limit.
void complete_pod_resources(Item& spec) {
  Item* resources = spec.find("resources");
  if (resources == nullptr || (!resources->find("limits") && !resources->find("requests"))) return;
  for (const Item& container : children(spec.find("containers"))) {
    for (const Item& limit : children(container.find("resources", "limits"))) {
      if (!limit.key().starts_with("hugepages-") || resources->find("requests", limit.key())) continue;
      Item& own = resources->member("limits").member(limit.key());
      if (own.is(json::Kind::null)) own.set_string(total_of(spec, "limits", limit.key()).text());
    }
  }
  const Item* limits = resources->find("limits");
  if (limits == nullptr || limits->size() == 0) return;
  Item& requests = resources->member("requests");
  for (const std::string_view resource : {"cpu", "memory"}) {
    if (requests.find(resource) || !some_container_has(spec, "requests", resource)) continue;
    requests.member(resource).set_string(total_of(spec, "requests", resource).text());
  }
  for (const Item& limit : children(resources->find("limits"))) {
    Item& request = requests.member(limit.key());
    if (request.is(json::Kind::null)) request.copy(limit);
  }
}

}  // namespace

void container(Item& container, Wall) {
  set_if_unset(container, "imagePullPolicy", pull_policy(text_at(container, "image")));
}

void image_volume(Item& source, Wall) {
  set_if_unset(source, "pullPolicy", pull_policy(text_at(source, "reference")));
}

void volume(Item& volume, Wall) {
  for (const Item& member : children(&volume)) {
    if (member.key() != "name" && !member.is(json::Kind::null)) return;
  }
  volume.member("emptyDir").set_object();
}

void pod(Item& pod, Wall) {
  Item& spec = pod.member("spec");
  set_flag_if_unset(spec, "enableServiceLinks", true);
  const bool host_network = is_true_at(spec, "hostNetwork");
  for (const std::string_view list : {"containers", "initContainers"}) {
    Item* containers = spec.find(list);
    for (Item* i = containers ? containers->first() : nullptr; i != nullptr; i = i->next()) {
      take_requests_from_limits(*i);
      if (host_network) take_host_ports(*i);
    }
  }
  complete_pod_resources(spec);
}

// The account has two names, the second of them deprecated.
void pod_spec(Item& spec, Wall) {
  set_if_unset(spec, "serviceAccountName", text_at(spec, "serviceAccount"));
  const std::string name(text_at(spec, "serviceAccountName"));
  if (name.empty()) spec.remove("serviceAccountName");
  else spec.member("serviceAccount").set_string(name);
}

void replication_controller(Item& controller, Wall) {
  const Item* labels = controller.find("spec", "template", "metadata", "labels");
  if (labels == nullptr || labels->size() == 0) return;
  Item& selector = controller.member("spec").member("selector");
  if (selector.size() == 0) selector.copy(*labels);
  take_template_labels(controller);
}

namespace {

void complete_affinity(Item& spec, std::string_view affinity) {
  if (affinity != "ClientIP") {
    spec.remove("sessionAffinityConfig");
    return;
  }
  constexpr std::int64_t three_hours = 10'800;
  set_if_unset(spec.member("sessionAffinityConfig").member("clientIP"), "timeoutSeconds", three_hours);
}

}  // namespace

void service(Item& service, Wall) {
  Item& spec = service.member("spec");
  set_if_unset(spec, "type", "ClusterIP");
  const std::string type(text_at(spec, "type"));
  complete_affinity(spec, text_at(spec, "sessionAffinity"));
  Item* ports = spec.find("ports");
  for (Item* port = ports ? ports->first() : nullptr; port != nullptr; port = port->next()) {
    const Item* number = port->find("port");
    if (is_unset(*port, "targetPort") && number != nullptr) port->member("targetPort").copy(*number);
  }
  const bool reaches_out = type == "NodePort" || type == "LoadBalancer";
  if (reaches_out || (type == "ClusterIP" && size_at(spec, "externalIPs") > 0)) {
    set_if_unset(spec, "externalTrafficPolicy", "Cluster");
  }
  if (reaches_out || type == "ClusterIP") set_if_unset(spec, "internalTrafficPolicy", "Cluster");
  if (type != "LoadBalancer") return;
  set_flag_if_unset(spec, "allocateLoadBalancerNodePorts", true);
  Item* ingress = service.find("status", "loadBalancer", "ingress");
  for (Item* i = ingress ? ingress->first() : nullptr; i != nullptr; i = i->next()) {
    if (!is_unset(*i, "ip")) set_if_unset(*i, "ipMode", "VIP");
  }
}

void namespace_object(Item& object, Wall) {
  const std::string name(text_at(object, "metadata.name"));
  if (!name.empty())
    object.member("metadata").member("labels").member("kubernetes.io/metadata.name").set_string(name);
}

void node_status(Item& status, Wall) {
  const Item* capacity = status.find("capacity");
  if (capacity != nullptr && size_at(status, "allocatable") == 0)
    status.member("allocatable").copy(*capacity);
}

void limit_range_item(Item& item, Wall) {
  if (text_at(item, "type") != "Container") return;
  const auto fill = [&](std::string_view target, std::string_view source) {
    const Item* from = item.find(source);
    for (const Item& limit : children(from)) {
      Item& to = item.member(target).member(limit.key());
      if (to.is(json::Kind::null)) to.copy(limit);
    }
  };
  fill("default", "max");
  fill("defaultRequest", "default");
  fill("defaultRequest", "min");
}

}  // namespace podo::kube::rules
