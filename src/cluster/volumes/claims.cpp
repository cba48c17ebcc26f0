#include "cluster/volumes/claims.h"

#include <algorithm>

#include "model/kube/path.h"

namespace podo::volumes {
namespace {

using json::Item;

// Who made it for which pod stands in its owner references.
bool is_owned_by(const Item& claim, const Item& pod) {
  const auto owners = kube::children_at(claim, "metadata.ownerReferences");
  return std::any_of(owners.begin(), owners.end(), [&](const Item& owner) {
    return kube::is_true_at(owner, "controller") &&
           kube::text_at(owner, "uid") == kube::text_at(pod, "metadata.uid");
  });
}

Result<> check_claim(const Item& claim, const Item& pod, const Item& volume) {
  if (kube::find_at(volume, "ephemeral") != nullptr && !is_owned_by(claim, pod))
    return invalid("PVC {}/{} was not created for pod {}/{} (pod is not owner)",
                   kube::text_at(claim, "metadata.namespace"), kube::text_at(claim, "metadata.name"),
                   kube::text_at(pod, "metadata.namespace"), kube::text_at(pod, "metadata.name"));
  if (!kube::text_at(claim, "metadata.deletionTimestamp").empty()) return conflict("PVC is being deleted");
  if (kube::text_at(claim, "status.phase") != "Bound" || kube::text_at(claim, "spec.volumeName").empty())
    return conflict("PVC is not bound");
  if (kube::text_at(claim, "spec.volumeMode") == "Block")
    return unsupported("volumes of mode Block are not supported by this node");
  return {};
}

Result<> check_volume(const Item& persistent, const Item& claim) {
  const std::string_view bound = kube::text_at(persistent, "spec.claimRef.uid");
  const std::string_view wanted = kube::text_at(claim, "metadata.uid");
  if (bound == wanted) return {};
  return conflict("found PV object {} with an unexpected pvc uid {} instead of {}",
                  kube::text_at(persistent, "metadata.name"), bound, wanted);
}

Task<json::Tree> resolve(client::Client& client, const Item& pod, const Item& volume, std::string name) {
  const client::Where of_claim{.resource = client.resource("", "persistentvolumeclaims"),
                               .name_space = std::string(kube::text_at(pod, "metadata.namespace")),
                               .name = std::move(name)};
  auto claim = co_await client.get(of_claim).result();
  if (!claim)
    co_return fail(claim.error().kind(),
                   text("failed to fetch PVC from API server: {}", claim.error().message()));
  co_await check_claim(claim->root(), pod, volume);
  const client::Where of_volume{.resource = client.resource("", "persistentvolumes"),
                                .name = std::string(kube::text_at(claim->root(), "spec.volumeName"))};
  auto persistent = co_await client.get(of_volume).result();
  if (!persistent)
    co_return fail(persistent.error().kind(), text("failed to fetch PV {} from API server: {}",
                                                   of_volume.name, persistent.error().message()));
  co_await check_volume(persistent->root(), claim->root());
  co_return *std::move(persistent);
}

}  // namespace

std::string claim_name(const Item& pod, const Item& volume) {
  if (kube::find_at(volume, "ephemeral") != nullptr)
    return text("{}-{}", kube::text_at(pod, "metadata.name"), kube::text_at(volume, "name"));
  return std::string(kube::text_at(volume, "persistentVolumeClaim.claimName"));
}

Task<json::Tree> find_claimed(client::Client& client, const Item& pod, const Item& volume) {
  const std::string name = claim_name(pod, volume);
  auto found = co_await resolve(client, pod, volume, name).result();
  if (found) co_return *std::move(found);
  const std::string_view called = kube::text_at(volume, "name");
  co_return fail(
      found.error().kind(),
      text("Unable to attach or mount volumes: unmounted volumes=[{}], unattached volumes=[], failed "
           "to process volumes=[{}]: error processing PVC {}/{}: {}",
           called, called, kube::text_at(pod, "metadata.namespace"), name, found.error().message()));
}

}  // namespace podo::volumes
