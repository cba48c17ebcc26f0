// A container's changes become a layer of a new image; and any tree becomes a tar stream.
#include <stdio.h>

#include "base/core/timestamp.h"
#include "base/format/json.h"
#include "container/image/archive_files.h"
#include "container/image/local_images.h"
#include "container/image/pack.h"

namespace podo::image {
Task<ImagePtr> LocalImages::commit(CommitOptions options) {
  const Snapshot snapshot = co_await this->snapshot(options.container_id);
  const SnapshotRecord record = snapshots_.find(options.container_id)->second;
  oci::ImageConfig config = co_await oci::decode_image_config(co_await json::parse(options.config_json));
  ImagePtr base;
  if (!options.parent_image_id.empty()) base = co_await get(options.parent_image_id);
  // A copy knows no whiteouts: the whole of it becomes the one layer.
  const auto marks = record.copy ? TreePacker::Marks::plain : TreePacker::Marks::layer;
  if (record.copy) base = nullptr;
  WorkPlace work(*this);
  const PackedLayer layer = co_await pack_tree(ground_.pool, snapshot.upper, marks, work.path());

  config.created = rfc3339_nano(ground_.clock.wall());
  config.diff_ids = base ? base->config.diff_ids : std::vector<std::string>();
  oci::HistoryEntry entry{config.created, options.created_by, options.author, options.comment};
  entry.empty_layer = layer.members == 0;
  if (base) config.history = base->config.history;
  else if (record.copy) config.history.clear();
  config.history.push_back(std::move(entry));
  if (!options.author.empty()) config.author = options.author;
  std::string layer_file;
  if (layer.members > 0) {
    config.diff_ids.push_back(layer.diff_id);
    if (!has_blob(layer.digest)) {
      if (::rename(work.path().c_str(), folders_.blob(layer.digest).c_str()) != 0)
        co_await failed_errno(errno, "rename {}", work.path());
      co_await hold_blob(layer.digest, layer.size);
    }
    layer_file = layer.digest;
  }
  std::vector<std::string> references;
  if (!options.reference.empty())
    references.push_back((co_await oci::Reference::parse(options.reference)).to_text());
  co_return co_await image_of_layer(std::move(config), base, layer_file, std::move(references),
                                    options.parent_image_id);
}

// The image of `config`, whose layers are those of `base` and, unless its digest is "", one more blob.
Task<ImagePtr> LocalImages::image_of_layer(oci::ImageConfig config, ImagePtr base, std::string layer,
                                           std::vector<std::string> references, std::string parent_id) {
  oci::Manifest manifest;
  manifest.media_type = oci::media_type::manifest;
  if (base) manifest.layers = (co_await describe(base->manifest_digest)).manifest.layers;
  if (!layer.empty()) {
    oci::Descriptor descriptor;
    descriptor.media_type = co_await layer_media_type(folders_.blob(layer));
    descriptor.digest = layer;
    descriptor.size = blobs_.at(layer).size;
    manifest.layers.push_back(std::move(descriptor));
  }
  co_return co_await name_built(std::move(config), std::move(manifest), std::move(references),
                                std::move(parent_id));
}

Task<void> LocalImages::export_tree(std::string folder, Sink sink) {
  auto opened = co_await TreePacker::open(folder, TreePacker::Marks::plain);
  auto packer = std::make_shared<TreePacker>(std::move(opened));
  for (;;) {
    const std::string batch = co_await ground_.pool.run([packer] { return packer->next(); });
    if (batch.empty()) break;
    co_await sink(batch);
  }
}

}  // namespace podo::image
