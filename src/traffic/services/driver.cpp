#include "traffic/services/driver.h"

#include <algorithm>

#include "base/io/combine.h"
#include "model/kube/path.h"
#include "traffic/services/balancer.h"
#include "traffic/services/sync_metrics.h"

namespace podo::services {
namespace {

constexpr Duration drain_within = seconds(2), look_again = seconds(60), balance_again = seconds(5);
constexpr Duration back_off_first = milliseconds(100), back_off_most = seconds(30);

std::string key_of(const objects::Object& object) {
  return std::string(object.name_space()).append("/").append(object.name());
}

class Driver final : public Services {
 public:
  Driver(DriverGround ground, ServicesOptions options, std::unique_ptr<ServiceRules> rules)
      : ground_(std::move(ground)),
        options_(std::move(options)),
        rules_(std::move(rules)),
        live_(options_.node),
        health_(ground_.loop, ground_.listen, ground_.log) {}

  // The mirrors tell everything anew, so what an earlier run knew is forgotten; the kernel's rules are not.
  Task<void> run() override {
    live_ = LiveTable(options_.node);
    applied_ = 0;
    noted_ = 1;
    balancer_ = options_.balances ? std::make_unique<Balancer>(balancer_ground(), live_) : nullptr;
    const auto node =
        co_await mirror("", "nodes", {.fields = "metadata.name=" + options_.node}, &Driver::node_changed);
    co_await read_addresses();
    const auto services = co_await mirror("", "services", {}, &Driver::service_changed);
    const auto slices = co_await mirror("discovery.k8s.io", "endpointslices", {}, &Driver::slice_changed);
    io::TaskGroup strands(ground_.loop);
    strands.spawn(keep_applying(), "rules of services");
    strands.spawn(follow_addresses(), "addresses of this node");
    if (balancer_ != nullptr) strands.spawn(keep_balancing(), "load balancers");
    co_await strands.join();
  }

  Task<void> drained(std::vector<IpAddress> pod) override {
    const Result<void> ended = co_await io::deadline(no_more_sent(std::move(pod)), drain_within).result();
    if (!ended && ended.error().kind() == ErrorKind::cancelled) co_await Result<void>(ended);
  }

  Task<void> remove() override { return rules_->remove(); }
  std::string metrics() const override { return metrics_.text(live_.table()); }

 private:
  using Seen = void (Driver::*)(const std::string& key, const json::Item* now);

  BalancerGround balancer_ground() const {
    return {ground_.loop, ground_.controllers, ground_.clock, ground_.log};
  }

  Task<std::unique_ptr<objects::Mirror>> mirror(std::string_view group, std::string_view plural,
                                                client::Selection selection, Seen seen) {
    co_return co_await ground_.client.mirror(
        *ground_.client.resource(group, plural), std::move(selection),
        [this, seen](const objects::Object& before, const objects::Object& now) {
          const Result<json::Tree> tree = now ? now.tree() : Result<json::Tree>(json::Tree());
          const json::Item* item = now && tree ? &tree->root() : nullptr;
          (this->*seen)(key_of(now ? now : before), item);
        });
  }

  // --- what mirrors tell ---------------------------------------------------------------------------------

  void service_changed(const std::string& key, const json::Item* now) {
    live_.set_service(key, now != nullptr ? service_of(*now) : std::nullopt);
    if (balancer_ != nullptr) balancer_->service_changed(key, now);
    metrics_.service_changed();
    note();
  }

  void slice_changed(const std::string& key, const json::Item* now) {
    live_.set_slice(key, now != nullptr ? slice_of(*now) : std::nullopt);
    if (balancer_ != nullptr) balancer_->endpoints_changed();
    metrics_.endpoints_changed();
    note();
  }

  void node_changed(const std::string&, const json::Item* now) {
    Place place = live_.place();
    const json::Item* zone =
        now != nullptr ? kube::part_at(*now, "metadata.labels").find("topology.kubernetes.io/zone") : nullptr;
    place.zone = zone != nullptr ? zone->string_or("") : "";
    live_.set_place(std::move(place));
    node_changed_.notify_all();
    note();
  }

  void note() {
    ++noted_;
    changed_.notify_all();
  }

  // --- rules ---------------------------------------------------------------------------------------------

  Task<void> keep_applying() {
    Duration wait = back_off_first;
    std::string said;
    for (;;) {
      const Result<void> done = co_await apply().result();
      health_.set_rules_in_force(done.has_value());
      if (done) {
        wait = back_off_first;
        said.clear();
        while (applied_ == noted_) co_await changed_.wait();
        co_await io::sleep(options_.gather);
        continue;
      }
      if (done.error().kind() == ErrorKind::cancelled) co_await Result<void>(done);
      metrics_.failed();
      if (std::exchange(said, done.error().message()) != done.error().message())
        ground_.log.error("rules of services: {}", done.error().message());
      co_await io::sleep(wait);
      wait = std::min(wait + wait, back_off_most);
    }
  }

  // What changes while the rules are on their way is noted for the next time.
  Task<void> apply() {
    const std::uint64_t through = noted_;
    const bool changed = live_.refresh();
    if (changed || applied_ == 0) in_force_ = false;
    health_.set(live_.health());
    if (!in_force_) {
      const Monotonic begun = ground_.clock.now();
      co_await rules_->apply(live_.table());
      metrics_.applied(ground_.clock.now() - begun, ground_.clock.wall());
    }
    in_force_ = true;
    applied_ = through;
    changed_.notify_all();
  }

  Task<void> no_more_sent(std::vector<IpAddress> pod) {
    while (applied_ == 0) co_await changed_.wait();
    const std::vector<std::string> services = live_.services_with(pod);
    while (live_.offers(services, pod)) co_await changed_.wait();
    const std::uint64_t through = noted_;
    while (applied_ < through) co_await changed_.wait();
  }

  // Whoever is not allowed to balance still has rules.
  Task<void> keep_balancing() {
    for (;;) {
      const Result<void> ended = co_await balancer_->run().result();
      if (ended.error().kind() == ErrorKind::cancelled) co_await Result<void>(ended);
      ground_.log.warn("load balancers: {}", ended.error().message());
      co_await io::sleep(balance_again);
    }
  }

  // --- this node's addresses -----------------------------------------------------------------------------

  // Also looks whether the rules are still there: apply() makes them anew when somebody took them away.
  Task<void> follow_addresses() {
    for (;;) {
      const Result<void> waited = co_await io::deadline(node_changed(), look_again).result();
      if (!waited && waited.error().kind() == ErrorKind::cancelled) co_await Result<void>(waited);
      if (!waited) in_force_ = false;
      co_await read_addresses();
      note();
    }
  }
  Task<void> node_changed() { co_await node_changed_.wait(); }

  // Without an answer, those of before stay.
  Task<void> read_addresses() {
    Result<std::vector<IpAddress>> addresses = co_await ground_.own_addresses().result();
    if (!addresses && addresses.error().kind() == ErrorKind::cancelled)
      co_await Result<void>(Failure(addresses.error()));
    if (!addresses) co_return ground_.log.warn("addresses of this node: {}", addresses.error().message());
    std::ranges::sort(*addresses);
    Place place = live_.place();
    place.addresses = *std::move(addresses);
    live_.set_place(std::move(place));
  }

  const DriverGround ground_;
  const ServicesOptions options_;
  const std::unique_ptr<ServiceRules> rules_;
  LiveTable live_;
  HealthChecks health_;
  std::unique_ptr<Balancer> balancer_;
  SyncMetrics metrics_;
  // Changes are counted as they are noted; all up to applied_ are in the kernel. 0: none yet.
  std::uint64_t noted_ = 1, applied_ = 0;
  bool in_force_ = false;  // the kernel has live_.table()
  io::Condition changed_{"a change of services, or of their rules"};
  io::Condition node_changed_{"a change of this node"};
};

}  // namespace

std::unique_ptr<Services> make_services(DriverGround ground, ServicesOptions options,
                                        std::unique_ptr<ServiceRules> rules) {
  return std::make_unique<Driver>(std::move(ground), std::move(options), std::move(rules));
}

}  // namespace podo::services
