// The controllers of EndpointSlices, of Endpoints, and of EndpointSlices that mirror Endpoints.
#include "cluster/endpoints/endpoints.h"
#include "cluster/endpoints/endpoints_plan.h"
#include "cluster/endpoints/slices_plan.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::text_at;

bool is_same_backend(const Pod& a, const Pod& b) {
  return a.ips == b.ips && a.ready == b.ready && a.deleting() == b.deleting() && a.ended() == b.ended() &&
         a.node == b.node && a.labels == b.labels && a.hostname == b.hostname && a.subdomain == b.subdomain;
}

const Node& as_node(const Facts& facts) { return static_cast<const Node&>(facts); }

// As far as zones of endpoints, and their shares, are concerned.
bool is_same_place(const Node& a, const Node& b) {
  return a.zone == b.zone && (a.ready == "True") == (b.ready == "True") && a.cpu_milli == b.cpu_milli &&
         is_control_plane(a) == is_control_plane(b);
}

bool is_managed_by(const Facts& slice, std::string_view controller, std::string_view service) {
  return slice.label(managed_by_label) == controller && slice.label(service_name_label) == service;
}

// What those that follow Services and their pods share.
class ServiceController : public Controller {
 protected:
  ServiceController(World& world, std::string name) : Controller(world, Kind::service, std::move(name)) {
    watch_own();
    world_.of(Kind::pod).on_change([this](const Facts* before, const Facts* now) {
      if (before != nullptr && now != nullptr && is_same_backend(as_pod(*before), as_pod(*now))) return;
      const Facts& pod = now != nullptr ? *now : *before;
      for (const Facts* service : world_.of(kind_).all(pod.name_space)) {
        if (!service->selector) continue;
        if ((before != nullptr && matches(*service->selector, before->labels)) ||
            (now != nullptr && matches(*service->selector, now->labels)))
          queue_.add(service->key());
      }
    });
  }

  struct Backends {
    std::vector<json::Tree> objects;
    std::vector<Backend> all;
  };
  // They last until the next co_await.
  Backends backends_of(const Facts& self, const json::Item& service) const {
    Backends found;
    const bool named = has_named_ports(service);
    for (const Pod* pod : as_pods(world_.of(Kind::pod).all(self.name_space))) {
      if (pod->ips.empty() || !matches(*self.selector, pod->labels)) continue;
      Backend backend{.pod = pod};
      if (const Facts* node = world_.of(Kind::node).find("", pod->node))
        backend.zone = static_cast<const Node*>(node)->zone;
      if (named)
        if (auto object = world_.of(Kind::pod).read(pod->key()))
          backend.object = &found.objects.emplace_back(*std::move(object)).root();
      found.all.push_back(backend);
    }
    return found;
  }

  static bool has_backends(const Facts& self, const json::Item& service) {
    return self.selector && text_at(service, "spec.type") != "ExternalName";
  }
};

std::vector<json::Tree> slices_managed(World& world, std::string_view controller,
                                       const std::string& name_space, const std::string& service) {
  std::vector<json::Tree> slices;
  Watched& watched = world.of(Kind::endpoint_slice);
  for (const Facts* slice : watched.all(name_space))
    if (is_managed_by(*slice, controller, service) && !slice->deleting())
      if (auto object = watched.read(slice->key())) slices.push_back(*std::move(object));
  return slices;
}

class SliceController final : public ServiceController {
 public:
  explicit SliceController(World& world) : ServiceController(world, "endpoint-slice-controller") {
    world_.of(Kind::endpoint_slice).on_change([this](const Facts* before, const Facts* now) {
      for (const Facts* slice : {before, now})
        if (slice != nullptr && slice->label(managed_by_label) == slice_controller)
          queue_.add(text("{}/{}", slice->name_space, slice->label(service_name_label)));
    });
    world_.of(Kind::node).on_change([this](const Facts* before, const Facts* now) {
      if (before != nullptr && now != nullptr && is_same_place(as_node(*before), as_node(*now))) return;
      for (const Facts* service : world_.of(kind_).all()) queue_.add(service->key());
    });
  }

 private:
  Task<void> reconcile(std::string key) override {
    if (!copy_of_own(key)) co_return;
    const Facts self = *copy_of_own(key);
    const std::optional<json::Tree> service = world_.of(kind_).read(key);
    if (!service || self.deleting() || !has_backends(self, service->root())) co_return;
    co_await perform(self, writes_now(self, service->root()));
  }

  std::vector<Write> writes_now(const Facts& self, const json::Item& service) {
    const Backends backends = backends_of(self, service);
    return plan_slices(slices_of_service({service, self, backends.all, shares_for(service)}),
                       slices_managed(world_, slice_controller, self.name_space, self.name));
  }

  ZoneShares shares_for(const json::Item& service) const {
    if (!wants_zone_hints(service)) return {};
    std::vector<const Node*> nodes;
    for (const Facts* node : world_.of(Kind::node).all()) nodes.push_back(&as_node(*node));
    return shares_of(nodes);
  }
};

class EndpointsController final : public ServiceController {
 public:
  explicit EndpointsController(World& world) : ServiceController(world, "endpoint-controller") {
    world_.of(Kind::endpoints).on_change([this](const Facts* before, const Facts* now) {
      queue_.add((now != nullptr ? now : before)->key());
    });
  }

 private:
  Task<void> reconcile(std::string key) override {
    if (!copy_of_own(key)) co_return co_await remove_left_over(key);
    const Facts self = *copy_of_own(key);
    const std::optional<json::Tree> service = world_.of(kind_).read(key);
    if (!service || self.deleting() || !has_backends(self, service->root())) co_return;
    co_await perform(self, writes_now(self, service->root()));
  }

  std::vector<Write> writes_now(const Facts& self, const json::Item& service) {
    const Backends backends = backends_of(self, service);
    const std::optional<json::Tree> there = world_.of(Kind::endpoints).read(self.key());
    std::vector<Write> writes;
    if (auto write = plan_endpoints({service, self, backends.all}, there ? &there->root() : nullptr))
      writes.push_back(*std::move(write));
    return writes;
  }

  // Those that somebody else has made are theirs.
  Task<void> remove_left_over(std::string key) {
    const Facts* there = world_.of(Kind::endpoints).find(key);
    if (there == nullptr || there->deleting() || there->label(endpoints_managed_by) != endpoints_controller)
      co_return;
    const Facts self = *there;
    std::vector<Write> writes;
    writes.push_back(remove(Kind::endpoints, self));
    co_await perform(self, std::move(writes));
  }
};

// Slices for who writes Endpoints only. Of Services without a selector: others have slices already.
class MirroringController final : public Controller {
 public:
  explicit MirroringController(World& world)
      : Controller(world, Kind::endpoints, "endpoint-slice-mirroring-controller") {
    watch_own();
    world_.of(Kind::service).on_change([this](const Facts* before, const Facts* now) {
      queue_.add((now != nullptr ? now : before)->key());
    });
    world_.of(Kind::endpoint_slice).on_change([this](const Facts* before, const Facts* now) {
      for (const Facts* slice : {before, now})
        if (slice != nullptr && slice->label(managed_by_label) == mirroring_controller)
          queue_.add(text("{}/{}", slice->name_space, slice->label(service_name_label)));
    });
  }

 private:
  Task<void> reconcile(std::string key) override {
    const std::size_t slash = key.find('/');
    const std::string name_space = key.substr(0, slash), name = key.substr(slash + 1);
    const std::vector<json::Tree> there = slices_managed(world_, mirroring_controller, name_space, name);
    const Facts* service = world_.of(Kind::service).find(key);
    const std::optional<Facts> self = copy_of_own(key);
    const std::optional<json::Tree> endpoints = world_.of(kind_).read(key);
    const bool wanted = service != nullptr && !service->selector && self && !self->deleting() && endpoints &&
                        is_mirrored(endpoints->root());
    SliceWish wish{.owner_kind = Kind::endpoints, .owner = {}, .labels = {}, .groups = {}, .families = {}};
    if (wanted) wish = slices_of_endpoints(endpoints->root(), *self);
    Facts about;
    about.name_space = name_space;
    about.name = name;
    co_await perform(about, plan_slices(std::move(wish), there));
  }
};

}  // namespace

std::unique_ptr<Controller> make_endpoint_slice_controller(World& world) {
  return std::make_unique<SliceController>(world);
}
std::unique_ptr<Controller> make_endpoints_controller(World& world) {
  return std::make_unique<EndpointsController>(world);
}
std::unique_ptr<Controller> make_endpoint_slice_mirroring_controller(World& world) {
  return std::make_unique<MirroringController>(world);
}

}  // namespace podo::controllers
