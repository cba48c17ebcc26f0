// What the plugins of this room have in common, and all of them by name. Private to it.
//
// A plugin is a function: it looks at a Review, may change the object (those of admit()), and answers with a
// refusal or nothing. It keeps nothing between requests. Those that only look at what is in memory are plain
// functions; those that wait are Tasks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/admission/admission.h"
#include "cluster/admission/known.h"
#include "model/kube/path.h"

namespace podo::admission {

using json::Item;

struct Review {
  const Attributes& attributes;
  kube::Refusal& refuse;
  const Item* object;  // null when something is deleted
  const Item* old;     // null when it is created
  const AdmissionGround& ground;
  const Known& known;

  bool creates() const { return attributes.operation == Operation::create; }
  bool updates() const { return attributes.operation == Operation::update; }
  bool removes() const { return attributes.operation == Operation::remove; }
  // Of the object itself: "pods", and not one of its subresources.
  bool is(std::string_view group, std::string_view plural, std::string_view subresource = "") const;
  // `pods "x" is forbidden: WHY`
  Failure forbid(std::string_view why) const;
  bool allows(std::string_view verb, std::string_view group, std::string_view plural,
              std::string_view name) const;  // the user
};

bool is_mirror_pod(const Item& pod);  // of a static pod of a node
// for (Item* container : containers_of(spec, {"initContainers", "containers"}))
std::vector<Item*> containers_of(Item& pod_spec, std::initializer_list<std::string_view> lists);
// The pod template's spec of what makes pods, the spec of a pod, or null; metadata likewise.
struct PodPart {
  const Item* metadata = nullptr;
  const Item* spec = nullptr;
};
PodPart pod_part_of(const schema::Resource& resource, const Item& object);
// References to secrets, config maps, claims: what mirror pods may not have.
bool refers_to_secrets(const Item& pod_spec);
bool refers_to_config_maps(const Item& pod_spec);

// Before validation.
Task<void> check_namespace(const Review& review);                     // NamespaceLifecycle
Result<> fill_limits(const Review& review, Item& object);             // LimitRanger
Task<void> add_service_account(const Review& review, Item& object);   // ServiceAccount
Task<void> restrict_node(const Review& review);                       // NodeRestriction
Result<> taint_new_node(const Review& review, Item& object);          // TaintNodesByCondition
Result<> set_priority(const Review& review, Item& object);            // Priority
Result<> tolerate_node_failures(const Review& review, Item& object);  // DefaultTolerationSeconds
Result<> set_storage_class(const Review& review, Item& object);       // DefaultStorageClass
Result<> protect_storage(const Review& review, Item& object);         // StorageObjectInUseProtection
Result<> apply_runtime_class(const Review& review, Item& object);     // RuntimeClass
Result<> set_ingress_class(const Review& review, Item& object);       // DefaultIngressClass

// After it.
Result<> check_limits(const Review& review);
Result<> check_mountable_secrets(const Review& review);
Task<void> check_pod_security(const Review& review);
Result<> check_default_priority(const Review& review);
Result<> check_volume_resize(const Review& review);
Result<> check_overhead(const Review& review);
Result<> check_certificates(const Review& review);  // Approval, Signing, SubjectRestriction
Result<> warn_of_unenforced(const Review& review);  // webhooks, policies, custom resources
Task<void> charge_quotas(const Review& review);     // ResourceQuota

}  // namespace podo::admission
