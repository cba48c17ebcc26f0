#include "base/core/text.h"
#include "cluster/admission/restricted_node.h"

namespace podo::admission {
namespace {

using kube::text_at;

Task<json::Tree> stored(const Review& review, std::string_view plural, std::string name) {
  objects::Objects& objects = review.ground.objects;
  const schema::Resource& resource = objects.resource("", plural);
  const objects::Key key{.resource = &resource,
                         .name_space = resource.namespaced ? std::string(review.attributes.name_space) : "",
                         .name = std::move(name)};
  const std::optional<objects::Object> found = co_await objects.find(key);
  if (!found) co_await review.refuse(kube::not_found(resource, key.name));
  co_return co_await found->tree();
}

Result<> check_owner(const Review& review, const Item& pod, std::string_view node) {
  const std::size_t owners = kube::size_at(pod, "metadata.ownerReferences");
  if (owners > 1) {
    return review.forbid(
        text("node \"{}\" can only create pods with a single owner reference set to itself", node));
  }
  const Item& owner = kube::part_at(pod, "metadata.ownerReferences[0]");
  if (owners == 0 || text_at(owner, "apiVersion") != "v1" || text_at(owner, "kind") != "Node" ||
      text_at(owner, "name") != node)
    return review.forbid(
        text("node \"{}\" can only create pods with an owner reference set to itself", node));
  if (!kube::is_true_at(owner, "controller")) {
    return review.forbid(
        text("node \"{}\" can only create pods with a controller owner reference set to itself", node));
  }
  if (kube::is_true_at(owner, "blockOwnerDeletion")) {
    return review.forbid(text("node \"{}\" must not set blockOwnerDeletion on an owner reference", node));
  }
  return {};
}

bool has_volume(const Item& spec, std::string_view source) {
  for (const Item& volume : kube::children_at(spec, "volumes"))
    if (volume.find(source) != nullptr) return true;
  return false;
}

bool has_trust_bundle(const Item& spec) {
  for (const Item& volume : kube::children_at(spec, "volumes")) {
    for (const Item& source : kube::children_at(volume, "projected.sources"))
      if (source.find("clusterTrustBundle") != nullptr) return true;
  }
  return false;
}

Result<> check_references(const Review& review, const Item& spec, std::string_view node) {
  const auto refuse = [&](std::string_view what) -> Result<> {
    return review.forbid(text("node \"{}\" can not create pods that reference {}", node, what));
  };
  if (!text_at(spec, "serviceAccountName").empty()) return refuse("a service account");
  if (refers_to_secrets(spec)) return refuse("secrets");
  if (refers_to_config_maps(spec)) return refuse("configmaps");
  if (has_volume(spec, "persistentVolumeClaim")) return refuse("persistentvolumeclaims");
  if (has_trust_bundle(spec)) return refuse("clustertrustbundles");
  if (kube::size_at(spec, "resourceClaims") != 0) return refuse("resourceclaims");
  return {};
}

Task<void> restrict_new_pod(const Review& review, std::string node) {
  const Item& pod = *review.object;
  if (!is_mirror_pod(pod)) {
    co_await review.forbid(
        text("pod does not have \"kubernetes.io/config.mirror\" annotation, node \"{}\" can "
             "only create mirror pods",
             node));
  }
  if (text_at(pod, "spec.nodeName") != node)
    co_await review.forbid(text("node \"{}\" can only create pods with spec.nodeName set to itself", node));
  co_await check_owner(review, pod, node);
  const json::Tree self = co_await stored(review, "nodes", node);
  const std::string_view is = text_at(self.root(), "metadata.uid");
  const std::string_view said = text_at(pod, "metadata.ownerReferences[0].uid");
  if (is != said) co_await review.forbid(text("node {} UID mismatch: expected {} got {}", node, said, is));
  co_await check_references(review, kube::part_at(pod, "spec"), node);
}

Result<> restrict_pod_status(const Review& review, std::string_view node) {
  if (!review.updates() || review.old == nullptr || review.object == nullptr)
    return review.forbid("unexpected operation \"CREATE\"");
  if (text_at(*review.old, "spec.nodeName") != node) {
    return review.forbid(
        text("node \"{}\" can only update pod status for pods with spec.nodeName set to itself", node));
  }
  if (!json::same(kube::part_at(*review.object, "metadata.labels"),
                  kube::part_at(*review.old, "metadata.labels")))
    return review.forbid(text("node \"{}\" cannot update labels through pod status", node));
  if (!json::same(kube::part_at(*review.object, "status.resourceClaimStatuses"),
                  kube::part_at(*review.old, "status.resourceClaimStatuses")))
    return review.forbid(text("node \"{}\" cannot update resource claim statuses", node));
  return {};
}

// Of what is stored: what the request says about the pod is not to be believed.
Task<void> require_own_pod(const Review& review, std::string node, std::string_view why) {
  const json::Tree pod = co_await stored(review, "pods", std::string(review.attributes.name));
  if (text_at(pod.root(), "spec.nodeName") != node) co_await review.forbid(why);
}

}  // namespace

Task<void> restrict_pod(const Review& review, std::string node) {
  const std::string_view subresource = review.attributes.subresource;
  if (subresource == "status") {
    co_await restrict_pod_status(review, node);
  } else if (subresource == "eviction") {
    const std::string why = text("node {} can only evict pods with spec.nodeName set to itself", node);
    co_await require_own_pod(review, node, why);
  } else if (!subresource.empty()) {
    co_await review.forbid(
        text("unexpected pod subresource \"{}\", only 'status' and 'eviction' are allowed", subresource));
  } else if (review.creates() && review.object != nullptr) {
    co_await restrict_new_pod(review, node);
  } else if (review.removes()) {
    const std::string why = text("node \"{}\" can only delete pods with spec.nodeName set to itself", node);
    co_await require_own_pod(review, node, why);
  } else {
    co_await review.forbid(
        text("unexpected operation \"UPDATE\", node \"{}\" can only create and delete mirror pods", node));
  }
}

Task<void> restrict_token(const Review& review, std::string node) {
  if (review.object == nullptr) co_return;
  const Item& bound = kube::part_at(*review.object, "spec.boundObjectRef");
  if (text_at(bound, "apiVersion") != "v1" || text_at(bound, "kind") != "Pod" ||
      text_at(bound, "name").empty())
    co_await review.forbid("node requested token not bound to a pod");
  const std::string_view uid = text_at(bound, "uid");
  if (uid.empty()) co_await review.forbid("node requested token with a pod binding without a uid");
  const json::Tree pod = co_await stored(review, "pods", std::string(text_at(bound, "name")));
  const std::string_view is = text_at(pod.root(), "metadata.uid");
  if (is != uid) {
    co_await review.forbid(text(
        "the UID in the bound object reference ({}) does not match the UID in record. The object might have "
        "been deleted and then recreated",
        uid));
  }
  if (text_at(pod.root(), "spec.nodeName") != node)
    co_await review.forbid("node requested token bound to a pod scheduled on a different node");
}

}  // namespace podo::admission
