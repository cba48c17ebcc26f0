#include "cluster/node/disk_limits.h"

#include "base/io/timer.h"
#include "cluster/volumes/pod_folder.h"
#include "container/image/tree.h"
#include "model/kube/path.h"
#include "model/schema/quantity.h"

namespace podo::node {
namespace {

using kube::text_at;

constexpr Duration look_every = seconds(10);

Task<void> look_at(io::BlockingPool& pool, PodTable& pods, PodPtr pod, std::string pods_folder) {
  const std::string uid(text_at(pod->root(), "metadata.uid"));
  const volumes::PodFolder folder{text("{}/{}", pods_folder, uid)};
  for (const LimitedVolume& volume : limited_volumes(pod->root())) {
    // Files come and go while it is counted; what cannot be counted now is counted the next time.
    const auto bytes =
        co_await pool
            .run([path = folder.volume("empty-dir", volume.name)] { return image::tree_bytes(path); })
            .result();
    if (!bytes && bytes.error().kind() == ErrorKind::cancelled) co_await Failure(bytes.error());
    if (!bytes || *bytes <= volume.bytes) continue;
    pods.evict(uid, {"Evicted", text("Usage of EmptyDir volume \"{}\" exceeds the limit \"{}\". ",
                                     volume.name, volume.limit)});
    co_return;
  }
}

}  // namespace

std::vector<LimitedVolume> limited_volumes(const json::Item& pod) {
  std::vector<LimitedVolume> limited;
  for (const json::Item& volume : kube::children_at(pod, "spec.volumes")) {
    if (text_at(volume, "emptyDir.medium") == "Memory") continue;
    const std::string_view limit = text_at(volume, "emptyDir.sizeLimit");
    const auto size = schema::Quantity::parse(limit);
    if (size && size->rounded_up() > 0)
      limited.push_back({std::string(text_at(volume, "name")), std::string(limit),
                         static_cast<std::uint64_t>(size->rounded_up())});
  }
  return limited;
}

Task<void> keep_disk_limits(io::BlockingPool& pool, PodTable& pods, std::string pods_folder) {
  for (;;) {
    co_await io::sleep(look_every);
    for (const PodPtr& pod : pods.living()) co_await look_at(pool, pods, pod, pods_folder);
  }
}

}  // namespace podo::node
