// Trees of images in the making, and what becomes of them.
#include "container/image/local_images.h"

namespace podo::image {

Task<Snapshot> LocalImages::make_build_snapshot(std::string, std::vector<std::string>,
                                                std::vector<std::string>) {
  co_return unsupported("Unsupported: build snapshots");
}
Task<Images::KeptLayer> LocalImages::keep_changes(std::string, std::optional<std::int64_t>) {
  co_return unsupported("Unsupported: build snapshots");
}
Task<oci::Descriptor> LocalImages::pack_layer(std::string) {
  co_return unsupported("Unsupported: build snapshots");
}
Task<ImagePtr> LocalImages::add_built(oci::ImageConfig, std::vector<std::string>, std::string,
                                      std::map<std::string, std::string>) {
  co_return unsupported("Unsupported: build snapshots");
}
void LocalImages::add_roots(std::function<void(InUse& into)>) {}
Task<void> LocalImages::adopt_blob(std::string, std::string, std::uint64_t) {
  co_await unsupported("Unsupported: build snapshots");
}

}  // namespace podo::image
