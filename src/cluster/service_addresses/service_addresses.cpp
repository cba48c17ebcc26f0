#include "cluster/service_addresses/service_addresses.h"

#include <algorithm>

#include "base/format/json_writer.h"
#include "cluster/service_addresses/service_families.h"
#include "model/kube/path.h"
#include "model/kube/stamp.h"

namespace podo::apiserver {
namespace {

using json::Item;
using kube::FieldPath;

constexpr std::uint32_t range_max = 1 << 20;

std::uint32_t size_of(const IpPrefix& range) {
  const int bits = range.address.bits() - range.length;
  return bits >= 20 ? range_max : 1u << bits;
}

std::string_view type_of(const Item& service) {
  const std::string_view type = kube::text_at(service, "spec.type");
  return type.empty() ? "ClusterIP" : type;
}
bool is_external_name(const Item& service) { return type_of(service) == "ExternalName"; }
bool is_headless(const Item& service) { return kube::text_at(service, "spec.clusterIP") == "None"; }
std::vector<std::string> addresses_of(const Item* service) {
  std::vector<std::string> addresses;
  if (service == nullptr || is_external_name(*service) || is_headless(*service)) return addresses;
  for (const Item& address : kube::children_at(*service, "spec.clusterIPs"))
    if (!address.string_or("").empty()) addresses.emplace_back(address.string_or(""));
  const std::string_view first = kube::text_at(*service, "spec.clusterIP");
  if (addresses.empty() && !first.empty()) addresses.emplace_back(first);
  return addresses;
}
bool wants_ports(const Item& service) {
  const std::string_view type = type_of(service);
  if (type == "NodePort") return true;
  const Item* allocate = kube::find_at(service, "spec.allocateLoadBalancerNodePorts");
  return type == "LoadBalancer" && (allocate == nullptr || allocate->boolean());
}
bool wants_health_port(const Item& service) {
  return type_of(service) == "LoadBalancer" &&
         kube::text_at(service, "spec.externalTrafficPolicy") == "Local";
}

// Every node port it has, each once.
std::vector<std::uint32_t> ports_of(const Item* service) {
  std::vector<std::uint32_t> ports;
  if (service == nullptr) return ports;
  for (const Item& port : kube::children_at(*service, "spec.ports"))
    ports.push_back(static_cast<std::uint32_t>(kube::number_at(port, "nodePort")));
  ports.push_back(static_cast<std::uint32_t>(kube::number_at(*service, "spec.healthCheckNodePort")));
  std::erase(ports, 0);
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

std::string address_json(const std::string& address, const Item& service, Wall now, Random& random) {
  json::Writer out;
  out.object().key("kind").string("IPAddress").key("apiVersion").string("networking.k8s.io/v1");
  out.key("metadata").object().key("name").string(address).key("uid").string(kube::make_uid(random));
  out.key("creationTimestamp").string(kube::time_text(now)).key("labels").object();
  out.key("ipaddress.kubernetes.io/ip-family").string(family_of(address));
  out.key("ipaddress.kubernetes.io/managed-by").string("ipallocator.k8s.io").end().end();
  out.key("spec").object().key("parentRef").object().key("resource").string("services");
  out.key("namespace").string(kube::text_at(service, "metadata.namespace"));
  out.key("name").string(kube::text_at(service, "metadata.name"));
  return out.end().end().end().take();
}

}  // namespace

// --- pools ---

// Upstream's: between 16 and 256 numbers, a 16th of the range; none of a small one.
std::uint32_t NumberPool::band_of(std::uint32_t size) {
  return size < 32 ? 0 : std::min(std::max(16u, size / 16), 256u);
}

bool NumberPool::take(std::uint32_t number) {
  if (number >= size() || taken_[number]) return false;
  taken_[number] = true;
  ++count_;
  return true;
}

std::optional<std::uint32_t> NumberPool::take_any(Random& random) {
  const std::uint32_t upper = size() - reserved_band_;
  const auto start = static_cast<std::uint32_t>(random.below(upper));
  for (std::uint32_t i = 0; i < upper; ++i)
    if (const std::uint32_t number = reserved_band_ + (start + i) % upper; take(number)) return number;
  for (std::uint32_t number = 0; number < reserved_band_; ++number)
    if (take(number)) return number;
  return std::nullopt;
}

void NumberPool::release(std::uint32_t number) {
  if (number >= size() || !taken_[number]) return;
  taken_[number] = false;
  --count_;
}

// --- reservations ---

Reservation::Reservation(Reservation&& other) noexcept
    : of_(std::exchange(other.of_, nullptr)),
      ips_taken_(std::move(other.ips_taken_)),
      ips_freed_(std::move(other.ips_freed_)),
      ports_taken_(std::move(other.ports_taken_)),
      ports_freed_(std::move(other.ports_freed_)),
      alongside_(std::move(other.alongside_)) {}

Reservation::~Reservation() {
  if (of_ == nullptr) return;
  for (const std::string& address : ips_taken_) of_->change(address, false);
  for (const std::uint32_t number : ports_taken_) of_->ports_.release(number);
}

void Reservation::keep() {
  if (of_ == nullptr) return;
  for (const std::string& address : ips_freed_) of_->change(address, false);
  for (const std::uint32_t number : ports_freed_) of_->ports_.release(number);
  of_ = nullptr;
}

// --- what a Service needs ---

struct ServiceAddresses::Step {
  Item& service;
  const Item* old;
  kube::Errors& errors;
  Wall now;
  Reservation reservation;
};

ServiceAddresses::Range::Range(IpPrefix of) : prefix(of.network()), addresses(size_of(of)) {
  addresses.take(0);                                                 // the network
  if (prefix.address.is_v4()) addresses.take(addresses.size() - 1);  // broadcast
}

std::optional<std::uint32_t> ServiceAddresses::Range::number_of(const IpAddress& address) const {
  if (!prefix.contains(address)) return std::nullopt;
  std::uint64_t number = 0;
  const std::string_view a = address.bytes(), b = prefix.address.bytes();
  for (std::size_t i = 0; i < a.size(); ++i) {
    number = number << 8 | static_cast<unsigned char>(a[i] ^ b[i]);
    if (number >= addresses.size()) return std::nullopt;
  }
  return static_cast<std::uint32_t>(number);
}

ServiceAddresses::ServiceAddresses(const std::vector<IpPrefix>& ranges, std::uint16_t port_first,
                                   std::uint16_t port_last, Random& random,
                                   const schema::Resource& address_resource)
    : port_first_(port_first),
      port_last_(port_last),
      random_(random),
      address_resource_(address_resource),
      ports_(port_last - port_first + 1u) {
  for (const IpPrefix& range : ranges) ranges_.emplace_back(range);
}

ServiceAddresses::Range* ServiceAddresses::range_of(std::string_view family) {
  for (Range& range : ranges_)
    if (range.prefix.address.is_v6() == (family == ipv6_family)) return &range;
  return nullptr;
}

void ServiceAddresses::change(std::string_view address, bool taken) {
  const auto parsed = IpAddress::parse(address);
  Range* range = range_of(family_of(address));
  const auto number = parsed && range != nullptr ? range->number_of(*parsed) : std::nullopt;
  if (!number) return;
  if (taken) range->addresses.take(*number);
  else range->addresses.release(*number);
}

void ServiceAddresses::learn(const Item& service) {
  for (const std::string& address : addresses_of(&service)) change(address, true);
  for (const std::uint32_t port : ports_of(&service)) ports_.take(port - port_first_);
}

// "": none can be had, and the errors say why.
std::string ServiceAddresses::reserve_address(Step& step, std::string_view family,
                                              const std::string& wanted) {
  Range* range = range_of(family);
  const FieldPath path("spec.clusterIPs");
  const auto refuse = [&](std::string problem) {
    step.errors.invalid(path, kube::find_at(step.service, "spec.clusterIPs"), problem);
    return std::string();
  };
  if (range == nullptr) return refuse(text("{} is not configured on this cluster", family));
  if (wanted.empty()) {
    const auto any = range->addresses.take_any(random_);
    if (!any) return refuse("failed to allocate a serviceIP: range is full");
    return range->prefix.first().plus(*any).to_text();
  }
  const auto parsed = IpAddress::parse(wanted);
  const auto asked = parsed ? range->number_of(*parsed) : std::nullopt;
  if (!asked)
    return refuse(
        text("failed to allocate IP {}: the provided IP ({}) is not in the valid range. The range of valid "
             "IPs is {}",
             wanted, wanted, range->prefix.to_text()));
  if (!range->addresses.take(*asked))
    return refuse(text("failed to allocate IP {}: provided IP is already allocated", wanted));
  return parsed->to_text();
}

void ServiceAddresses::record(Step& step, const std::string& address) {
  step.reservation.ips_taken_.push_back(address);
  const objects::Key key{.resource = &address_resource_, .name_space = "", .name = address};
  auto value = objects::Object::encode(address_json(address, step.service, step.now, random_));
  ENSURE(value);
  step.reservation.alongside_.then.push_back(store::put(key.to_text(), *std::move(value)));
}

void ServiceAddresses::reserve_addresses(Step& step) {
  std::vector<std::string_view> configured;
  for (const Range& range : ranges_)
    configured.push_back(range.prefix.address.is_v6() ? ipv6_family : ipv4_family);
  choose_families(step.service, step.old, configured, step.errors);
  if (!step.errors.empty()) return;
  Item& spec = step.service.member("spec");
  std::vector<std::string> addresses = addresses_of(&step.service);
  const std::vector<std::string> before = addresses_of(step.old);
  std::size_t index = 0;
  for (const Item& family : kube::children_at(step.service, "spec.ipFamilies")) {
    if (is_headless(step.service)) break;
    const std::size_t i = index++;
    if (addresses.size() == i) addresses.emplace_back();
    std::string& address = addresses[i];
    if (address.empty() && i < before.size() && family_of(before[i]) == family.string_or(""))
      address = before[i];
    if (std::ranges::count(before, address) > 0) continue;
    address = reserve_address(step, family.string_or(""), address);
    if (!step.errors.empty()) return;
    record(step, address);
  }
  spec.member("clusterIPs").set_array();
  if (is_headless(step.service)) return spec.member("clusterIPs").append().set_string("None");
  if (!addresses.empty()) spec.member("clusterIP").set_string(addresses.front());
  for (const std::string& address : addresses) spec.member("clusterIPs").append().set_string(address);
}

std::optional<std::uint32_t> ServiceAddresses::reserve_port(Step& step, const FieldPath& path,
                                                            std::int64_t wanted) {
  if (wanted == 0) {
    const auto number = ports_.take_any(random_);
    if (!number) {
      step.errors.invalid(path, wanted, "failed to allocate a nodePort: range is full");
      return std::nullopt;
    }
    step.reservation.ports_taken_.push_back(*number);
    return *number + port_first_;
  }
  const auto port = static_cast<std::uint32_t>(wanted);
  const std::vector<std::uint32_t> before = ports_of(step.old);
  if (std::binary_search(before.begin(), before.end(), port)) return port;
  const auto& mine = step.reservation.ports_taken_;
  if (std::find(mine.begin(), mine.end(), port - port_first_) != mine.end()) return port;
  if (wanted < port_first_ || wanted > port_last_)
    step.errors.invalid(path, wanted,
                        text("provided port is not in the valid range. The range of valid ports is {}-{}",
                             port_first_, port_last_));
  else if (!ports_.take(port - port_first_))
    step.errors.invalid(path, wanted, "provided port is already allocated");
  else step.reservation.ports_taken_.push_back(port - port_first_);
  return port;
}

// Ports of one number but different protocols share a node port.
void ServiceAddresses::reserve_ports(Step& step) {
  Item* ports = step.service.find("spec", "ports");
  if (ports == nullptr) return;
  const auto shared = [ports](const Item& port) -> std::int64_t {
    for (const Item& other : kube::children(ports))
      if (&other != &port && kube::number_at(other, "port") == kube::number_at(port, "port") &&
          kube::text_at(other, "protocol") != kube::text_at(port, "protocol") &&
          kube::number_at(other, "nodePort") != 0)
        return kube::number_at(other, "nodePort");
    return 0;
  };
  std::size_t index = 0;
  for (Item* port = ports->first(); port != nullptr; port = port->next(), ++index) {
    const FieldPath path = FieldPath("spec.ports")[index] / "nodePort";
    std::int64_t wanted = kube::number_at(*port, "nodePort");
    if (wanted == 0 && !wants_ports(step.service)) continue;
    if (wanted == 0) wanted = shared(*port);
    if (const auto number = reserve_port(step, path, wanted))
      port->member("nodePort").set_number(static_cast<std::int64_t>(*number));
  }
}

void ServiceAddresses::reserve_health_port(Step& step) {
  if (!wants_health_port(step.service)) return;
  const std::int64_t wanted = kube::number_at(step.service, "spec.healthCheckNodePort");
  if (const auto number = reserve_port(step, FieldPath("spec.healthCheckNodePort"), wanted))
    step.service.member("spec").member("healthCheckNodePort").set_number(static_cast<std::int64_t>(*number));
}

void ServiceAddresses::free_what_is_gone(Step& step) {
  if (step.old == nullptr) return;
  const std::vector<std::uint32_t> now = ports_of(&step.service);
  for (const std::uint32_t port : ports_of(step.old))
    if (!std::binary_search(now.begin(), now.end(), port))
      step.reservation.ports_freed_.push_back(port - port_first_);
  const std::vector<std::string> kept = addresses_of(&step.service);
  for (const std::string& address : addresses_of(step.old)) {
    if (std::ranges::count(kept, address) > 0) continue;
    step.reservation.ips_freed_.push_back(address);
    const objects::Key key{.resource = &address_resource_, .name_space = "", .name = address};
    step.reservation.alongside_.then.push_back(store::erase(store::Range::key(key.to_text())));
  }
}

Reservation ServiceAddresses::reserve(Item& service, const Item* old, kube::Errors& errors, Wall now) {
  Step step{service, old, errors, now, Reservation(*this)};
  if (!is_external_name(service)) {
    reserve_addresses(step);
    reserve_ports(step);
    reserve_health_port(step);
  }
  free_what_is_gone(step);
  return std::move(step.reservation);
}

Reservation ServiceAddresses::free(const Item& service) {
  json::Tree nothing;
  kube::Errors errors;
  Step step{nothing.root(), &service, errors, {}, Reservation(*this)};
  free_what_is_gone(step);
  return std::move(step.reservation);
}

}  // namespace podo::apiserver
