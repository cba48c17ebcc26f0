// Claims that waited for their first pod get volumes on its node, before the pod is bound to it: a volume
// that is there is given to the claim (spec.claimRef), or whoever makes volumes is told where (an
// annotation of the claim). The PersistentVolume controller does the rest.
#include "base/format/json_writer.h"
#include "base/io/combine.h"
#include "cluster/scheduler/driver.h"
#include "model/kube/path.h"

namespace podo::scheduler {
namespace {

constexpr std::string_view selected_node = "volume.kubernetes.io/selected-node";
constexpr std::string_view bound_by_us = "pv.kubernetes.io/bound-by-controller";

}  // namespace

Task<void> Driver::bind_volumes(PodPtr pod, VolumePlan plan) {
  for (const auto& [volume, claim] : plan.bind) co_await give_volume(volume, claim);
  for (const std::string& claim : plan.make) co_await ask_for_volume(claim, pod->node);
  --sending_;  // this may take minutes: others go on
  sent_.notify_one();
  const Result<void> bound =
      co_await io::deadline(wait_until_bound(pod, plan), options_.volumes_within).result();
  ++sending_;
  if (!bound && bound.error().kind() == ErrorKind::unavailable)
    co_await unavailable("binding volumes: {}", bound.error().message());
  co_await Result<void>(bound);
}

Task<void> Driver::give_volume(std::string volume, std::string claim) {
  const Claim* known = world_.storage().claim(claim);
  if (known == nullptr) co_await not_found("persistentvolumeclaim \"{}\" not found", claim);
  const Claim to = *known;
  json::Tree object = co_await ground_.client.get(at("persistentvolumes", volume));
  const std::size_t slash = claim.find('/');
  json::Item& reference = object.root().member("spec").member("claimRef");
  if (const auto uid = kube::text_at(reference, "uid"); !uid.empty() && uid != to.uid)
    co_await conflict("persistentvolume \"{}\" is somebody else's", volume);
  reference.member("kind").set_string("PersistentVolumeClaim");
  reference.member("apiVersion").set_string("v1");
  reference.member("namespace").set_string(std::string_view(claim).substr(0, slash));
  reference.member("name").set_string(std::string_view(claim).substr(slash + 1));
  reference.member("uid").set_string(to.uid);
  reference.member("resourceVersion").set_string(to.version);
  object.root().member("metadata").member("annotations").member(bound_by_us).set_string("yes");
  co_await ground_.client.update(at("persistentvolumes", volume), object.root());
}

Task<void> Driver::ask_for_volume(std::string claim, std::string node) {
  const Claim* known = world_.storage().claim(claim);
  if (known == nullptr) co_await not_found("persistentvolumeclaim \"{}\" not found", claim);
  if (known->selected_node == node) co_return;
  std::string patch = text(R"({{"metadata":{{"uid":"{}","annotations":{{"{}":)", known->uid, selected_node);
  json::append_quoted(patch, node);
  co_await ground_.client.patch(at("persistentvolumeclaims", claim), client::Patch::merge, patch + "}}}");
}

// A claim that loses its node is one that nobody could make a volume for there.
Task<void> Driver::wait_until_bound(PodPtr pod, VolumePlan plan) {
  std::vector<std::string> claims = plan.make;
  for (const auto& [volume, claim] : plan.bind) claims.push_back(claim);
  std::vector<bool> was_selected(claims.size(), false);
  for (;;) {
    if (world_.assumed(pod->uid) == nullptr) co_await cancelled("the pod is gone");
    bool all = true;
    for (std::size_t i = 0; i < claims.size(); ++i) {
      const Claim* claim = world_.storage().claim(claims[i]);
      if (claim == nullptr) co_await not_found("persistentvolumeclaim \"{}\" not found", claims[i]);
      all = all && claim->bound;
      const bool selected = claim->selected_node == pod->node;
      if (was_selected[i] && !selected && !claim->bound)
        co_await unavailable("selectedNode annotation reset for PVC \"{}\"", claims[i]);
      was_selected[i] = selected;
    }
    if (all) co_return;
    co_await world_.storage_changed.wait();
  }
}

}  // namespace podo::scheduler
