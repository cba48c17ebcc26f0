// Services, ingresses, endpoints.
#include <algorithm>

#include "model/kube/print_cells.h"

namespace podo::kube::cells {
namespace {

constexpr std::size_t shown_max = 3;

// Sorted addresses or names of a load balancer, each once.
std::string balancer_addresses(const Item& object) {
  std::vector<std::string_view> found;
  for (const Item& ingress : children_at(object, "status.loadBalancer.ingress")) {
    const std::string_view ip = text_at(ingress, "ip");
    found.push_back(ip.empty() ? text_at(ingress, "hostname") : ip);
  }
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  std::string all;
  for (const std::string_view address : found) {
    if (!address.empty()) all.append(all.empty() ? "" : ",").append(address);
  }
  return all;
}

std::string_view non_empty(std::string_view text, std::string_view otherwise) {
  return text.empty() ? otherwise : text;
}

// The first three, and how many there are more.
class Few {
 public:
  void add(std::string_view text) {
    if (++count_ <= shown_max) told_.append(told_.empty() ? "" : ",").append(text);
  }
  std::string told() const {
    return count_ > shown_max ? told_ + podo::text(" + {} more...", count_ - shown_max) : told_;
  }

 private:
  std::string told_;
  std::size_t count_ = 0;
};

std::string with_port(std::string_view ip, std::int64_t port) {
  return ip.contains(':') ? podo::text("[{}]:{}", ip, port) : podo::text("{}:{}", ip, port);
}

}  // namespace

PODO_CELL(service_external_ip) {
  static_cast<void>(path);
  const std::string_view type = text_at(row.object, "spec.type");
  const std::string own = join(find_at(row.object, "spec.externalIPs"), "", ",");
  if (type == "ClusterIP" || type == "NodePort") return put(out, non_empty(own, "<none>"));
  if (type == "ExternalName") return put(out, text_at(row.object, "spec.externalName"));
  if (type != "LoadBalancer") return put(out, "<unknown>");
  std::string all = balancer_addresses(row.object);
  if (!own.empty()) all += (all.empty() ? "" : ",") + own;
  put(out, non_empty(all, "<pending>"));
}

PODO_CELL(service_ports) {
  std::string all;
  for (const Item& port : children_at(row.object, path)) {
    if (!all.empty()) all += ',';
    all += podo::text("{}", number_at(port, "port"));
    if (const std::int64_t node_port = number_at(port, "nodePort"); node_port > 0)
      all += podo::text(":{}", node_port);
    all += podo::text("/{}", text_at(port, "protocol"));
  }
  put(out, non_empty(all, "<none>"));
}

PODO_CELL(ingress_hosts) {
  std::string all;
  std::size_t count = 0;
  const std::size_t rules = size_at(row.object, path);
  for (const Item& rule : children_at(row.object, path)) {
    const std::string_view host = text_at(rule, "host");
    if (host.empty()) continue;
    if (count == shown_max) {
      all += podo::text(" + {} more...", rules - shown_max);
      break;
    }
    all.append(all.empty() ? "" : ",").append(host);
    ++count;
  }
  put(out, non_empty(all, "*"));
}

PODO_CELL(ingress_address) { put(out, balancer_addresses(row.object)), static_cast<void>(path); }
PODO_CELL(ingress_ports) { put(out, size_at(row.object, path) > 0 ? "80, 443" : "80"); }

PODO_CELL(ingress_class_name) {
  std::string name(text_at(row.object, "metadata.name"));
  const Item* annotations = find_at(row.object, "metadata.annotations");
  const Item* is_default = annotations ? annotations->find(path) : nullptr;
  if (is_default && is_default->string_or("") == "true") name += " (default)";
  put(out, name);
}

PODO_CELL(ingress_class_parameters) {
  const Item* parameters = find_at(row.object, path);
  if (parameters == nullptr) return put(out, "<none>");
  std::string told(text_at(*parameters, "kind"));
  const std::string_view group = text_at(*parameters, "apiGroup");
  if (!group.empty()) told += podo::text(".{}", group);
  put(out, podo::text("{}/{}", told, text_at(*parameters, "name")));
}

PODO_CELL(endpoints) {
  if (size_at(row.object, path) == 0) return put(out, "<none>");
  Few few;
  for (const Item& subset : children_at(row.object, path)) {
    const Item* ports = subset.find("ports");
    for (const Item& address : children(ports && ports->size() > 0 ? nullptr : subset.find("addresses"))) {
      few.add(text_at(address, "ip"));
    }
    for (const Item& port : children(ports)) {
      for (const Item& address : children(subset.find("addresses"))) {
        few.add(with_port(text_at(address, "ip"), number_at(port, "port")));
      }
    }
  }
  put(out, few.told());
}

PODO_CELL(slice_ports) {
  if (size_at(row.object, path) == 0) return put(out, "<unset>");
  Few few;
  for (const Item& port : children_at(row.object, path)) {
    const Item* number = find_at(port, "port");
    if (number) few.add(podo::text("{}", number->as_int64().value_or(0)));
    else few.add(non_empty(text_at(port, "name"), "*"));
  }
  put(out, few.told());
}

PODO_CELL(slice_endpoints) {
  if (size_at(row.object, path) == 0) return put(out, "<unset>");
  Few few;
  for (const Item& endpoint : children_at(row.object, path)) {
    for (const Item& address : children(endpoint.find("addresses"))) few.add(address.string_or(""));
  }
  put(out, few.told());
}

PODO_CELL(parent_reference) {
  const Item* parent = find_at(row.object, path);
  if (parent == nullptr) return put(out, "<none>");
  std::string told(text_at(*parent, "resource"));
  if (const std::string_view group = text_at(*parent, "group"); !group.empty())
    told += podo::text(".{}", group);
  told = lower(told);
  if (const std::string_view space = text_at(*parent, "namespace"); !space.empty())
    told += podo::text("/{}", space);
  put(out, podo::text("{}/{}", told, text_at(*parent, "name")));
}

}  // namespace podo::kube::cells
