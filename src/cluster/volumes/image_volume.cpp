// Image volumes: the tree of an image, made of its layers by the image store, which containers only read.
#include "base/io/combine.h"
#include "cluster/volumes/local_volumes.h"
#include "model/kube/path.h"

namespace podo::volumes {
namespace {

std::string snapshot_of(std::string_view uid, std::string_view volume) {
  return text("volume-{}-{}", uid, volume);
}

}  // namespace

Task<void> LocalVolumes::mount_image(const json::Item& pod, const json::Item& volume, std::string target) {
  Result<void> done = co_await mount_tree(pod, volume, std::move(target)).result();
  if (!done) co_await Failure(setup_failed(kube::text_at(volume, "name"), std::move(done).error()));
}

// The snapshot keeps the image's layers from being collected. It does not outlive the daemon, but the mount
// does: after a restart there is a new snapshot behind the old mount.
Task<void> LocalVolumes::mount_tree(const json::Item& pod, const json::Item& volume, std::string target) {
  const std::string id = snapshot_of(kube::text_at(pod, "metadata.uid"), kube::text_at(volume, "name"));
  if (!ground_.images.snapshot(id)) {
    const image::ImagePtr image =
        co_await image_of(pod, std::string(kube::text_at(volume, "image.reference")),
                          std::string(kube::text_at(volume, "image.pullPolicy")));
    co_await io::shielded(make_snapshot(id, image));
  }
  co_await io::shielded(ground_.images.mount_snapshot(id, target));
}

Task<void> LocalVolumes::make_snapshot(std::string id, image::ImagePtr image) {
  co_await ground_.images.make_build_snapshot(std::move(id), image->chain_ids, {});
}

Task<image::ImagePtr> LocalVolumes::image_of(const json::Item& pod, std::string reference,
                                             std::string policy) {
  if (ground_.find_image) co_return co_await ground_.find_image(pod, reference, policy);
  const oci::Reference name = co_await oci::Reference::parse(reference);
  const auto here = ground_.images.get(name.to_text());
  if (here && policy != "Always") co_return *here;
  if (policy == "Never")
    co_await not_found("Container image \"{}\" is not present with pull policy of Never", reference);
  co_return co_await ground_.registry.pull(name, {}, [](const image::Progress&) {});
}

Task<void> LocalVolumes::unmount_images(std::string uid) {
  // Found on the disk: an earlier life may have mounted them.
  const std::string folder = folder_of(uid).path + "/volumes/kubernetes.io~image";
  const auto names = co_await ground_.pool.run([folder] { return names_in(folder); });
  for (const std::string& name : names) {
    co_await ground_.images.unmount(folder + "/" + name);
    co_await ground_.images.remove_snapshot(snapshot_of(uid, name));
  }
}

}  // namespace podo::volumes
