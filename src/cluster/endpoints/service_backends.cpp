#include "cluster/endpoints/service_backends.h"

#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::children_at;
using kube::find_at;
using kube::text_at;

const json::Item* find_port(const json::Item& container, std::string_view name, std::string_view protocol) {
  for (const json::Item& port : children_at(container, "ports"))
    if (text_at(port, "name") == name && text_at(port, "protocol") == protocol)
      return find_at(port, "containerPort");
  return nullptr;
}

// Containers, and init containers that go on running.
std::int64_t port_named(const json::Item& pod, std::string_view name, std::string_view protocol) {
  for (const json::Item& container : children_at(pod, "spec.containers"))
    if (const json::Item* port = find_port(container, name, protocol)) return port->as_int64().value_or(0);
  for (const json::Item& container : children_at(pod, "spec.initContainers")) {
    if (text_at(container, "restartPolicy") != "Always") continue;
    if (const json::Item* port = find_port(container, name, protocol)) return port->as_int64().value_or(0);
  }
  return 0;
}

std::int64_t target_of(const json::Item& port, const Backend& backend) {
  const json::Item* target = find_at(port, "targetPort");
  if (target == nullptr) return kube::number_at(port, "port");
  if (!target->is(json::Kind::string)) return target->as_int64().value_or(0);
  if (backend.object == nullptr) return 0;
  return port_named(*backend.object, target->string(), text_at(port, "protocol"));
}

}  // namespace

bool has_named_ports(const json::Item& service) {
  for (const json::Item& port : children_at(service, "spec.ports"))
    if (const json::Item* target = find_at(port, "targetPort"))
      if (target->is(json::Kind::string)) return true;
  return false;
}

bool is_headless(const json::Item& service) { return text_at(service, "spec.clusterIP") == "None"; }

bool publishes_not_ready(const json::Item& service) {
  return kube::is_true_at(service, "spec.publishNotReadyAddresses");
}

std::vector<std::string_view> families_of(const json::Item& service) {
  std::vector<std::string_view> families;
  for (const json::Item& family : children_at(service, "spec.ipFamilies"))
    families.push_back(family.string_or("IPv4"));
  if (families.empty()) families.emplace_back("IPv4");
  return families;
}

std::string_view family_of(std::string_view ip) { return ip.contains(':') ? "IPv6" : "IPv4"; }

std::string_view address_of(const Pod& pod, std::string_view family) {
  for (const std::string& ip : pod.ips)
    if (family_of(ip) == family) return ip;
  return {};
}

json::Tree ports_of(const json::Item& service, const Backend& backend) {
  json::Tree ports;
  ports.root().set_array();
  for (const json::Item& wanted : children_at(service, "spec.ports")) {
    const std::int64_t number = target_of(wanted, backend);
    if (number == 0) continue;
    json::Item& port = ports.root().append();
    port.member("name").set_string(text_at(wanted, "name"));
    port.member("port").set_number(number);
    port.member("protocol").set_string(text_at(wanted, "protocol"));
    if (const json::Item* protocol = find_at(wanted, "appProtocol"))
      port.member("appProtocol").copy(*protocol);
  }
  return ports;
}

std::string_view hostname_of(const json::Item& service, const Pod& pod) {
  return pod.subdomain == text_at(service, "metadata.name") ? std::string_view(pod.hostname)
                                                            : std::string_view();
}

void write_target(json::Item& reference, const Pod& pod) {
  reference.member("kind").set_string("Pod");
  reference.member("namespace").set_string(pod.name_space);
  reference.member("name").set_string(pod.name);
  reference.member("uid").set_string(pod.uid);
}

}  // namespace podo::controllers
