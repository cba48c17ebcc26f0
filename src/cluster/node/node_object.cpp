#include "cluster/node/node_object.h"

#include <algorithm>

#include "base/core/version.h"
#include "model/kube/path.h"
#include "model/kube/stamp.h"

namespace podo::node {
namespace {

using kube::text_at;

constexpr std::uint64_t memory_kept_free = 100 << 20;  // what eviction would begin at
constexpr std::size_t images_max = 50, names_max = 5;

void tell_amounts(json::Item& status, const NodeOptions& options, const Machine& machine) {
  json::Item &capacity = status.member("capacity"), &left = status.member("allocatable");
  const auto both = [&](std::string_view name, const std::string& amount) {
    capacity.member(name).set_string(amount);
    left.member(name).set_string(amount);
  };
  both("cpu", text("{}", machine.processors));
  both("pods", text("{}", options.pods_max));
  both("hugepages-1Gi", "0");
  both("hugepages-2Mi", "0");
  for (const auto& [size, bytes] : machine.huge_pages) both("hugepages-" + size, text("{}", bytes));
  capacity.member("memory").set_string(text("{}Ki", machine.memory_bytes >> 10));
  left.member("memory").set_string(text("{}Ki", allocatable_memory(machine) >> 10));
  capacity.member("ephemeral-storage").set_string(text("{}Ki", machine.disk_bytes >> 10));
  left.member("ephemeral-storage").set_string(text("{}", machine.disk_bytes / 10 * 9));
}

void tell_condition(json::Item& status, const json::Item& before, Wall now, std::string_view type, bool holds,
                    std::string_view reason, std::string_view message) {
  const std::string_view value = holds ? "True" : "False";
  std::string since = kube::time_text(now);
  for (const json::Item& old : kube::children_at(before, "conditions"))
    if (text_at(old, "type") == type && text_at(old, "status") == value)
      since = text_at(old, "lastTransitionTime");
  json::Item& condition = status.member("conditions").append();
  condition.member("type").set_string(type);
  condition.member("status").set_string(value);
  condition.member("lastHeartbeatTime").set_string(kube::time_text(now));
  condition.member("lastTransitionTime").set_string(since);
  condition.member("reason").set_string(reason);
  condition.member("message").set_string(message);
}

void tell_info(json::Item& info, const Machine& machine) {
  const std::pair<std::string_view, std::string> facts[] = {
      {"machineID", machine.machine_id},
      {"systemUUID", machine.system_uuid},
      {"bootID", machine.boot_id},
      {"kernelVersion", machine.kernel},
      {"osImage", machine.os_image},
      {"containerRuntimeVersion", text("podo://{}", version())},
      {"kubeletVersion", std::string(kubernetes_version)},
      {"kubeProxyVersion", ""},
      {"operatingSystem", "linux"},
      {"architecture", machine.architecture}};
  for (const auto& [name, value] : facts) info.member(name).set_string(value);
  info.member("swap").member("capacity").set_number(static_cast<std::int64_t>(machine.swap_bytes));
}

// The largest ones.
void tell_images(json::Item& list, std::vector<image::ImagePtr> images) {
  std::ranges::sort(images, [](const image::ImagePtr& a, const image::ImagePtr& b) {
    return a->size_bytes != b->size_bytes ? a->size_bytes > b->size_bytes : a->id < b->id;
  });
  list.set_array();
  for (const image::ImagePtr& image : images) {
    if (list.size() == images_max) break;
    if (image->tags.empty() && image->digests.empty()) continue;
    json::Item& told = list.append();
    for (const auto* names : {&image->digests, &image->tags})
      for (const std::string& name : *names)
        if (told.member("names").size() < names_max) told.member("names").append().set_string(name);
    told.member("sizeBytes").set_number(static_cast<std::int64_t>(image->size_bytes));
  }
}

}  // namespace

std::uint64_t allocatable_memory(const Machine& machine) {
  return machine.memory_bytes > memory_kept_free ? machine.memory_bytes - memory_kept_free : 0;
}

json::Tree node_object(const NodeOptions& options, const Machine& machine) {
  json::Tree tree;
  json::Item& node = tree.root();
  node.member("kind").set_string("Node");
  node.member("apiVersion").set_string("v1");
  json::Item& metadata = node.member("metadata");
  metadata.member("name").set_string(options.name);
  const std::pair<std::string_view, std::string_view> labels[] = {
      {"beta.kubernetes.io/arch", machine.architecture},
      {"beta.kubernetes.io/os", "linux"},
      {"kubernetes.io/arch", machine.architecture},
      {"kubernetes.io/hostname", machine.host_name},
      {"kubernetes.io/os", "linux"}};
  for (const auto& [key, value] : labels) metadata.member("labels").member(key).set_string(value);
  metadata.member("annotations")
      .member("volumes.kubernetes.io/controller-managed-attach-detach")
      .set_string("true");
  json::Item& spec = node.member("spec");
  spec.set_object();
  if (!options.pod_cidrs.empty()) spec.member("podCIDR").set_string(options.pod_cidrs.front());
  for (const std::string& cidr : options.pod_cidrs) spec.member("podCIDRs").append().set_string(cidr);
  if (!options.provider.empty()) spec.member("providerID").set_string(options.provider);
  return tree;
}

json::Tree node_status(const NodeOptions& options, const Machine& machine,
                       const std::vector<image::ImagePtr>& images, const json::Item& before, Wall now) {
  json::Tree tree;
  json::Item& status = tree.root();
  tell_amounts(status, options, machine);
  tell_condition(status, before, now, "MemoryPressure", false, "KubeletHasSufficientMemory",
                 "kubelet has sufficient memory available");
  tell_condition(status, before, now, "DiskPressure", false, "KubeletHasNoDiskPressure",
                 "kubelet has no disk pressure");
  tell_condition(status, before, now, "PIDPressure", false, "KubeletHasSufficientPID",
                 "kubelet has sufficient PID available");
  tell_condition(status, before, now, "Ready", true, "KubeletReady", "kubelet is posting ready status");
  json::Item& addresses = status.member("addresses");
  for (const auto& [type, address] :
       {std::pair<std::string_view, std::string_view>{"InternalIP", machine.address},
        {"Hostname", machine.host_name}}) {
    json::Item& told = addresses.append();
    told.member("type").set_string(type);
    told.member("address").set_string(address);
  }
  status.member("daemonEndpoints").member("kubeletEndpoint").member("Port").set_number(options.api_port);
  tell_info(status.member("nodeInfo"), machine);
  tell_images(status.member("images"), images);
  status.member("features").member("supplementalGroupsPolicy").set_boolean(true);
  return tree;
}

bool is_news(const json::Item& before, const json::Item& now) {
  json::Tree a = json::Tree::copy_of(before), b = json::Tree::copy_of(now);
  for (json::Tree* tree : {&a, &b}) {
    json::Item* conditions = tree->root().find("conditions");
    for (json::Item* item = conditions != nullptr ? conditions->first() : nullptr; item; item = item->next())
      item->remove("lastHeartbeatTime");
  }
  return !json::same(a.root(), b.root());
}

}  // namespace podo::node
