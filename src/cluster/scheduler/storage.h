// Storage: claims, volumes and classes, and what of them decides where a pod may go. Pure but for what has
// been assumed: a volume that was given to a claim by a decision, and that the API does not show yet.
//
//   bound claim                           its volume says which nodes
//   unbound, its class waits for a pod    a free volume that the node can have, or one made for it there
//   unbound otherwise                     the pod has to wait
#pragma once

#include "cluster/scheduler/snapshot.h"
#include "cluster/scheduler/verdict.h"

namespace podo::scheduler {

struct Claim {
  std::string key, uid, version, volume, storage_class, selected_node, owner;  // key: "namespace/name"
  std::vector<std::string> modes;                                              // of access
  std::optional<kube::LabelSelector> selector;
  std::int64_t bytes = 0;
  bool bound = false;  // completely
  bool lost = false, ending = false, block = false, exclusive = false;
};
struct Volume {
  std::string name, storage_class, claim, claim_uid;  // claim: whose it is or shall be, "namespace/name"
  std::vector<std::string> modes;
  kube::Labels labels;
  std::vector<kube::NodeTerm> terms;
  std::int64_t bytes = 0;
  bool has_terms = false, available = false, ending = false, block = false;
};
struct StorageClass {
  std::string name, provisioner;
  bool waits = false;                      // for the first pod
  std::vector<kube::NodeTerm> topologies;  // where it can make volumes; none: anywhere
};
Claim claim_of(const json::Item& object);
Volume volume_of(const json::Item& object);
StorageClass storage_class_of(const json::Item& object);

// What has to be done before the pod may start on its node.
struct VolumePlan {
  std::vector<std::pair<std::string, std::string>> bind = {};  // volumes, and the claims that get them
  std::vector<std::string> make = {};                          // claims that get a new volume
  bool is_empty() const { return bind.empty() && make.empty(); }
};

class Storage {
 public:
  void set(Claim claim);
  void set(Volume volume);
  void set(StorageClass made);
  void remove_claim(std::string_view key);
  void remove_volume(std::string_view name);
  void remove_class(std::string_view name);

  const Claim* claim(std::string_view key) const;
  const Volume* volume(std::string_view name) const;
  const StorageClass* storage_class(std::string_view name) const;
  const std::map<std::string, Volume, std::less<>>& volumes() const { return volumes_; }

  // Of a decision, until it has been carried out or given up.
  void assume(const VolumePlan& plan);
  void forget(const VolumePlan& plan);
  bool is_assumed(std::string_view volume) const { return assumed_.contains(volume); }

 private:
  std::map<std::string, Claim, std::less<>> claims_;
  std::map<std::string, Volume, std::less<>> volumes_;
  std::map<std::string, StorageClass, std::less<>> classes_;
  std::map<std::string, std::string, std::less<>> assumed_;  // volume -> claim
};

// The claims of one pod, held against nodes.
class VolumeNeeds {
 public:
  VolumeNeeds(const Snapshot& snapshot, const Storage& storage, const Pod& pod);
  const std::string& refused() const { return refused_; }  // no node would do; "" otherwise
  Verdict check(const Node& node) const;
  VolumePlan plan(const Node& node) const;  // of a node that fits
  void shift(const Pod& pod, int by);

 private:
  void take(const ClaimUse& use, const Claim& claim);
  bool serve(const Node& node, VolumePlan& plan) const;
  const Volume* find_free(const Claim& claim, const Node& node, const VolumePlan& plan) const;
  bool can_make(const Claim& claim, const Node& node) const;

  const Storage& storage_;
  const Pod& pod_;
  std::string refused_;
  std::vector<const Volume*> bound_;
  std::vector<const Claim*> waiting_;
  std::vector<std::string> exclusive_;  // keys
  std::int64_t exclusive_users_ = 0;
  bool volume_gone_ = false;
};

}  // namespace podo::scheduler
