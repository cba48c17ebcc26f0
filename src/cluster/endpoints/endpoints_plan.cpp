#include "cluster/endpoints/endpoints_plan.h"

#include <algorithm>

#include "cluster/endpoints/slices_plan.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::text_at;

constexpr std::size_t addresses_max = 1000;
constexpr std::string_view over_capacity = "endpoints.kubernetes.io/over-capacity";

struct Address {
  const Backend* backend;
  std::string_view ip;
  bool ready;
};

// One port, and everybody who has it.
struct PortUsers {
  json::Tree port;                 // null: none at all, of a headless Service
  std::vector<std::size_t> users;  // indexes of addresses
};

std::vector<Address> addresses_of(const ServiceInput& in) {
  const bool all = publishes_not_ready(in.service);
  const std::string_view family = families_of(in.service).front();
  std::vector<Address> addresses;
  for (const Backend& backend : in.backends) {
    const Pod& pod = *backend.pod;
    const std::string_view ip = address_of(pod, family);
    if (ip.empty() || pod.ended() || (pod.deleting() && !all)) continue;
    addresses.push_back({&backend, ip, pod.ready || all});
  }
  std::ranges::sort(addresses, {}, [](const Address& address) { return address.ip; });
  return addresses;
}

std::vector<PortUsers> ports_and_users(const ServiceInput& in, const std::vector<Address>& addresses) {
  std::vector<PortUsers> ports;
  const auto add = [&](const json::Item& port, std::size_t user) {
    for (PortUsers& known : ports)
      if (json::same(known.port.root(), port)) return known.users.push_back(user);
    ports.push_back({json::Tree::copy_of(port), {user}});
  };
  const json::Tree none;
  const bool portless = is_headless(in.service) && kube::size_at(in.service, "spec.ports") == 0;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (portless) add(none.root(), i);
    const json::Tree own = ports_of(in.service, *addresses[i].backend);
    for (const json::Item& port : kube::children(&own.root())) add(port, i);
  }
  return ports;
}

void write_address(json::Item& item, const json::Item& service, const Address& address) {
  const Pod& pod = *address.backend->pod;
  item.member("ip").set_string(address.ip);
  if (const std::string_view hostname = hostname_of(service, pod); !hostname.empty())
    item.member("hostname").set_string(hostname);
  if (!pod.node.empty()) item.member("nodeName").set_string(pod.node);
  write_target(item.member("targetRef"), pod);
}

json::Tree subsets_of(const ServiceInput& in, const std::vector<Address>& addresses) {
  json::Tree subsets;
  subsets.root().set_array();
  std::vector<PortUsers> ports = ports_and_users(in, addresses);
  while (!ports.empty()) {
    const std::vector<std::size_t> users = ports.front().users;
    json::Item& subset = subsets.root().append();
    for (const std::size_t user : users) {
      const Address& address = addresses[user];
      write_address(subset.member(address.ready ? "addresses" : "notReadyAddresses").append(), in.service,
                    address);
    }
    std::erase_if(ports, [&](const PortUsers& port) {
      if (port.users != users) return false;
      if (port.port.root().is(json::Kind::object)) subset.member("ports").append().copy(port.port.root());
      return true;
    });
  }
  return subsets;
}

json::Tree labels_of_service(const json::Item& service) {
  json::Tree labels;
  labels.root().set_object();
  for (const json::Item& label : kube::children_at(service, "metadata.labels"))
    if (label.key() != headless_label) labels.root().member(label.key()).copy(label);
  labels.root().member(endpoints_managed_by).set_string(endpoints_controller);
  if (is_headless(service)) labels.root().member(headless_label).set_string("");
  return labels;
}

// A port without a name is written without one here.
void leave_out_empty_names(json::Item& subsets) {
  for (json::Item* subset = subsets.first(); subset != nullptr; subset = subset->next())
    if (json::Item* ports = subset->find("ports"))
      for (json::Item* port = ports->first(); port != nullptr; port = port->next())
        if (text_at(*port, "name").empty()) port->remove("name");
}

}  // namespace

std::optional<Write> plan_endpoints(const ServiceInput& in, const json::Item* there) {
  std::vector<Address> addresses = addresses_of(in);
  const bool truncated = addresses.size() > addresses_max;
  if (truncated) addresses.resize(addresses_max);
  json::Tree subsets = subsets_of(in, addresses);
  leave_out_empty_names(subsets.root());
  const json::Tree labels = labels_of_service(in.service);

  json::Tree object = there != nullptr ? json::Tree::copy_of(*there) : json::Tree();
  json::Item& root = object.root();
  root.member("apiVersion").set_string("v1");
  root.member("kind").set_string("Endpoints");
  json::Item& metadata = root.member("metadata");
  metadata.member("name").set_string(in.self.name);
  metadata.member("namespace").set_string(in.self.name_space);
  metadata.member("labels").copy(labels.root());
  const bool said =
      there != nullptr && kube::part_at(*there, "metadata.annotations").find(over_capacity) != nullptr;
  if (truncated) metadata.member("annotations").member(over_capacity).set_string("truncated");
  else if (said) metadata.member("annotations").remove(over_capacity);
  if (subsets.root().size() != 0) root.member("subsets").copy(subsets.root());
  else root.remove("subsets");
  if (there == nullptr) return create(Kind::endpoints, in.self.name_space, std::move(object));
  const bool same =
      said == truncated && json::same(kube::part_at(*there, "metadata.labels"), labels.root()) &&
      (subsets.root().size() == 0 ? kube::size_at(*there, "subsets") == 0
                                  : json::same(kube::part_at(*there, "subsets"), subsets.root()));
  if (same) return std::nullopt;
  return update(Kind::endpoints, std::move(object));
}

}  // namespace podo::controllers
