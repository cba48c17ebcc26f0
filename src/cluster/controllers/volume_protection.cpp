// Claims that pods use, and volumes that are bound, are not gone before their use ends: finalizers hold them.
// And the claims of ephemeral volumes: made with the pod as their owner.
#include <algorithm>

#include "cluster/control/claims.h"
#include "cluster/controllers/controllers.h"
#include "cluster/controllers/volume_plan.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::text_at;

class ClaimProtection final : public Controller {
 public:
  explicit ClaimProtection(World& world) : Controller(world, Kind::claim, "pvc-protection-controller") {
    watch_own();
    world_.of(Kind::pod).on_change([this](const Facts* before, const Facts* now) {
      if (before == nullptr || now != nullptr) return;
      for (const std::string& claim : as_pod(*before).claims) queue_.add(before->name_space + "/" + claim);
    });
  }

 private:
  // A pod without a node does not use it yet; a node has to be told before.
  bool is_used(const Facts& self) const {
    return std::ranges::any_of(as_pods(world_.of(Kind::pod).all(self.name_space)), [&](const Pod* pod) {
      return !pod->node.empty() && std::ranges::contains(pod->claims, self.name);
    });
  }

  Task<void> reconcile(std::string key) override {
    const std::optional<Facts> self = copy_of_own(key);
    if (!self || !self->deleting() || is_used(*self)) co_return;
    const std::optional<json::Tree> claim = co_await world_.ground.client.find(
        {.resource = &world_.of(kind_).resource(), .name_space = self->name_space, .name = self->name});
    if (!claim || text_at(claim->root(), "metadata.uid") != self->uid || is_used(*self)) co_return;
    std::vector<Write> writes;
    if (auto write = without_finalizer(kind_, claim->root(), "kubernetes.io/pvc-protection"))
      writes.push_back(*std::move(write));
    co_await perform(*self, std::move(writes));
  }
};

class VolumeProtection final : public Controller {
 public:
  explicit VolumeProtection(World& world) : Controller(world, Kind::volume, "pv-protection-controller") {
    watch_own();
  }

 private:
  Task<void> reconcile(std::string key) override {
    const std::optional<Facts> self = copy_of_own(key);
    const std::optional<json::Tree> volume = world_.of(kind_).read(key);
    if (!self || !volume || !self->deleting() || text_at(volume->root(), "status.phase") == "Bound")
      co_return;
    std::vector<Write> writes;
    if (auto write = without_finalizer(kind_, volume->root(), "kubernetes.io/pv-protection"))
      writes.push_back(*std::move(write));
    co_await perform(*self, std::move(writes));
  }
};

class EphemeralVolumes final : public Controller {
 public:
  explicit EphemeralVolumes(World& world) : Controller(world, Kind::pod, "ephemeral_volume") {
    world_.of(Kind::pod).on_change([this](const Facts*, const Facts* now) {
      if (now != nullptr && as_pod(*now).has_ephemeral_volumes && !now->deleting()) queue_.add(now->key());
    });
    world_.of(Kind::claim).on_change([this](const Facts* before, const Facts* now) {
      if (now == nullptr && before->owner && before->owner->kind == "Pod")
        queue_.add(before->name_space + "/" + before->owner->name);
    });
  }

 private:
  Task<void> reconcile(std::string key) override {
    const Facts* found = world_.of(kind_).find(key);
    if (found == nullptr || found->deleting() || as_pod(*found).ended()) co_return;
    const Pod pod = as_pod(*found);
    const std::optional<json::Tree> object = world_.of(kind_).read(key);
    if (!object) co_return;
    std::vector<Write> writes;
    for (const json::Item& volume : kube::children_at(object->root(), "spec.volumes"))
      if (const json::Item* wanted = kube::find_at(volume, "ephemeral.volumeClaimTemplate"))
        plan_claim_of(pod, text("{}-{}", pod.name, text_at(volume, "name")), *wanted, writes);
    co_await perform(pod, std::move(writes));
  }

  void plan_claim_of(const Pod& pod, const std::string& name, const json::Item& wanted,
                     std::vector<Write>& writes) {
    if (const Facts* there = world_.of(Kind::claim).find(pod.name_space, name)) {
      if (!there->owner || there->owner->uid != pod.uid)
        say(pod, {"FailedEphemeralVolume",
                  text("PVC \"{}/{}\" was not created for pod \"{}\" (pod is not owner)", pod.name_space,
                       name, pod.key()),
                  true});
      return;
    }
    json::Tree claim;
    json::Item& object = claim.root();
    object.member("apiVersion").set_string("v1");
    object.member("kind").set_string("PersistentVolumeClaim");
    json::Item& metadata = object.member("metadata");
    metadata.member("name").set_string(name);
    metadata.member("namespace").set_string(pod.name_space);
    for (const std::string_view field : {"labels", "annotations"})
      if (const json::Item* said = wanted.find("metadata", field)) metadata.member(field).copy(*said);
    write_owner(metadata.member("ownerReferences").append(), Kind::pod, pod);
    object.member("spec").copy(kube::part_at(wanted, "spec"));
    writes.push_back(create(Kind::claim, pod.name_space, std::move(claim)));
  }
};

}  // namespace

std::unique_ptr<Controller> make_claim_protection(World& world) {
  return std::make_unique<ClaimProtection>(world);
}
std::unique_ptr<Controller> make_volume_protection(World& world) {
  return std::make_unique<VolumeProtection>(world);
}
std::unique_ptr<Controller> make_ephemeral_volumes(World& world) {
  return std::make_unique<EphemeralVolumes>(world);
}

}  // namespace podo::controllers
