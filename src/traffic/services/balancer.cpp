#include "traffic/services/balancer.h"

#include "base/io/combine.h"

namespace podo::services {
namespace {

constexpr Duration gather = milliseconds(20), try_again = seconds(5);

// A merge patch: arrays are replaced as a whole.
std::string status_patch(const std::vector<std::string>& ingress) {
  json::Tree patch;
  json::Item& balancer = patch.root().member("status").member("loadBalancer");
  balancer.member("ingress").set_null();
  for (const std::string& address : ingress) {
    json::Item& entry = balancer.member("ingress").append();
    entry.member("ip").set_string(address);
    entry.member("ipMode").set_string("VIP");
  }
  return patch.to_text();
}

}  // namespace

void Balancer::note() {
  ++noted_;
  changed_.notify_all();
}

void Balancer::service_changed(const std::string& key, const json::Item* service) {
  std::optional<BalancedService> now = service != nullptr ? balanced_of(*service) : std::nullopt;
  const auto known = services_.find(key);
  if (!now && known == services_.end()) return;
  if (now && known != services_.end() && known->second == *now) return;
  if (now) services_[key] = *std::move(now);
  else services_.erase(known);
  note();
}

void Balancer::node_changed(const objects::Object& before, const objects::Object& now) {
  const std::string name(now ? now.name() : before.name());
  const Result<json::Tree> tree = now ? now.tree() : Result<json::Tree>(json::Tree());
  std::optional<BalancerNode> node = now && tree ? balancer_node_of(tree->root()) : std::nullopt;
  const auto known = nodes_.find(name);
  if (!node && known == nodes_.end()) return;
  if (node && known != nodes_.end() && known->second == *node) return;  // a beat of its heart
  if (node) nodes_[name] = *std::move(node);
  else nodes_.erase(known);
  note();
}

Task<void> Balancer::run() {
  nodes_.clear();
  const auto nodes = co_await ground_.client.mirror(
      *ground_.client.resource("", "nodes"), {},
      [this](const objects::Object& before, const objects::Object& now) { node_changed(before, now); });
  io::TaskGroup strands(ground_.loop);
  strands.spawn(events_.run(), "events of load balancers");
  strands.spawn(keep_planning(), "addresses of load balancers");
  co_await strands.join();
}

Task<void> Balancer::keep_planning() {
  for (;;) {
    const std::uint64_t through = noted_;
    if (!co_await write(plan())) {
      co_await io::sleep(try_again);
      continue;
    }
    while (noted_ == through) co_await changed_.wait();
    co_await io::sleep(gather);
  }
}

std::vector<BalancerWish> Balancer::plan() const {
  std::set<std::uint16_t> reserved;
  for (const Backend& backend : live_.targets("default/kubernetes")) reserved.insert(backend.port);
  return plan_balancer({services_, nodes_, reserved,
                        [this](const std::string& service) { return live_.nodes_with_ready(service); }});
}

// True: all is written. One that fails does not keep the others from theirs.
Task<bool> Balancer::write(std::vector<BalancerWish> wishes) {
  bool good = true;
  for (const BalancerWish& wish : wishes) {
    say(wish);
    const auto service = services_.find(wish.service);
    if (service == services_.end() || service->second.ingress == wish.ingress) continue;
    const Result<void> written = co_await write_status(wish).result();
    if (written || written.error().kind() == ErrorKind::not_found) continue;
    if (written.error().kind() == ErrorKind::cancelled) co_await Result<void>(written);
    ground_.log.warn("load balancer of service {}: {}", wish.service, written.error().message());
    good = false;
  }
  co_return good;
}

Task<void> Balancer::write_status(const BalancerWish& wish) {
  const std::size_t slash = wish.service.find('/');
  co_await ground_.client.patch({.resource = ground_.client.resource("", "services"),
                                 .name_space = wish.service.substr(0, slash),
                                 .name = wish.service.substr(slash + 1),
                                 .subresource = "status"},
                                client::Patch::merge, status_patch(wish.ingress));
}

void Balancer::say(const BalancerWish& wish) {
  const auto service = services_.find(wish.service);
  if (service == services_.end() || wish.problem.empty()) {
    said_.erase(wish.service);
    return;
  }
  if (std::exchange(said_[wish.service], wish.problem) == wish.problem) return;
  const std::size_t slash = wish.service.find('/');
  events_.say({.api_version = "v1",
               .kind = "Service",
               .name_space = wish.service.substr(0, slash),
               .name = wish.service.substr(slash + 1),
               .uid = service->second.uid},
              "service-controller",
              {.reason = "SyncLoadBalancerFailed",
               .message = "Error syncing load balancer: " + wish.problem,
               .warning = true});
}

}  // namespace podo::services
