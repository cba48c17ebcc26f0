// PersistentVolumes and their claims. A pair is bound in four steps, each of which can be the last that was
// done before a restart; a claim is bound when the last one is:
//
//   volume.spec.claimRef -> volume.status.phase Bound -> claim.spec.volumeName -> claim.status.phase Bound
//
// A claim that names no volume gets the smallest one that fits: class, mode, access modes, selector, size.
// One of a class that waits for the first consumer (WaitForFirstConsumer) gets only what the scheduler has
// chosen for it. When nothing fits, a volume is made, by those classes whose provisioner is ours.
//
//   volume   Available -> Bound -> Released (its claim is gone) -> deleted (Delete) or kept (Retain)
//   claim    Pending -> Bound -> Lost (its volume is gone, or somebody else's)
#pragma once

#include "cluster/control/plan.h"

namespace podo::controllers {

inline constexpr std::string_view local_path_class = "local-path",
                                  local_path_provisioner = "podo.dev/local-path";

struct ClaimInput {
  const json::Item& wanted;  // the claim
  const Claim& self;
  // The volume that it names, if it is there; else those that are free, and those that name it.
  std::vector<const json::Item*> volumes;
  const json::Item* storage_class = nullptr;              // null: there is none of its class
  std::string_view default_class = {};                    // "": none
  std::string_view storage_folder = {};                   // of local-path; "": no volumes are made
  std::string_view storage_node = {}, storage_host = {};  // where it would be made; its label of a hostname
  std::string_view first_consumer = {};                   // a pod that uses it and has no node yet
  Seconds now = 0;
};
Plan plan_claim(const ClaimInput& in);

// `claim`: the one that it is for, and that has its uid; null when there is none.
enum class Reclaim : std::uint8_t { nothing, remove };
struct VolumePlan {
  Plan plan;
  Reclaim reclaim = Reclaim::nothing;
};
VolumePlan plan_volume(const json::Item& volume, const Volume& self, const json::Item* claim);

// A volume of local-path: a folder on its node. The path that it must have, so that nothing else is removed.
std::string folder_of(std::string_view storage_folder, std::string_view volume, std::string_view claim_key);

json::Tree local_path_storage_class();

// A patch of status, or of the whole.
Write patch_status(Kind kind, const Facts& what, const json::Item& status);
// Takes a finalizer away; absent when it is not there.
std::optional<Write> without_finalizer(Kind kind, const json::Item& object, std::string_view finalizer);

}  // namespace podo::controllers
