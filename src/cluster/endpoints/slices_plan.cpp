#include "cluster/endpoints/slices_plan.h"

#include <algorithm>
#include <map>

#include "cluster/control/claims.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::children_at;
using kube::text_at;

// An endpoint is the same one as long as its address is the same pod's.
std::string key_of(const json::Item& endpoint) {
  return text("{} {}", text_at(endpoint, "addresses[0]"), text_at(endpoint, "targetRef.uid"));
}

// None may be said as an empty list, or not at all.
bool is_same_ports(const json::Item& a, const json::Item& b) {
  return (a.size() == 0 && b.size() == 0) || json::same(a, b);
}

struct Slice {
  json::Tree object;
  std::size_t room = 0;
  bool changed = false;
};

class SlicePlan {
 public:
  SlicePlan(SliceWish& wish, const std::vector<json::Tree>& there) : wish_(wish) {
    for (const json::Tree& slice : there) slices_.push_back({json::Tree::copy_of(slice.root()), 0, false});
  }

  std::vector<Write> make() {
    for (const std::string& family : wish_.families) {
      const std::size_t written = kept_;
      for (const SliceGroup& group : wish_.groups)
        if (group.family == family) plan_group(group);
      if (kept_ == written && wish_.keeps_one) keep_empty(family);
    }
    for (Slice& slice : slices_) remove_slice(slice);  // what no group has taken
    return std::move(writes_);
  }

 private:
  std::vector<Slice> take_of(const SliceGroup& group) {
    std::vector<Slice> taken;
    std::erase_if(slices_, [&](Slice& slice) {
      const bool is_its = text_at(slice.object.root(), "addressType") == group.family &&
                          is_same_ports(kube::part_at(slice.object.root(), "ports"), group.ports.root());
      if (is_its) taken.push_back(std::move(slice));
      return is_its;
    });
    return taken;
  }

  void plan_group(const SliceGroup& group) {
    std::map<std::string, const json::Tree*, std::less<>> missing;
    for (const json::Tree& endpoint : group.endpoints) missing.emplace(key_of(endpoint.root()), &endpoint);
    std::vector<Slice> slices = take_of(group);
    for (Slice& slice : slices) keep_endpoints(slice, missing);
    std::ranges::stable_sort(slices, [](const Slice& a, const Slice& b) {
      return a.changed != b.changed ? a.changed : a.room < b.room;
    });
    for (Slice& slice : slices) fill(slice, missing);
    while (!missing.empty()) {
      Slice fresh = empty_slice(group);
      fill(fresh, missing);
      ++kept_;
      writes_.push_back(create(Kind::endpoint_slice, wish_.owner.name_space, std::move(fresh.object)));
    }
    for (Slice& slice : slices) finish(slice);
  }

  // Those that are wanted, as they are wanted now; each once.
  static void keep_endpoints(Slice& slice, std::map<std::string, const json::Tree*, std::less<>>& missing) {
    json::Item& endpoints = slice.object.root().member("endpoints");
    if (!endpoints.is(json::Kind::array)) endpoints.set_array();
    const std::size_t before = endpoints.size();
    std::vector<std::string> gone;
    for (json::Item* endpoint = endpoints.first(); endpoint != nullptr;) {
      json::Item* const next = endpoint->next();
      const auto wanted = missing.find(key_of(*endpoint));
      if (wanted == missing.end()) {
        endpoints.remove(*endpoint);
      } else if (!json::same(*endpoint, wanted->second->root())) {
        endpoint->copy(wanted->second->root());
        slice.changed = true;
      }
      if (wanted != missing.end()) missing.erase(wanted);
      endpoint = next;
    }
    slice.changed = slice.changed || endpoints.size() != before;
    slice.room = slice_endpoints_max - std::min(slice_endpoints_max, endpoints.size());
  }

  static void fill(Slice& slice, std::map<std::string, const json::Tree*, std::less<>>& missing) {
    while (slice.room != 0 && !missing.empty()) {
      slice.object.root().member("endpoints").append().copy(missing.begin()->second->root());
      missing.erase(missing.begin());
      slice.changed = true;
      --slice.room;
    }
  }

  Slice empty_slice(const SliceGroup& group) {
    Slice slice{{}, slice_endpoints_max, true};
    json::Item& object = slice.object.root();
    object.member("apiVersion").set_string("discovery.k8s.io/v1");
    object.member("kind").set_string("EndpointSlice");
    json::Item& metadata = object.member("metadata");
    metadata.member("generateName").set_string(wish_.owner.name + "-");
    metadata.member("namespace").set_string(wish_.owner.name_space);
    metadata.member("labels").copy(wish_.labels.root());
    write_owner(metadata.member("ownerReferences").append(), wish_.owner_kind, wish_.owner);
    object.member("addressType").set_string(group.family);
    object.member("ports").copy(group.ports.root());
    object.member("endpoints").set_array();
    return slice;
  }

  void finish(Slice& slice) {
    json::Item& object = slice.object.root();
    if (kube::size_at(object, "endpoints") == 0) return remove_slice(slice);
    ++kept_;
    write_labels(slice);
    if (slice.changed) writes_.push_back(update(Kind::endpoint_slice, std::move(slice.object)));
  }

  void write_labels(Slice& slice) {
    json::Item& metadata = slice.object.root().member("metadata");
    if (json::same(metadata.member("labels"), wish_.labels.root())) return;
    metadata.member("labels").copy(wish_.labels.root());
    slice.changed = true;
  }

  void remove_slice(const Slice& slice) {
    const std::unique_ptr<const Facts> facts = facts_of(Kind::endpoint_slice, slice.object.root());
    if (!facts->deleting()) writes_.push_back(remove(Kind::endpoint_slice, *facts));
  }

  void keep_empty(const std::string& family) {
    SliceGroup none{.family = family, .ports = {}, .endpoints = {}};
    none.ports.root().set_array();
    const auto is_it = [&](const Slice& slice) {
      const json::Item& object = slice.object.root();
      return text_at(object, "addressType") == family && kube::size_at(object, "ports") == 0 &&
             kube::size_at(object, "endpoints") == 0;
    };
    const auto there = std::ranges::find_if(slices_, is_it);
    if (there == slices_.end()) {
      writes_.push_back(
          create(Kind::endpoint_slice, wish_.owner.name_space, std::move(empty_slice(none).object)));
      return;
    }
    write_labels(*there);
    if (there->changed) writes_.push_back(update(Kind::endpoint_slice, std::move(there->object)));
    slices_.erase(there);
  }

  SliceWish& wish_;
  std::vector<Slice> slices_;
  std::vector<Write> writes_;
  std::size_t kept_ = 0;
};

json::Tree labels_for(const json::Item& owner, std::string_view controller) {
  json::Tree labels;
  labels.root().set_object();
  for (const json::Item& label : children_at(owner, "metadata.labels"))
    if (label.key() != headless_label) labels.root().member(label.key()).copy(label);
  labels.root().member(service_name_label).set_string(text_at(owner, "metadata.name"));
  labels.root().member(managed_by_label).set_string(controller);
  return labels;
}

SliceGroup& group_of(SliceWish& wish, std::string_view family, json::Tree ports) {
  for (SliceGroup& group : wish.groups)
    if (group.family == family && json::same(group.ports.root(), ports.root())) return group;
  return wish.groups.emplace_back(SliceGroup{std::string(family), std::move(ports), {}});
}

// trafficDistribution: who shall use the endpoint are those that are near it. The older annotation for that
// (topology-mode) wins.
void write_hints(json::Item& endpoint, const json::Item& service, const Backend& backend) {
  const std::string_view wanted = text_at(service, "spec.trafficDistribution");
  const bool same_node = wanted == "PreferSameNode";
  if (!same_node && wanted != "PreferSameZone" && wanted != "PreferClose") return;
  if (wants_zone_hints(service)) return;
  if (!backend.zone.empty())
    endpoint.member("hints").member("forZones").append().member("name").set_string(backend.zone);
  if (same_node && !backend.pod->node.empty())
    endpoint.member("hints").member("forNodes").append().member("name").set_string(backend.pod->node);
}

json::Tree endpoint_of(const json::Item& service, const Backend& backend, std::string_view address) {
  const Pod& pod = *backend.pod;
  json::Tree tree;
  json::Item& endpoint = tree.root();
  endpoint.member("addresses").append().set_string(address);
  json::Item& conditions = endpoint.member("conditions");
  const bool ready = publishes_not_ready(service) || (pod.ready && !pod.deleting());
  conditions.member("ready").set_boolean(ready);
  conditions.member("serving").set_boolean(pod.ready);
  conditions.member("terminating").set_boolean(pod.deleting());
  if (const std::string_view hostname = hostname_of(service, pod); !hostname.empty())
    endpoint.member("hostname").set_string(hostname);
  if (!pod.node.empty()) endpoint.member("nodeName").set_string(pod.node);
  if (!backend.zone.empty()) endpoint.member("zone").set_string(backend.zone);
  if (ready) write_hints(endpoint, service, backend);
  write_target(endpoint.member("targetRef"), pod);
  return tree;
}

// topology-mode: a family's endpoints are shared among the zones.
void write_zone_hints(SliceWish& wish, std::string_view family, const ZoneShares& shares) {
  std::vector<json::Item*> ready;
  std::vector<std::string_view> zones;
  for (SliceGroup& group : wish.groups)
    for (json::Tree& endpoint : group.endpoints) {
      if (group.family != family || !kube::is_true_at(endpoint.root(), "conditions.ready")) continue;
      ready.push_back(&endpoint.root());
      zones.push_back(text_at(endpoint.root(), "zone"));
    }
  const std::vector<std::string> hints = hints_by_share(shares, zones);
  for (std::size_t i = 0; i < hints.size(); ++i)
    ready[i]->member("hints").member("forZones").append().member("name").set_string(hints[i]);
}

json::Tree endpoint_of_address(const json::Item& address, bool ready) {
  json::Tree tree;
  json::Item& endpoint = tree.root();
  endpoint.member("addresses").append().set_string(text_at(address, "ip"));
  endpoint.member("conditions").member("ready").set_boolean(ready);
  for (const std::string_view field : {"hostname", "nodeName", "targetRef"})
    if (const json::Item* value = kube::find_at(address, field)) endpoint.member(field).copy(*value);
  return tree;
}

}  // namespace

std::vector<Write> plan_slices(SliceWish wish, const std::vector<json::Tree>& there) {
  return SlicePlan(wish, there).make();
}

SliceWish slices_of_service(const ServiceInput& in) {
  SliceWish wish{.owner_kind = Kind::service,
                 .owner = in.self,
                 .labels = labels_for(in.service, slice_controller),
                 .groups = {},
                 .families = {}};
  if (is_headless(in.service)) wish.labels.root().member(headless_label).set_string("");
  for (const std::string_view family : families_of(in.service)) {
    wish.families.emplace_back(family);
    for (const Backend& backend : in.backends) {
      const std::string_view address = address_of(*backend.pod, family);
      if (address.empty() || backend.pod->ended()) continue;
      group_of(wish, family, ports_of(in.service, backend))
          .endpoints.push_back(endpoint_of(in.service, backend, address));
    }
    if (wants_zone_hints(in.service)) write_zone_hints(wish, family, in.shares);
  }
  return wish;
}

bool is_mirrored(const json::Item& endpoints) {
  for (const json::Item& label : children_at(endpoints, "metadata.labels"))
    if (label.key() == "endpointslice.kubernetes.io/skip-mirror" && label.string_or("") == "true")
      return false;
  for (const json::Item& note : children_at(endpoints, "metadata.annotations"))
    if (note.key() == "control-plane.alpha.kubernetes.io/leader") return false;
  return true;
}

SliceWish slices_of_endpoints(const json::Item& endpoints, const Facts& self) {
  SliceWish wish{.owner_kind = Kind::endpoints,
                 .owner = self,
                 .labels = labels_for(endpoints, mirroring_controller),
                 .groups = {},
                 .keeps_one = false,
                 .families = {"IPv4", "IPv6"}};
  for (const json::Item& subset : children_at(endpoints, "subsets")) {
    json::Tree ports;
    ports.root().set_array();
    for (const json::Item& said : children_at(subset, "ports")) {
      json::Item& port = ports.root().append();
      port.member("name").set_string(text_at(said, "name"));
      for (const std::string_view field : {"port", "protocol", "appProtocol"})
        if (const json::Item* value = kube::find_at(said, field)) port.member(field).copy(*value);
    }
    const auto add = [&](std::string_view list, bool ready) {
      for (const json::Item& address : children_at(subset, list)) {
        SliceGroup& group =
            group_of(wish, family_of(text_at(address, "ip")), json::Tree::copy_of(ports.root()));
        group.endpoints.push_back(endpoint_of_address(address, ready));
      }
    };
    add("addresses", true);
    add("notReadyAddresses", false);
  }
  return wish;
}

}  // namespace podo::controllers
