#include <algorithm>
#include <set>

#include "cluster/controllers/volume_plan.h"
#include "model/kube/path.h"
#include "model/schema/quantity.h"

namespace podo::controllers {
namespace {

using kube::children_at;
using kube::find_at;
using kube::text_at;
using schema::Quantity;

constexpr std::string_view bound_by_controller = "pv.kubernetes.io/bound-by-controller",
                           bind_completed = "pv.kubernetes.io/bind-completed",
                           provisioned_by = "pv.kubernetes.io/provisioned-by";

Quantity quantity_at(const json::Item& object, std::string_view path) {
  const auto parsed = Quantity::parse(text_at(object, path));
  return parsed ? *parsed : Quantity();
}

bool has_note(const json::Item& object, std::string_view name) {
  return kube::part_at(object, "metadata.annotations").find(name) != nullptr;
}

std::string_view mode_of(const json::Item& object) {
  const std::string_view mode = text_at(object, "spec.volumeMode");
  return mode.empty() ? "Filesystem" : mode;
}

bool is_for(const json::Item& volume, const Claim& claim) {
  const json::Item* reference = find_at(volume, "spec.claimRef");
  if (reference == nullptr) return false;
  const std::string_view uid = text_at(*reference, "uid");
  return text_at(*reference, "namespace") == claim.name_space && text_at(*reference, "name") == claim.name &&
         (uid.empty() || uid == claim.uid);
}

bool is_big_enough(const json::Item& volume, const json::Item& claim) {
  return quantity_at(volume, "spec.capacity.storage") >=
         quantity_at(claim, "spec.resources.requests.storage");
}

bool has_modes(const json::Item& volume, const json::Item& claim) {
  std::set<std::string_view> offered;
  for (const json::Item& mode : children_at(volume, "spec.accessModes")) offered.insert(mode.string_or(""));
  for (const json::Item& mode : children_at(claim, "spec.accessModes"))
    if (!offered.contains(mode.string_or(""))) return false;
  return true;
}

// "" when it fits; else in words why not.
std::string misfit(const ClaimInput& in, const json::Item& volume) {
  if (!is_big_enough(volume, in.wanted)) return "requested PV is too small";
  if (text_at(volume, "spec.storageClassName") != in.self.class_name)
    return "storageClassName does not match";
  if (mode_of(volume) != mode_of(in.wanted)) return "incompatible volumeMode";
  return has_modes(volume, in.wanted) ? "" : "incompatible accessMode";
}

bool waits_for_consumer(const ClaimInput& in) {
  return in.storage_class != nullptr &&
         text_at(*in.storage_class, "volumeBindingMode") == "WaitForFirstConsumer";
}

bool is_selected(const ClaimInput& in, const json::Item& volume) {
  const json::Item* wanted = find_at(in.wanted, "spec.selector");
  if (wanted == nullptr) return true;
  const auto selector = kube::LabelSelector::of(wanted);
  return selector && selector->matches(find_at(volume, "metadata.labels"));
}

const json::Item* best_fit(const ClaimInput& in) {
  const json::Item* best = nullptr;
  for (const json::Item* volume : in.volumes) {
    if (find_at(*volume, "metadata.deletionTimestamp") != nullptr || !misfit(in, *volume).empty()) continue;
    if (is_for(*volume, in.self)) return volume;
    if (find_at(*volume, "spec.claimRef") != nullptr || waits_for_consumer(in) || !is_selected(in, *volume) ||
        text_at(*volume, "status.phase") != "Available")
      continue;
    const auto rank = [](const json::Item& one) {
      return std::pair(quantity_at(one, "spec.capacity.storage"), text_at(one, "metadata.name"));
    };
    if (best == nullptr || rank(*volume) < rank(*best)) best = volume;
  }
  return best;
}

json::Tree status_of(std::string_view phase) {
  json::Tree status;
  status.root().member("phase").set_string(phase);
  return status;
}

void set_phase(const ClaimInput& in, std::string_view phase, Plan& plan) {
  if (in.self.phase != phase)
    plan.writes.push_back(patch_status(Kind::claim, in.self, status_of(phase).root()));
}

void bind_volume(const ClaimInput& in, const json::Item& volume, Plan& plan) {
  const std::unique_ptr<const Facts> facts = facts_of(Kind::volume, volume);
  const Volume& self = static_cast<const Volume&>(*facts);
  if (self.claim_uid != in.self.uid) {
    json::Tree changed = json::Tree::copy_of(volume);
    if (self.claim.empty())
      changed.root().member("metadata").member("annotations").member(bound_by_controller).set_string("yes");
    json::Item& reference = changed.root().member("spec").member("claimRef");
    reference.member("kind").set_string("PersistentVolumeClaim");
    reference.member("apiVersion").set_string("v1");
    reference.member("namespace").set_string(in.self.name_space);
    reference.member("name").set_string(in.self.name);
    reference.member("uid").set_string(in.self.uid);
    reference.member("resourceVersion").copy(kube::part_at(in.wanted, "metadata.resourceVersion"));
    plan.writes.push_back(update(Kind::volume, std::move(changed)));
  }
  if (self.phase != "Bound")
    plan.writes.push_back(patch_status(Kind::volume, self, status_of("Bound").root()));
}

void bind(const ClaimInput& in, const json::Item& volume, Plan& plan) {
  bind_volume(in, volume, plan);
  if (in.self.volume.empty() || !has_note(in.wanted, bind_completed)) {
    json::Tree changed = json::Tree::copy_of(in.wanted);
    json::Item& notes = changed.root().member("metadata").member("annotations");
    notes.member(bind_completed).set_string("yes");
    if (in.self.volume.empty()) {
      notes.member(bound_by_controller).set_string("yes");
      changed.root().member("spec").member("volumeName").set_string(text_at(volume, "metadata.name"));
    }
    plan.writes.push_back(update(Kind::claim, std::move(changed)));
  }
  json::Tree status = status_of("Bound");
  status.root().member("accessModes").copy(kube::part_at(volume, "spec.accessModes"));
  status.root().member("capacity").copy(kube::part_at(volume, "spec.capacity"));
  const json::Item& there = kube::part_at(in.wanted, "status");
  if (in.self.phase != "Bound" ||
      !json::same(kube::part_at(there, "accessModes"), kube::part_at(status.root(), "accessModes")) ||
      !json::same(kube::part_at(there, "capacity"), kube::part_at(status.root(), "capacity")))
    plan.writes.push_back(patch_status(Kind::claim, in.self, status.root()));
}

void lose(const ClaimInput& in, std::string_view reason, std::string_view message, Plan& plan) {
  if (in.self.phase == "Lost") return;
  plan.said.push_back({std::string(reason), std::string(message), true});
  set_phase(in, "Lost", plan);
}

void write_local_volume(const ClaimInput& in, json::Item& volume, const std::string& name) {
  volume.member("apiVersion").set_string("v1");
  volume.member("kind").set_string("PersistentVolume");
  volume.member("metadata").member("name").set_string(name);
  volume.member("metadata").member("annotations").member(provisioned_by).set_string(local_path_provisioner);
  json::Item& spec = volume.member("spec");
  spec.member("capacity").member("storage").copy(kube::part_at(in.wanted, "spec.resources.requests.storage"));
  spec.member("accessModes").copy(kube::part_at(in.wanted, "spec.accessModes"));
  spec.member("volumeMode").set_string("Filesystem");
  json::Item& reference = spec.member("claimRef");
  reference.member("kind").set_string("PersistentVolumeClaim");
  reference.member("apiVersion").set_string("v1");
  reference.member("namespace").set_string(in.self.name_space);
  reference.member("name").set_string(in.self.name);
  reference.member("uid").set_string(in.self.uid);
  const std::string_view policy = text_at(*in.storage_class, "reclaimPolicy");
  spec.member("persistentVolumeReclaimPolicy").set_string(policy.empty() ? "Delete" : policy);
  spec.member("storageClassName").set_string(in.self.class_name);
  spec.member("hostPath").member("path").set_string(folder_of(in.storage_folder, name, in.self.key()));
  spec.member("hostPath").member("type").set_string("DirectoryOrCreate");
  json::Item& expression = spec.member("nodeAffinity")
                               .member("required")
                               .member("nodeSelectorTerms")
                               .append()
                               .member("matchExpressions")
                               .append();
  expression.member("key").set_string("kubernetes.io/hostname");
  expression.member("operator").set_string("In");
  expression.member("values").append().set_string(in.storage_host);
}

void provision(const ClaimInput& in, Plan& plan) {
  const auto refuse = [&](std::string why) {
    plan.said.push_back({"ProvisioningFailed", std::move(why), true});
  };
  if (mode_of(in.wanted) != "Filesystem")
    return refuse(
        text("failed to provision volume with StorageClass \"{}\": only volumeMode Filesystem is supported",
             in.self.class_name));
  if (find_at(in.wanted, "spec.selector") != nullptr)
    return refuse(
        text("failed to provision volume with StorageClass \"{}\": claim.Spec.Selector is not supported",
             in.self.class_name));
  if (in.storage_node.empty()) return;  // nowhere yet
  const std::string name = "pvc-" + in.self.uid;
  json::Tree volume;
  write_local_volume(in, volume.root(), name);
  Write write = create(Kind::volume, "", std::move(volume));
  write.done = {"ProvisioningSucceeded", "Successfully provisioned volume %"};
  write.failed = {"ProvisioningFailed", "failed to provision volume: %", true};
  plan.writes.push_back(std::move(write));
}

// Nothing fits: why it waits, or a new volume.
void wait_or_provision(const ClaimInput& in, Plan& plan) {
  set_phase(in, "Pending", plan);
  if (in.self.class_name.empty()) {
    plan.said.push_back(
        {"FailedBinding", "no persistent volumes available for this claim and no storage class is set"});
    return;
  }
  if (in.storage_class == nullptr) {
    plan.said.push_back({"ProvisioningFailed",
                         text("storageclass.storage.k8s.io \"{}\" not found", in.self.class_name), true});
    return;
  }
  if (waits_for_consumer(in) && in.self.node.empty()) {
    if (in.first_consumer.empty())
      plan.said.push_back(
          {"WaitForFirstConsumer", "waiting for first consumer to be created before binding"});
    else
      plan.said.push_back(
          {"WaitForPodScheduled", text("waiting for pod {} to be scheduled", in.first_consumer)});
    return;
  }
  const std::string_view provisioner = text_at(*in.storage_class, "provisioner");
  if (provisioner == local_path_provisioner && !in.storage_folder.empty()) return provision(in, plan);
  if (provisioner == "kubernetes.io/no-provisioner") return;
  plan.said.push_back(
      {"ExternalProvisioning",
       text("Waiting for a volume to be created either by the external provisioner '{}' or manually by the "
            "system administrator. If volume creation is delayed, please verify that the provisioner is "
            "running and correctly registered.",
            provisioner)});
}

void plan_unbound(const ClaimInput& in, Plan& plan) {
  if (!in.self.has_class && !in.default_class.empty()) {
    json::Tree changed = json::Tree::copy_of(in.wanted);
    changed.root().member("spec").member("storageClassName").set_string(in.default_class);
    plan.writes.push_back(update(Kind::claim, std::move(changed)));
    return;
  }
  if (const json::Item* volume = best_fit(in)) return bind(in, *volume, plan);
  wait_or_provision(in, plan);
}

// It names a volume, and nobody has bound them yet.
void plan_named(const ClaimInput& in, const json::Item& volume, Plan& plan) {
  if (is_for(volume, in.self)) return bind(in, volume, plan);
  if (find_at(volume, "spec.claimRef") == nullptr) {
    const std::string why = misfit(in, volume);
    if (why.empty()) return bind(in, volume, plan);
    plan.said.push_back(
        {"VolumeMismatch", text("Cannot bind to requested volume \"{}\": {}", in.self.volume, why), true});
  } else {
    plan.said.push_back(
        {"FailedBinding", text("volume \"{}\" already bound to a different claim.", in.self.volume), true});
  }
  set_phase(in, "Pending", plan);
}

}  // namespace

Plan plan_claim(const ClaimInput& in) {
  Plan plan;
  if (in.self.deleting() && in.self.volume.empty()) return plan;
  const bool bound = has_note(in.wanted, bind_completed);
  if (bound && in.self.volume.empty()) {
    lose(in, "ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!",
         plan);
  } else if (in.self.volume.empty()) {
    plan_unbound(in, plan);
  } else if (in.volumes.empty()) {
    if (bound)
      lose(in, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!", plan);
    else set_phase(in, "Pending", plan);
  } else if (!bound) {
    plan_named(in, *in.volumes.front(), plan);
  } else if (find_at(*in.volumes.front(), "spec.claimRef") == nullptr ||
             is_for(*in.volumes.front(), in.self)) {
    bind(in, *in.volumes.front(), plan);
  } else {
    lose(in, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly", plan);
  }
  return plan;
}

}  // namespace podo::controllers
