// Services, ingresses, network policies.
#include <algorithm>
#include <unordered_set>

#include "base/core/ip_address.h"
#include "model/kube/validate_rules.h"

namespace podo::kube::rules {
namespace {

FieldPath in_spec(std::string_view field) { return FieldPath("spec") / field; }

const Item& spec_of(const Item& object) { return part_at(object, "spec"); }

void check_service_port(Errors& errors, const FieldPath& path, const Item& port, bool needs_name,
                        std::string_view type) {
  const std::string_view name = text_at(port, "name");
  if (!name.empty()) errors.invalid_each(path / "name", name, check_dns_label(name));
  else if (needs_name) errors.required(path / "name");
  check_port(errors, path / "port", number_at(port, "port"));
  const Item* target = port.find("targetPort");
  if (target && target->is(json::Kind::number))
    check_port(errors, path / "targetPort", number_at(port, "targetPort"));
  else if (target)
    errors.invalid_each(path / "targetPort", target->string_or(""), check_port_name(target->string_or("")));
  const std::int64_t node_port = number_at(port, "nodePort");
  if (node_port == 0) return;
  if (type == "ClusterIP") errors.forbidden(path / "nodePort", "may not be used when `type` is 'ClusterIP'");
  else check_port(errors, path / "nodePort", node_port);
}

void check_service_ports(Errors& errors, const Item& spec, std::string_view type) {
  const std::size_t count = size_at(spec, "ports");
  const bool headless = text_at(spec, "clusterIP") == "None";
  if (count == 0 && !headless && type != "ExternalName") errors.required(in_spec("ports"));
  std::unordered_set<std::string_view> names;
  std::unordered_set<std::string> numbers;
  std::size_t index = 0;
  for (const Item& port : children(spec.find("ports"))) {
    const FieldPath path = in_spec("ports")[index++];
    check_service_port(errors, path, port, count > 1, type);
    const std::string_view name = text_at(port, "name");
    if (!name.empty() && !names.insert(name).second) errors.duplicate(path / "name", name);
    if (!numbers.insert(text("{}/{}", number_at(port, "port"), text_at(port, "protocol"))).second) {
      json::Tree told;
      if (const Item* protocol = port.find("protocol")) told.root().member("protocol").copy(*protocol);
      told.root().member("port").set_number(number_at(port, "port"));
      errors.duplicate(path, told.root());
    }
  }
}

void check_by_type(Errors& errors, const Item& spec, std::string_view type) {
  if (type == "LoadBalancer") {
    if (text_at(spec, "clusterIP") == "None") {
      errors.invalid(in_spec("clusterIPs")[0], "None", "may not be set to 'None' for LoadBalancer services");
    }
  } else {
    for (const std::string_view field :
         {"loadBalancerSourceRanges", "allocateLoadBalancerNodePorts", "loadBalancerClass"}) {
      if (spec.find(field))
        errors.forbidden(in_spec(field), "may only be used when `type` is 'LoadBalancer'");
    }
  }
  if (type != "ExternalName") return;
  if (size_at(spec, "clusterIPs") > 0) {
    errors.forbidden(in_spec("clusterIPs"), "may not be set for ExternalName services");
  }
  const std::string_view name = text_at(spec, "externalName");
  if (name.empty()) errors.required(in_spec("externalName"));
  else
    errors.invalid_each(in_spec("externalName"), name,
                        check_dns_subdomain(name.substr(0, name.size() - name.ends_with('.'))));
}

bool is_v6(const Item& address) { return address.string_or("").contains(':'); }

void check_families_match(Errors& errors, const Item& spec) {
  std::size_t index = 0;
  const Item* family = part_at(spec, "ipFamilies").first();
  for (const Item& ip : children(spec.find("clusterIPs"))) {
    if (family == nullptr) return;
    const std::string_view wanted = family->string_or("");
    if (is_v6(ip) != (wanted == "IPv6"))
      errors.invalid(in_spec("clusterIPs")[index], ip.string_or(""),
                     text("expected an {} value as indicated by `ipFamilies[{}]`", wanted, index));
    family = family->next();
    ++index;
  }
}

// Each by itself; with the cluster's ranges they are compared where they are given.
void check_cluster_ips(Errors& errors, const Item& spec) {
  const FieldPath path = in_spec("clusterIPs");
  const Item* list = spec.find("clusterIPs");
  const std::string_view first = text_at(spec, "clusterIP");
  const std::size_t count = size_at(spec, "clusterIPs");
  if (first.empty() && count > 0 && !text_at(spec, "clusterIPs[0]").empty())
    errors.invalid(path, list, "must be empty when `clusterIP` is not specified");
  if (!first.empty() && count > 0 && text_at(spec, "clusterIPs[0]") != first)
    errors.invalid(path, list, "first value must match `clusterIP`");
  std::unordered_set<std::string_view> families;
  std::size_t index = 0;
  for (const Item& family : children(spec.find("ipFamilies"))) {
    const std::size_t i = index++;
    if (!families.insert(family.string_or("")).second)
      errors.duplicate(in_spec("ipFamilies")[i], family.string_or(""));
  }
  bool good = true;
  index = 0;
  for (const Item& ip : children(list)) {
    const std::size_t i = index++;
    if (i == 0 && ip.string_or("") == "None") {
      if (count > 1) errors.invalid(path, list, "'None' must be the first and only value");
      return;
    }
    if (IpAddress::parse(ip.string_or(""))) continue;
    errors.invalid(path[i], ip.string_or(""),
                   "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    good = false;
  }
  if (count > 2) errors.invalid(path, list, "may only hold up to 2 values");
  if (!good) return;
  if (count == 2 && is_v6(*list->at(0)) == is_v6(*list->at(1)))
    errors.invalid(path, list, "may specify no more than one IP for each IP family");
  check_families_match(errors, spec);
}

void check_service_update(Errors& errors, const Item& spec, const Item& old) {
  const std::string_view type = text_at(spec, "type");
  if (type == "ExternalName" || text_at(old, "type") == "ExternalName") return;
  for (const std::size_t i : {0u, 1u}) {
    const Item* now = part_at(spec, "clusterIPs").at(i);
    const Item* before = part_at(old, "clusterIPs").at(i);
    if (before != nullptr && (i == 0 || now != nullptr) && !same_or_absent(now, before))
      errors.invalid(in_spec("clusterIPs")[i], now ? now->string_or("") : "", "may not change once set");
  }
  const Item* family = find_at(old, "ipFamilies[0]");
  if (family != nullptr && !same_or_absent(find_at(spec, "ipFamilies[0]"), family)) {
    errors.invalid(in_spec("ipFamilies")[0], find_at(spec, "ipFamilies[0]"), "may not change once set");
  }
  if (type == "LoadBalancer" && text_at(old, "type") == type) {
    check_immutable(errors, in_spec("loadBalancerClass"), spec.find("loadBalancerClass"),
                    old.find("loadBalancerClass"), "may not change once set");
  }
}

}  // namespace

void service(Errors& errors, const Item& object, const Item* old) {
  const Item& spec = spec_of(object);
  const std::string_view type = text_at(spec, "type");
  check_service_ports(errors, spec, type);
  check_labels(errors, in_spec("selector"), spec.find("selector"));
  check_by_type(errors, spec, type);
  if (type != "ExternalName") check_cluster_ips(errors, spec);
  if (const Item* timeout = find_at(spec, "sessionAffinityConfig.clientIP.timeoutSeconds")) {
    constexpr std::int64_t day = 86'400;
    const std::int64_t seconds = timeout->as_int64().value_or(0);
    if (seconds <= 0 || seconds > day) {
      errors.invalid(in_spec("sessionAffinityConfig") / "clientIP" / "timeoutSeconds", seconds,
                     text("must be greater than 0 and less than {}", day));
    }
  }
  if (old != nullptr) check_service_update(errors, spec, spec_of(*old));
}

namespace {

void check_backend(Errors& errors, const FieldPath& path, const Item* backend) {
  const Item* service = backend ? backend->find("service") : nullptr;
  const Item* resource = backend ? backend->find("resource") : nullptr;
  if (service && resource) return errors.invalid(path, "", "cannot set both resource and service backends");
  if (!service && !resource) return errors.required(path, "must specify a resource or service backend");
  if (!service) return;
  const std::string_view name = text_at(*service, "name");
  if (name.empty()) errors.required(path / "service" / "name");
  else errors.invalid_each(path / "service" / "name", name, check_dns_1035_label(name));
  const std::string_view port = text_at(*service, "port.name");
  const std::int64_t number = number_at(*service, "port.number");
  if (!port.empty() && number != 0) {
    errors.invalid(path, "", "cannot set both port name & port number");
  } else if (!port.empty()) {
    errors.invalid_each(path / "service" / "port" / "name", port, check_port_name(port));
  } else if (number != 0) {
    check_port(errors, path / "service" / "port" / "number", number);
  } else {
    errors.required(path, "port name or number is required");
  }
}

void check_ingress_path(Errors& errors, const FieldPath& path, const Item& rule) {
  const std::string_view type = text_at(rule, "pathType"), where = text_at(rule, "path");
  if (type.empty()) errors.required(path / "pathType", "pathType must be specified");
  if (type == "Exact" || type == "Prefix") {
    if (!where.starts_with('/')) errors.invalid(path / "path", where, "must be an absolute path");
    for (const std::string_view part : {"//", "/./", "/../", "%2f", "%2F"}) {
      if (where.contains(part)) errors.invalid(path / "path", where, text("must not contain '{}'", part));
    }
    for (const std::string_view end : {"/..", "/."}) {
      if (where.ends_with(end)) errors.invalid(path / "path", where, text("cannot end with '{}'", end));
    }
  } else if (type == "ImplementationSpecific" && !where.empty() && !where.starts_with('/')) {
    errors.invalid(path / "path", where, "must be an absolute path");
  }
  check_backend(errors, path / "backend", rule.find("backend"));
}

void check_host(Errors& errors, const FieldPath& path, std::string_view host) {
  if (host.empty()) return;
  if (IpAddress::parse(host)) errors.invalid(path, host, "must be a DNS name, not an IP address");
  else if (host.contains('*')) errors.invalid_each(path, host, check_wildcard_subdomain(host));
  else errors.invalid_each(path, host, check_dns_subdomain(host));
}

}  // namespace

void ingress(Errors& errors, const Item& object, const Item*) {
  const Item& spec = spec_of(object);
  if (size_at(spec, "rules") == 0 && !spec.find("defaultBackend")) {
    errors.invalid(FieldPath("spec"), &spec, "either `defaultBackend` or `rules` must be specified");
  }
  if (const Item* backend = spec.find("defaultBackend"))
    check_backend(errors, in_spec("defaultBackend"), backend);
  const std::string_view name = text_at(spec, "ingressClassName");
  if (!name.empty()) errors.invalid_each(in_spec("ingressClassName"), name, check_dns_subdomain(name));
  std::size_t index = 0;
  for (const Item& rule : children(spec.find("rules"))) {
    const FieldPath path = in_spec("rules")[index++];
    check_host(errors, path / "host", text_at(rule, "host"));
    const Item* http = rule.find("http");
    if (http != nullptr && size_at(*http, "paths") == 0) errors.required(path / "http" / "paths");
    std::size_t place = 0;
    for (const Item& each : children(http ? http->find("paths") : nullptr)) {
      check_ingress_path(errors, (path / "http" / "paths")[place++], each);
    }
  }
  index = 0;
  for (const Item& tls : children(spec.find("tls"))) {
    const FieldPath path = in_spec("tls")[index++];
    std::size_t place = 0;
    for (const Item& host : children(tls.find("hosts")))
      check_host(errors, (path / "hosts")[place++], host.string_or(""));
  }
}

namespace {

void check_peers(Errors& errors, const FieldPath& path, const Item* peers) {
  std::size_t index = 0;
  for (const Item& peer : children(peers)) {
    const FieldPath here = path[index++];
    const bool pods = peer.find("podSelector"), spaces = peer.find("namespaceSelector");
    check_label_selector(errors, here / "podSelector", peer.find("podSelector"));
    check_label_selector(errors, here / "namespaceSelector", peer.find("namespaceSelector"));
    const Item* block = peer.find("ipBlock");
    if (!pods && !spaces && !block) errors.required(here, "must specify a peer");
    if (block && (pods || spaces)) errors.forbidden(here, "may not specify both ipBlock and another peer");
    if (block && text_at(*block, "cidr").empty()) errors.required(here / "ipBlock" / "cidr");
  }
}

void check_policy_ports(Errors& errors, const FieldPath& path, const Item* ports) {
  std::size_t index = 0;
  for (const Item& port : children(ports)) {
    const FieldPath here = path[index++];
    const Item* number = port.find("port");
    const Item* end = port.find("endPort");
    if (number && number->is(json::Kind::number)) check_port(errors, here / "port", number_at(port, "port"));
    else if (number)
      errors.invalid_each(here / "port", number->string_or(""), check_port_name(number->string_or("")));
    if (end == nullptr) continue;
    const std::int64_t last = end->as_int64().value_or(0);
    if (number == nullptr) errors.required(here / "port", "must be specified when `endPort` is specified");
    else if (!number->is(json::Kind::number)) {
      errors.invalid(here / "endPort", last, "may not be specified when `port` is non-numeric");
    } else if (last < number_at(port, "port")) {
      errors.invalid(here / "endPort", last, "must be greater than or equal to `port`");
    }
  }
}

}  // namespace

void network_policy(Errors& errors, const Item& object, const Item*) {
  const Item& spec = spec_of(object);
  check_label_selector(errors, in_spec("podSelector"), spec.find("podSelector"));
  for (const auto& [direction, peers] : {std::pair{"ingress", "from"}, std::pair{"egress", "to"}}) {
    std::size_t index = 0;
    for (const Item& rule : children(spec.find(direction))) {
      const FieldPath path = in_spec(direction)[index++];
      check_policy_ports(errors, path / "ports", rule.find("ports"));
      check_peers(errors, path / peers, rule.find(peers));
    }
  }
  if (size_at(spec, "policyTypes") > 2) {
    errors.invalid(in_spec("policyTypes"), spec.find("policyTypes"),
                   "may not specify more than two policyTypes");
  }
}

}  // namespace podo::kube::rules
