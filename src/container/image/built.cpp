// An image of layers that were made here: those without a blob are packed, then config, manifest, names.
#include <stdio.h>

#include "base/io/combine.h"
#include "container/image/archive_files.h"
#include "container/image/local_images.h"
#include "container/image/pack.h"

namespace podo::image {

Task<oci::Descriptor> LocalImages::pack_layer(std::string chain_id) {
  oci::Descriptor descriptor;
  descriptor.digest = co_await pack_missing(std::move(chain_id));
  descriptor.media_type = co_await layer_media_type(folders_.blob(descriptor.digest));
  descriptor.size = blobs_.at(descriptor.digest).size;
  co_return descriptor;
}

// The blob's digest; it is not collected for a while.
Task<std::string> LocalImages::pack_missing(std::string chain_id) {
  const std::string claim_name = "pack " + chain_id;
  while (claimed_.contains(claim_name)) co_await released_.wait();
  auto layer = layers_.find(chain_id);
  if (layer == layers_.end()) co_await not_found("the layer {} is not here", short_id(chain_id));
  pin_for(chain_id, seconds(900));
  if (const std::string blob = layer->second.blob; !blob.empty() && has_blob(blob)) {
    pin_for(blob, seconds(900));
    co_return blob;
  }
  Claim claim(*this, claim_name);
  WorkPlace work(*this);
  const std::string diff_id = layer->second.diff_id;
  const PackedLayer packed =
      co_await pack_tree(ground_.pool, folders_.layer_tree(chain_id), TreePacker::Marks::layer, work.path());
  if (packed.diff_id != diff_id)
    co_await corrupt("the layer {} packs to {} instead of {}", short_id(chain_id), packed.diff_id, diff_id);
  if (!has_blob(packed.digest)) {
    if (::rename(work.path().c_str(), folders_.blob(packed.digest).c_str()) != 0)
      co_await failed_errno(errno, "rename {}", work.path());
    co_await hold_blob(packed.digest, packed.size);
  }
  pin_for(packed.digest, seconds(900));
  layer = layers_.find(chain_id);
  if (layer == layers_.end()) co_await unavailable("the layer {} was removed meanwhile", short_id(chain_id));
  layer->second.blob = packed.digest;
  store::Transaction transaction{
      .then = {store::put(std::string(keys::layer) + chain_id, encode(layer->second))}};
  co_await record(std::move(transaction));
  co_return packed.digest;
}

Task<ImagePtr> LocalImages::add_built(oci::ImageConfig config, std::vector<std::string> references,
                                      std::string parent_image_id,
                                      std::map<std::string, std::string> annotations) {
  std::vector<Task<oci::Descriptor>> packing;
  for (std::string& chain_id : chain_ids_of(config.diff_ids))
    packing.push_back(pack_layer(std::move(chain_id)));
  oci::Manifest manifest;
  manifest.media_type = oci::media_type::manifest;
  manifest.layers = co_await io::all(std::move(packing));
  manifest.annotations = std::move(annotations);
  co_return co_await name_built(std::move(config), std::move(manifest), std::move(references),
                                std::move(parent_image_id));
}

// Its config and manifest become blobs, and it an image.
Task<ImagePtr> LocalImages::name_built(oci::ImageConfig config, oci::Manifest manifest,
                                       std::vector<std::string> references, std::string parent_id) {
  std::string config_text = oci::encode_image_config(config);
  manifest.config.media_type = oci::media_type::config;
  manifest.config.size = config_text.size();
  manifest.config.digest = co_await add_blob(std::move(config_text));
  const std::string id = manifest.config.digest;
  std::string manifest_digest = co_await add_blob(oci::encode_manifest(manifest));
  if (!parent_id.empty() && parent_id != id) configs_[id].parent_id = parent_id;
  co_return co_await add_image(std::move(manifest_digest), std::move(references), [](const Progress&) {});
}

}  // namespace podo::image
