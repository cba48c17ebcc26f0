#include "traffic/dns/cluster_names.h"

#include <algorithm>

#include "base/core/text.h"
#include "base/dns/name.h"

namespace podo::cluster_dns {
namespace {

constexpr std::string_view service_label = "kubernetes.io/service-name";

std::string_view text_of(json::Value object, std::string_view field) {
  const json::Value value = object.find(field);
  return value.is(json::Kind::string) ? value.string() : std::string_view();
}

bool is_true(json::Value value, bool otherwise) {
  return value.is(json::Kind::boolean) ? value.boolean() : otherwise;
}

// Ports without a number are any port, which no record can say.
std::vector<Port> ports_of(json::Value list) {
  std::vector<Port> ports;
  for (const json::Value port : list.items()) {
    const auto number = port.find("port").as_int64();
    if (!number || *number <= 0 || *number > UINT16_MAX) continue;
    const std::string_view protocol = text_of(port, "protocol");
    ports.push_back({.name = dns::lower(text_of(port, "name")),
                     .protocol = protocol.empty() ? "tcp" : dns::lower(protocol),
                     .number = static_cast<std::uint16_t>(*number)});
  }
  return ports;
}

Service service_of(json::Value spec) {
  Service service;
  service.kind = Service::Kind::addressed;
  service.publishes_not_ready = is_true(spec.find("publishNotReadyAddresses"), false);
  service.ports = ports_of(spec.find("ports"));
  if (text_of(spec, "type") == "ExternalName") {
    service.kind = Service::Kind::external;
    service.external_name = text_of(spec, "externalName");
    if (service.external_name.ends_with('.')) service.external_name.pop_back();
    return service;
  }
  const auto take = [&](std::string_view words) {
    if (words == "None") service.kind = Service::Kind::headless;
    else if (const auto address = IpAddress::parse(words)) service.addresses.push_back(*address);
  };
  const json::Value list = spec.find("clusterIPs");
  if (list.size() == 0) take(text_of(spec, "clusterIP"));
  for (const json::Value item : list.items())
    if (item.is(json::Kind::string)) take(item.string());
  return service;
}

Slice slice_of(json::Value object) {
  Slice slice{.ports = ports_of(object.find("ports")), .endpoints = {}};
  for (const json::Value item : object.find("endpoints").items())
    for (const json::Value words : item.find("addresses").items()) {
      const auto address = IpAddress::parse(words.is(json::Kind::string) ? words.string() : "");
      if (!address) continue;  // the name of one, in slices of the type FQDN
      slice.endpoints.push_back({.address = *address,
                                 .hostname = dns::lower(text_of(item, "hostname")),
                                 .ready = is_true(item.find("conditions").find("ready"), true)});
    }
  return slice;
}

}  // namespace

std::string Endpoint::label() const {
  if (!hostname.empty()) return hostname;
  std::string dashed = address.to_text();
  std::ranges::replace_if(dashed, [](char c) { return c == '.' || c == ':'; }, '-');
  return dashed;
}

void ClusterNames::remove_namespace(std::string_view name) {
  if (const auto found = namespaces_.find(name); found != namespaces_.end()) namespaces_.erase(found);
}

void ClusterNames::disown(const IpAddress& address, const Owner& owner) {
  const auto [first, last] = by_address_.equal_range(address);
  const auto found = std::find_if(first, last, [&](const auto& entry) { return entry.second == owner; });
  if (found != last) by_address_.erase(found);
}

void ClusterNames::set_service(const ServiceName& name, json::Value object) {
  const auto place = services_.try_emplace(name).first;
  Service& service = place->second;
  for (const IpAddress& address : service.addresses) disown(address, {&place->first});
  Service now = service_of(object.find("spec"));
  now.slices = std::move(service.slices);  // its nodes, and with them what owners() leads to, stay
  service = std::move(now);
  for (const IpAddress& address : service.addresses) own(address, {&place->first});
}

void ClusterNames::remove_service(const ServiceName& name) {
  const auto place = services_.find(name);
  if (place == services_.end()) return;
  Service& service = place->second;
  for (const IpAddress& address : service.addresses) disown(address, {&place->first});
  Service unknown;
  unknown.slices = std::move(service.slices);
  service = std::move(unknown);
  remove_if_unknown(place);
}

void ClusterNames::remove_if_unknown(Services::iterator place) {
  if (place->second.kind == Service::Kind::unknown && place->second.slices.empty()) services_.erase(place);
}

void ClusterNames::set_slice(std::string_view name_space, std::string_view slice, json::Value object) {
  remove_slice(name_space, slice);
  const std::string_view service = text_of(object.find("metadata").find("labels"), service_label);
  if (service.empty()) return;
  const ServiceName owner{std::string(name_space), std::string(service)};
  const auto place = services_.try_emplace(owner).first;
  const auto kept = place->second.slices.emplace(slice, slice_of(object)).first;
  for (const Endpoint& endpoint : kept->second.endpoints)
    own(endpoint.address, {&place->first, &kept->second});
  slice_services_.emplace(text("{}/{}", name_space, slice), owner);
}

void ClusterNames::remove_slice(std::string_view name_space, std::string_view slice) {
  const auto known = slice_services_.find(text("{}/{}", name_space, slice));
  if (known == slice_services_.end()) return;
  const auto place = services_.find(known->second);
  const auto kept = place->second.slices.find(slice);
  for (const Endpoint& endpoint : kept->second.endpoints)
    disown(endpoint.address, {&place->first, &kept->second});
  place->second.slices.erase(kept);
  slice_services_.erase(known);
  remove_if_unknown(place);
}

const Service* ClusterNames::find(std::string_view name_space, std::string_view name) const {
  const auto found = services_.find({std::string(name_space), std::string(name)});
  return found != services_.end() && found->second.kind != Service::Kind::unknown ? &found->second : nullptr;
}

bool ClusterNames::has_service_somewhere(std::string_view name) const {
  return std::ranges::any_of(namespaces_, [&](const std::string& there) { return find(there, name); });
}

std::vector<ClusterNames::Owner> ClusterNames::owners(const IpAddress& address) const {
  std::vector<Owner> owners;
  const auto [first, last] = by_address_.equal_range(address);
  for (auto entry = first; entry != last; ++entry) owners.push_back(entry->second);
  return owners;
}

}  // namespace podo::cluster_dns
