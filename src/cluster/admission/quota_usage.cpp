#include "cluster/admission/quota_usage.h"

#include <algorithm>

#include "base/core/text.h"
#include "cluster/admission/quota_scope.h"
#include "model/kube/path.h"

namespace podo::admission {
namespace {

using json::Item;
using kube::children_at;
using kube::text_at;
using schema::Quantity;

constexpr std::string_view storage_suffix = ".storageclass.storage.k8s.io/";
constexpr std::string_view devices_suffix = ".deviceclass.resource.k8s.io/devices";

void count(Amounts& out, std::string_view name, std::int64_t amount = 1) {
  strategy::add(out, {{std::string(name), Quantity::of(amount)}});
}

std::string object_count(const schema::Resource& resource) {
  const std::string_view group = resource.group_version->group;
  return text("count/{}{}{}", resource.plural, group.empty() ? "" : ".", group);
}

// The older names of counts.
bool has_own_name(const schema::Resource& resource) {
  constexpr std::string_view named[] = {
      "configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets",
      "services"};
  return resource.group_version->group.empty() && std::ranges::contains(named, resource.plural);
}

bool is_extended(std::string_view resource) {
  return resource.contains('/') && !resource.starts_with("kubernetes.io/");
}

void add_compute(Amounts& out, const Item& spec) {
  for (const auto& [name, quantity] : strategy::pod_amounts(spec, "requests")) {
    const bool plain =
        name == "cpu" || name == "memory" || name == "ephemeral-storage" || name.starts_with("hugepages-");
    if (plain) out.emplace(name, quantity);
    if (plain || is_extended(name)) out.emplace("requests." + name, quantity);
  }
  for (const auto& [name, quantity] : strategy::pod_amounts(spec, "limits")) {
    if (name == "cpu" || name == "memory" || name == "ephemeral-storage")
      out.emplace("limits." + name, quantity);
  }
}

void add_pod(Amounts& out, const Item& pod) {
  if (has_ended(pod)) return;
  count(out, "pods");
  add_compute(out, kube::part_at(pod, "spec"));
}

void add_service(Amounts& out, const Item& service) {
  const std::string_view type = text_at(service, "spec.type");
  const Item* allocate = service.find("spec", "allocateLoadBalancerNodePorts");
  const bool all_ports = type == "NodePort" || (type == "LoadBalancer" && (!allocate || allocate->boolean()));
  std::int64_t ports = 0;
  for (const Item& port : children_at(service, "spec.ports"))
    if (all_ports || (type == "LoadBalancer" && kube::number_at(port, "nodePort") != 0)) ++ports;
  count(out, "services.nodeports", ports);
  count(out, "services.loadbalancers", type == "LoadBalancer" ? 1 : 0);
}

void add_claim(Amounts& out, const Item& claim) {
  const Item* annotation = claim.find("metadata", "annotations", "volume.beta.kubernetes.io/storage-class");
  const std::string_view name =
      annotation != nullptr ? annotation->string_or("") : text_at(claim, "spec.storageClassName");
  const Amounts requests = strategy::amounts_of(kube::find_at(claim, "spec.resources.requests"));
  const auto storage = requests.find("storage");
  if (storage != requests.end()) out.emplace("requests.storage", storage->second);
  if (name.empty()) return;
  const std::string prefix = std::string(name) + std::string(storage_suffix);
  count(out, prefix + "persistentvolumeclaims");
  if (storage != requests.end()) out.emplace(prefix + "requests.storage", storage->second);
}

void add_device_request(Amounts& out, const Item& request) {
  const std::string_view name = text_at(request, "deviceClassName");
  // All there are: it cannot be said before they are chosen; one at least.
  const std::int64_t number =
      text_at(request, "allocationMode") == "All" ? 1 : kube::number_at(request, "count");
  if (!name.empty()) count(out, std::string(name) + std::string(devices_suffix), number);
}

void add_resource_claim(Amounts& out, const Item& claim) {
  for (const Item& request : children_at(claim, "spec.devices.requests")) {
    if (const Item* exactly = request.find("exactly")) add_device_request(out, *exactly);
    Amounts most;  // one of them is taken: the most that may be
    for (const Item& choice : children_at(request, "firstAvailable")) {
      Amounts one;
      add_device_request(one, choice);
      strategy::raise(most, one);
    }
    strategy::add(out, most);
  }
}

bool is_compute(std::string_view name) {
  constexpr std::string_view plain[] = {"cpu",
                                        "memory",
                                        "ephemeral-storage",
                                        "requests.cpu",
                                        "limits.cpu",
                                        "requests.memory",
                                        "limits.memory",
                                        "requests.ephemeral-storage",
                                        "limits.ephemeral-storage"};
  if (std::ranges::contains(plain, name) || name.starts_with("hugepages-")) return true;
  return name.starts_with("requests.") && name != "requests.storage";
}

Amounts container_names(const Item& container) {
  Amounts out;
  for (const std::string_view which : {"requests", "limits"}) {
    for (const Item& item : children_at(container, text("resources.{}", which))) {
      if (which == "requests") count(out, item.key());
      count(out, text("{}.{}", which, item.key()));
    }
  }
  return out;
}

void write_amounts(Item& list, const Amounts& amounts) {
  list.set_object();
  for (const auto& [name, quantity] : amounts) list.add(name).set_string(quantity.text());
}

}  // namespace

void write_status(Item& quota, const Amounts& hard, const Amounts& used) {
  write_amounts(quota.member("status").member("hard"), hard);
  write_amounts(quota.member("status").member("used"), used);
  quota.member("metadata").remove("resourceVersion");
}

Amounts usage_of(const schema::Resource& resource, const Item& object) {
  Amounts out;
  count(out, object_count(resource));
  if (has_own_name(resource)) count(out, resource.plural);
  const std::string_view group = resource.group_version->group;
  if (group.empty() && resource.plural == "pods") add_pod(out, object);
  if (group.empty() && resource.plural == "services") add_service(out, object);
  if (group.empty() && resource.plural == "persistentvolumeclaims") add_claim(out, object);
  if (group == "resource.k8s.io" && resource.plural == "resourceclaims") add_resource_claim(out, object);
  return out;
}

bool counts_for(const schema::Resource& resource, std::string_view name) {
  if (name == object_count(resource) || (has_own_name(resource) && name == resource.plural)) return true;
  const std::string_view group = resource.group_version->group, plural = resource.plural;
  if (group == "resource.k8s.io" && plural == "resourceclaims") return name.ends_with(devices_suffix);
  if (!group.empty()) return false;
  if (plural == "pods") return name == "pods" || is_compute(name);
  if (plural == "services") return name.starts_with("services.");
  return plural == "persistentvolumeclaims" && (name == "requests.storage" || name.contains(storage_suffix));
}

std::string unsaid(const Amounts& hard, const schema::Resource& resource, const Item& object) {
  if (resource.plural != "pods" || !resource.group_version->group.empty()) return "";
  const Item& spec = kube::part_at(object, "spec");
  if (kube::size_at(spec, "resources.requests") + kube::size_at(spec, "resources.limits") != 0) return "";
  std::string out;
  for (const auto& [name, quantity] : hard) {
    constexpr std::string_view wanted[] = {"cpu",        "memory",       "requests.cpu", "requests.memory",
                                           "limits.cpu", "limits.memory"};
    if (!std::ranges::contains(wanted, name)) continue;
    std::vector<std::string_view> silent;
    for (const std::string_view list : {"containers", "initContainers"}) {
      for (const Item& container : children_at(spec, list))
        if (!container_names(container).contains(name)) silent.push_back(text_at(container, "name"));
    }
    std::ranges::sort(silent);
    for (std::size_t i = 0; i < silent.size(); ++i) {
      if (i != 0) out += ",";
      else out += text("{}{} for: ", out.empty() ? "must specify " : "; ", name);
      out += silent[i];
    }
  }
  return out;
}

io::Task<Amounts> count_usage(objects::Objects& objects, std::string name_space, const Item& quota,
                              const Amounts& hard) {
  constexpr std::size_t page_objects = 500;
  Amounts used;
  for (const auto& [name, quantity] : hard) used.emplace(name, Quantity());
  for (const schema::GroupVersion& version : objects.schema().group_versions()) {
    for (const schema::Resource& resource : version.resources) {
      const bool is_stored = resource.namespaced && resource.stored_as == version.api_version;
      const auto concerns = [&](const auto& one) { return counts_for(resource, one.first); };
      if (!is_stored || std::ranges::none_of(hard, concerns)) continue;
      objects::ListPage page;
      do {
        page = co_await objects.list(resource, name_space, page_objects, page.last_key, page.revision);
        for (const objects::Object& object : page.objects) {
          const json::Tree tree = co_await object.tree();
          if (!is_in_scope(quota, resource, tree.root())) continue;
          for (const auto& [name, amount] : usage_of(resource, tree.root()))
            if (const auto at = used.find(name); at != used.end()) at->second = at->second + amount;
        }
      } while (page.more);
    }
  }
  co_return used;
}

}  // namespace podo::admission
