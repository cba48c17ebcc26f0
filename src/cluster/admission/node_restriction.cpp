// NodeRestriction: a node's own credentials change what is the node's: itself, its lease, its pods' status,
// and nothing by which it could draw more work or more secrets to itself.
#include <algorithm>

#include "base/core/text.h"
#include "cluster/admission/plugin.h"
#include "cluster/admission/restricted_node.h"

namespace podo::admission {
namespace {

using kube::text_at;

bool has_domain(std::string_view label, std::string_view domain) {
  const std::size_t slash = label.find('/');
  if (slash == label.npos) return false;
  const std::string_view prefix = label.substr(0, slash);
  return prefix == domain || (prefix.ends_with(domain) && prefix[prefix.size() - domain.size() - 1] == '.');
}

bool is_kubelets_label(std::string_view label) {
  constexpr std::string_view labels[] = {
      "kubernetes.io/hostname",
      "topology.kubernetes.io/zone",
      "topology.kubernetes.io/region",
      "failure-domain.beta.kubernetes.io/zone",
      "failure-domain.beta.kubernetes.io/region",
      "node.kubernetes.io/instance-type",
      "beta.kubernetes.io/instance-type",
      "kubernetes.io/os",
      "kubernetes.io/arch",
      "beta.kubernetes.io/os",
      "beta.kubernetes.io/arch",
      "node.kubernetes.io/windows-build",
  };
  return std::ranges::contains(labels, label) || has_domain(label, "kubelet.kubernetes.io") ||
         has_domain(label, "node.kubernetes.io");
}

bool is_forbidden_label(std::string_view label) {
  if (has_domain(label, "node-restriction.kubernetes.io")) return true;
  return (has_domain(label, "kubernetes.io") || has_domain(label, "k8s.io")) && !is_kubelets_label(label);
}

// Those that were added, changed or taken away, and are not the node's to choose: "a, b".
std::string forbidden_labels(const Item& node, const Item* old) {
  const Item* now = kube::find_at(node, "metadata.labels");
  const Item* before = old == nullptr ? nullptr : kube::find_at(*old, "metadata.labels");
  std::vector<std::string> found;
  const auto see = [&](const Item* labels, const Item* others) {
    for (const Item& label : kube::children(labels)) {
      const Item* other = others == nullptr ? nullptr : others->find(label.key());
      const bool same = other != nullptr && other->string_or("") == label.string_or("");
      if (!same && is_forbidden_label(label.key())) found.emplace_back(label.key());
    }
  };
  see(now, before);
  see(before, now);
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  std::string out;
  for (const std::string& label : found) out.append(out.empty() ? "" : ", ").append(label);
  return out;
}

bool same_at(const Item& a, const Item& b, std::string_view path) {
  return json::same(kube::part_at(a, path), kube::part_at(b, path));
}

Result<> restrict_own_node(const Review& review, std::string_view node) {
  const Item* object = review.object;
  if (review.creates() && object != nullptr && review.attributes.subresource.empty()) {
    const std::string labels = forbidden_labels(*object, nullptr);
    if (!labels.empty())
      return review.forbid(text("node \"{}\" is not allowed to set the following labels: {}", node, labels));
  }
  if (review.attributes.name != node)
    return review.forbid(
        text("node \"{}\" is not allowed to modify node \"{}\"", node, review.attributes.name));
  if (!review.updates() || object == nullptr || review.old == nullptr) return {};
  if (!same_at(*object, *review.old, "spec.taints"))
    return review.forbid(text("node \"{}\" is not allowed to modify taints", node));
  const std::string labels = forbidden_labels(*object, review.old);
  if (!labels.empty())
    return review.forbid(text("node \"{}\" is not allowed to modify labels: {}", node, labels));
  if (!same_at(*object, *review.old, "metadata.ownerReferences"))
    return review.forbid(text("node \"{}\" is not allowed to modify ownerReferences", node));
  return {};
}

Result<> restrict_lease(const Review& review, std::string_view node) {
  if (review.attributes.name_space != "kube-node-lease")
    return review.forbid("can only access leases in the \"kube-node-lease\" system namespace");
  if (review.attributes.name != node)
    return review.forbid("can only access node lease with the same name as the requesting node");
  return {};
}

Result<> restrict_claim(const Review& review, std::string_view node) {
  if (review.attributes.subresource != "status") return review.forbid("may only update PVC status");
  if (!review.updates() || review.object == nullptr || review.old == nullptr)
    return review.forbid(text("unexpected operation"));
  json::Tree now = json::Tree::copy_of(*review.object), old = json::Tree::copy_of(*review.old);
  for (json::Tree* tree : {&now, &old}) {
    for (const std::string_view key :
         {"capacity", "conditions", "allocatedResources", "allocatedResourceStatuses", "resizeStatus",
          "modifyVolumeStatus", "currentVolumeAttributesClassName"})
      tree->root().member("status").remove(key);
    for (const std::string_view key : {"managedFields", "resourceVersion"})
      tree->root().member("metadata").remove(key);
  }
  if (json::same(now.root(), old.root())) return {};
  return review.forbid(
      text("node \"{}\" is not allowed to update fields other than status.quantity and "
           "status.conditions",
           node));
}

Result<> restrict_slice(const Review& review, std::string_view node) {
  const Item* object = review.object != nullptr ? review.object : review.old;
  if (object == nullptr || text_at(*object, "spec.nodeName") == node) return {};
  return review.forbid(review.creates()
                           ? "can only create ResourceSlice with the same NodeName as the requesting node"
                           : "can only delete ResourceSlice with the same NodeName as the requesting node");
}

}  // namespace

Task<void> restrict_node(const Review& review) {
  const access::User& user = review.attributes.user;
  constexpr std::string_view prefix = "system:node:";
  if (!std::ranges::contains(user.groups, "system:nodes") || !user.name.starts_with(prefix)) co_return;
  const std::string_view node = std::string_view(user.name).substr(prefix.size());
  if (node.empty()) co_await review.forbid(text("could not determine node from user \"{}\"", user.name));
  const std::string_view group = review.attributes.resource.group_version->group;
  const std::string_view plural = review.attributes.resource.plural;
  if (group.empty() && plural == "pods") {
    co_await restrict_pod(review, std::string(node));
  } else if (group.empty() && plural == "nodes") {
    co_await restrict_own_node(review, node);
  } else if (group.empty() && plural == "persistentvolumeclaims") {
    co_await restrict_claim(review, node);
  } else if (review.is("", "serviceaccounts", "token")) {
    co_await restrict_token(review, std::string(node));
  } else if (group == "coordination.k8s.io" && plural == "leases") {
    co_await restrict_lease(review, node);
  } else if (group == "storage.k8s.io" && plural == "csinodes") {
    if (review.attributes.name != node)
      co_await review.forbid("can only access CSINode with the same name as the requesting node");
  } else if (group == "resource.k8s.io" && plural == "resourceslices") {
    co_await restrict_slice(review, node);
  }
}

}  // namespace podo::admission
