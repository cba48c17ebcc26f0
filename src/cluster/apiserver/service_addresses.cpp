#include "cluster/apiserver/service_addresses.h"

#include <algorithm>

#include "base/format/json_writer.h"
#include "cluster/apiserver/write.h"
#include "model/kube/path.h"

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
bool has_address(const Item& service) {
  return !is_external_name(service) && !is_headless(service) &&
         !kube::text_at(service, "spec.clusterIP").empty();
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
  const bool v6 = address.find(':') != std::string::npos;
  out.object().key("kind").string("IPAddress").key("apiVersion").string("networking.k8s.io/v1");
  out.key("metadata").object().key("name").string(address).key("uid").string(make_uid(random));
  out.key("creationTimestamp").string(time_text(now)).key("labels").object();
  out.key("ipaddress.kubernetes.io/ip-family").string(v6 ? "IPv6" : "IPv4");
  out.key("ipaddress.kubernetes.io/managed-by").string("ipallocator.k8s.io").end().end();
  out.key("spec").object().key("parentRef").object().key("resource").string("services");
  out.key("namespace").string(kube::text_at(service, "metadata.namespace"));
  out.key("name").string(kube::text_at(service, "metadata.name"));
  return out.end().end().end().take();
}

void set_one(Item& list, std::string_view value) {
  list.set_array();
  list.append().set_string(value);
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
  for (const std::uint32_t number : ips_taken_) of_->addresses_.release(number);
  for (const std::uint32_t number : ports_taken_) of_->ports_.release(number);
}

void Reservation::keep() {
  if (of_ == nullptr) return;
  for (const std::uint32_t number : ips_freed_) of_->addresses_.release(number);
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

ServiceAddresses::ServiceAddresses(IpPrefix range, std::uint16_t port_first, std::uint16_t port_last,
                                   Random& random, const schema::Resource& address_resource)
    : range_(range.network()),
      port_first_(port_first),
      port_last_(port_last),
      random_(random),
      address_resource_(address_resource),
      addresses_(size_of(range)),
      ports_(port_last - port_first + 1u) {
  addresses_.take(0);                                                  // the network
  if (range_.address.is_v4()) addresses_.take(addresses_.size() - 1);  // broadcast
}

std::optional<std::uint32_t> ServiceAddresses::number_of(std::string_view address) const {
  const auto parsed = IpAddress::parse(address);
  if (!parsed || !range_.contains(*parsed)) return std::nullopt;
  std::uint64_t number = 0;
  const std::string_view a = parsed->bytes(), b = range_.address.bytes();
  for (std::size_t i = a.size() - 4; i < a.size(); ++i)
    number = number << 8 | static_cast<unsigned char>(a[i] ^ b[i]);
  return number < addresses_.size() ? std::optional(static_cast<std::uint32_t>(number)) : std::nullopt;
}

void ServiceAddresses::learn(const Item& service) {
  for (const Item& address : kube::children_at(service, "spec.clusterIPs"))
    if (const auto number = number_of(address.string_or(""))) addresses_.take(*number);
  for (const std::uint32_t port : ports_of(&service)) ports_.take(port - port_first_);
}

void ServiceAddresses::reserve_address(Step& step) {
  Item& spec = step.service.member("spec");
  if (!spec.find("ipFamilyPolicy")) spec.member("ipFamilyPolicy").set_string("SingleStack");
  if (kube::size_at(step.service, "spec.ipFamilies") == 0)
    set_one(spec.member("ipFamilies"), range_.address.is_v4() ? "IPv4" : "IPv6");
  if (is_headless(step.service)) return set_one(spec.member("clusterIPs"), "None");
  const std::string wanted(kube::text_at(step.service, "spec.clusterIP"));
  if (step.old != nullptr && has_address(*step.old) && kube::text_at(*step.old, "spec.clusterIP") == wanted)
    return;
  std::optional<std::uint32_t> number;
  std::string_view problem;
  std::string out_of_range;
  if (wanted.empty()) {
    number = addresses_.take_any(random_);
    if (!number) problem = "range is full";
  } else if (const auto asked = number_of(wanted); !asked) {
    out_of_range = text("the provided IP ({}) is not in the valid range. The range of valid IPs is {}",
                        wanted, range_.to_text());
    problem = out_of_range;
  } else if (!addresses_.take(*asked)) {
    problem = "provided IP is already allocated";
  } else {
    number = asked;
  }
  const FieldPath path("spec.clusterIPs");
  if (!number)
    return step.errors.invalid(path, kube::find_at(step.service, "spec.clusterIPs"),
                               wanted.empty() ? text("failed to allocate a serviceIP: {}", problem)
                                              : text("failed to allocate IP {}: {}", wanted, problem));
  step.reservation.ips_taken_.push_back(*number);
  const std::string address = address_of(*number);
  spec.member("clusterIP").set_string(address);
  set_one(spec.member("clusterIPs"), address);
  const objects::Key key{.resource = &address_resource_, .name_space = "", .name = address};
  auto value = objects::Object::encode(address_json(address, step.service, step.now, random_));
  ENSURE(value);
  step.reservation.alongside_.then.push_back(store::put(key.to_text(), *std::move(value)));
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
  const std::string_view before = kube::text_at(*step.old, "spec.clusterIP");
  if (!has_address(*step.old) || before == kube::text_at(step.service, "spec.clusterIP")) return;
  if (const auto number = number_of(before)) step.reservation.ips_freed_.push_back(*number);
  const objects::Key key{.resource = &address_resource_, .name_space = "", .name = std::string(before)};
  step.reservation.alongside_.then.push_back(store::erase(store::Range::key(key.to_text())));
}

Reservation ServiceAddresses::reserve(Item& service, const Item* old, kube::Errors& errors, Wall now) {
  Step step{service, old, errors, now, Reservation(*this)};
  if (!is_external_name(service)) {
    reserve_address(step);
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
