// What names the cluster has: its namespaces, its Services and their endpoints, by name and by address. Kept
// by the changes of mirrors, one object at a time. No I/O; lives on the loop that changes it.
//
// Only what a name can lead to is kept: about 50 bytes an endpoint, and as much to find it by its address.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/ip_address.h"
#include "base/format/json_document.h"

namespace podo::cluster_dns {

struct Port {
  std::string name, protocol;  // protocol: "tcp"; name: "" of the only port
  std::uint16_t number = 0;
};

struct Endpoint {
  IpAddress address;
  std::string hostname;
  bool ready = true;
  std::string label() const;  // its hostname, or its address with dashes: "10-244-0-5"
};

struct Slice {
  std::vector<Port> ports;
  std::vector<Endpoint> endpoints;
};

struct Service {
  enum class Kind : std::uint8_t { unknown, addressed, headless, external };  // unknown: only slices name it
  Kind kind = Kind::unknown;
  bool publishes_not_ready = false;
  std::vector<IpAddress> addresses;
  std::vector<Port> ports;
  std::string external_name;
  std::map<std::string, Slice, std::less<>> slices;
  bool shows(const Endpoint& endpoint) const { return endpoint.ready || publishes_not_ready; }
};

struct ServiceName {
  std::string name_space, name;
  auto operator<=>(const ServiceName&) const = default;
};

class ClusterNames {
 public:
  void add_namespace(std::string_view name) { namespaces_.emplace(name); }
  void remove_namespace(std::string_view name);
  void set_service(const ServiceName& name, json::Value object);
  void remove_service(const ServiceName& name);
  // A slice of the Service that its label names; without a label it is nobody's.
  void set_slice(std::string_view name_space, std::string_view slice, json::Value object);
  void remove_slice(std::string_view name_space, std::string_view slice);

  bool has_namespace(std::string_view name) const { return namespaces_.contains(name); }
  const Service* find(std::string_view name_space, std::string_view name) const;  // null: none, or unknown
  bool has_service_somewhere(std::string_view name) const;

  // Who has this address: the Service itself, or one of its endpoints.
  struct Owner {
    const ServiceName* service = nullptr;
    const Slice* slice = nullptr;  // null: the address is the Service's own
    bool operator==(const Owner&) const = default;
  };
  std::vector<Owner> owners(const IpAddress& address) const;

 private:
  using Services = std::map<ServiceName, Service>;
  void own(const IpAddress& address, Owner owner) { by_address_.emplace(address, owner); }
  void disown(const IpAddress& address, const Owner& owner);
  void remove_if_unknown(Services::iterator place);

  std::set<std::string, std::less<>> namespaces_;
  Services services_;
  std::map<std::string, ServiceName, std::less<>> slice_services_;  // by "namespace/slice"
  std::multimap<IpAddress, Owner> by_address_;
};

}  // namespace podo::cluster_dns
