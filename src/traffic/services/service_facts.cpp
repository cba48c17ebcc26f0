#include "traffic/services/service_facts.h"

#include <netinet/in.h>

#include <algorithm>

#include "model/kube/path.h"

namespace podo::services {
namespace {

using kube::children_at;
using kube::text_at;

constexpr std::string_view proxy_name_label = "service.kubernetes.io/service-proxy-name",
                           headless_label = "service.kubernetes.io/headless",
                           service_name_label = "kubernetes.io/service-name",
                           source_ranges_note = "service.beta.kubernetes.io/load-balancer-source-ranges";
constexpr std::int64_t affinity_s = 10'800;

const json::Item* label_of(const json::Item& object, std::string_view label) {
  return kube::part_at(object, "metadata.labels").find(label);
}

bool is_of_another_proxy(const json::Item& object) {
  return label_of(object, proxy_name_label) != nullptr || label_of(object, headless_label) != nullptr;
}

std::uint16_t port_at(const json::Item& object, std::string_view path) {
  const std::int64_t number = kube::number_at(object, path);
  return number > 0 && number < 65'536 ? static_cast<std::uint16_t>(number) : std::uint16_t(0);
}

void add_address(std::vector<IpAddress>& to, std::string_view text) {
  const Result<IpAddress> address = IpAddress::parse(text);
  if (address) to.push_back(*address);
}

std::vector<IpAddress> addresses_at(const json::Item& object, std::string_view path) {
  std::vector<IpAddress> addresses;
  for (const json::Item& address : children_at(object, path)) add_address(addresses, address.string_or(""));
  return addresses;
}

std::vector<IpAddress> balanced_ips(const json::Item& service) {
  std::vector<IpAddress> addresses;
  for (const json::Item& ingress : children_at(service, "status.loadBalancer.ingress"))
    if (text_at(ingress, "ipMode") != "Proxy") add_address(addresses, text_at(ingress, "ip"));
  return addresses;
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

void add_range(std::vector<IpPrefix>& to, std::string_view range) {
  const Result<IpPrefix> prefix = IpPrefix::parse(without_blanks(range));
  if (prefix) to.push_back(prefix->network());
}

// The annotation is older than the field; the field wins.
std::vector<IpPrefix> source_ranges(const json::Item& service) {
  std::vector<IpPrefix> ranges;
  for (const json::Item& range : children_at(service, "spec.loadBalancerSourceRanges"))
    add_range(ranges, range.string_or(""));
  if (kube::size_at(service, "spec.loadBalancerSourceRanges") != 0) return ranges;
  const json::Item* note = kube::part_at(service, "metadata.annotations").find(source_ranges_note);
  std::string_view rest = note != nullptr ? note->string_or("") : "";
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    add_range(ranges, rest.substr(0, comma));
    rest.remove_prefix(std::min(rest.size(), comma + 1));
  }
  return ranges;
}

std::vector<ServicePort> ports_of(const json::Item& service) {
  std::vector<ServicePort> ports;
  const std::string_view type = text_at(service, "spec.type");
  const bool has_node_ports = type == "NodePort" || type == "LoadBalancer";
  for (const json::Item& port : children_at(service, "spec.ports"))
    ports.push_back({.name = std::string(text_at(port, "name")),
                     .protocol = protocol_named(text_at(port, "protocol")),
                     .port = port_at(port, "port"),
                     .node_port = has_node_ports ? port_at(port, "nodePort") : std::uint16_t(0)});
  std::erase_if(ports, [](const ServicePort& port) { return port.port == 0 || port.protocol == 0; });
  return ports;
}

Duration affinity_of(const json::Item& service) {
  if (text_at(service, "spec.sessionAffinity") != "ClientIP") return {};
  const std::int64_t said = kube::number_at(service, "spec.sessionAffinityConfig.clientIP.timeoutSeconds");
  return seconds(said > 0 ? said : affinity_s);
}

std::vector<std::string> names_at(const json::Item& endpoint, std::string_view path) {
  std::vector<std::string> names;
  for (const json::Item& hint : children_at(endpoint, path)) names.emplace_back(text_at(hint, "name"));
  return names;
}

bool condition(const json::Item& endpoint, std::string_view path, bool otherwise) {
  const json::Item* found = kube::find_at(endpoint, path);
  return found != nullptr && found->is(json::Kind::boolean) ? found->boolean() : otherwise;
}

// Of several addresses the first one counts: they are the same machine's.
std::optional<Endpoint> endpoint_of(const json::Item& endpoint, bool v6) {
  const Result<IpAddress> address = IpAddress::parse(text_at(endpoint, "addresses[0]"));
  if (!address || address->is_v6() != v6) return std::nullopt;
  return Endpoint{.address = *address,
                  .node = std::string(text_at(endpoint, "nodeName")),
                  .for_zones = names_at(endpoint, "hints.forZones"),
                  .for_nodes = names_at(endpoint, "hints.forNodes"),
                  .ready = condition(endpoint, "conditions.ready", true),
                  .serving = condition(endpoint, "conditions.serving", true),
                  .terminating = condition(endpoint, "conditions.terminating", false)};
}

}  // namespace

std::uint8_t protocol_named(std::string_view name) {
  if (name.empty() || name == "TCP") return IPPROTO_TCP;
  if (name == "UDP") return IPPROTO_UDP;
  return name == "SCTP" ? IPPROTO_SCTP : 0;
}

std::string_view name_of_protocol(std::uint8_t protocol) {
  return protocol == IPPROTO_TCP ? "TCP" : protocol == IPPROTO_UDP ? "UDP" : "SCTP";
}

std::optional<Service> service_of(const json::Item& object) {
  const std::string_view type = text_at(object, "spec.type"), cluster_ip = text_at(object, "spec.clusterIP");
  if (type == "ExternalName" || cluster_ip.empty() || cluster_ip == "None") return std::nullopt;
  if (is_of_another_proxy(object)) return std::nullopt;
  Service service{.name_space = std::string(text_at(object, "metadata.namespace")),
                  .name = std::string(text_at(object, "metadata.name")),
                  .created = std::string(text_at(object, "metadata.creationTimestamp")),
                  .cluster_ips = addresses_at(object, "spec.clusterIPs"),
                  .external_ips = addresses_at(object, "spec.externalIPs"),
                  .balanced_ips = {},
                  .ports = ports_of(object),
                  .sources = source_ranges(object),
                  .affinity = affinity_of(object)};
  if (service.cluster_ips.empty()) add_address(service.cluster_ips, cluster_ip);
  const bool is_outside = type == "NodePort" || type == "LoadBalancer" || !service.external_ips.empty();
  service.inside_local = text_at(object, "spec.internalTrafficPolicy") == "Local";
  service.outside_local = is_outside && text_at(object, "spec.externalTrafficPolicy") == "Local";
  if (type != "LoadBalancer") return service;
  service.balanced_ips = balanced_ips(object);
  if (service.outside_local) service.health_port = port_at(object, "spec.healthCheckNodePort");
  return service;
}

std::optional<Slice> slice_of(const json::Item& object) {
  const json::Item* service = label_of(object, service_name_label);
  const std::string_view type = text_at(object, "addressType");
  if (service == nullptr || service->string_or("").empty() || is_of_another_proxy(object))
    return std::nullopt;
  if (type != "IPv4" && type != "IPv6") return std::nullopt;
  Slice slice{
      .service =
          std::string(text_at(object, "metadata.namespace")).append("/").append(service->string_or("")),
      .ports = {},
      .endpoints = {}};
  for (const json::Item& port : children_at(object, "ports"))
    slice.ports.push_back({.name = std::string(text_at(port, "name")),
                           .protocol = protocol_named(text_at(port, "protocol")),
                           .port = port_at(port, "port")});
  std::erase_if(slice.ports, [](const SlicePort& port) { return port.port == 0 || port.protocol == 0; });
  for (const json::Item& each : children_at(object, "endpoints"))
    if (auto endpoint = endpoint_of(each, type == "IPv6")) slice.endpoints.push_back(*std::move(endpoint));
  return slice;
}

}  // namespace podo::services
