#include <stdio.h>
#include <sys/stat.h>

#include "base/crypto/digest.h"
#include "container/image/local_images.h"
#include "container/image/tree.h"

namespace podo::image {

std::string chain_id_of(std::string_view parent_chain_id, std::string_view diff_id) {
  if (parent_chain_id.empty()) return std::string(diff_id);
  return crypto::digest_of(text("{} {}", parent_chain_id, diff_id));
}

std::vector<std::string> chain_ids_of(const std::vector<std::string>& diff_ids) {
  std::vector<std::string> chain_ids;
  for (const std::string& diff_id : diff_ids)
    chain_ids.push_back(chain_id_of(chain_ids.empty() ? std::string_view() : chain_ids.back(), diff_id));
  return chain_ids;
}

bool LocalImages::has_layer(std::string_view chain_id) const {
  for (;;) {
    const auto layer = layers_.find(chain_id);
    if (layer == layers_.end()) return false;
    if (layer->second.parent.empty()) return true;
    chain_id = layer->second.parent;
  }
}

Task<void> LocalImages::unpack_layer(std::string blob_digest, std::string, std::string diff_id,
                                     std::string parent_chain_id, ProgressSink progress) {
  co_await unpack_one(std::move(blob_digest), std::move(diff_id), std::move(parent_chain_id),
                      std::move(progress));
}

Task<void> LocalImages::unpack_one(std::string blob_digest, std::string diff_id, std::string parent_chain_id,
                                   ProgressSink progress) {
  const std::string chain_id = chain_id_of(parent_chain_id, diff_id);
  while (claimed_.contains(chain_id)) co_await released_.wait();
  if (layers_.contains(chain_id)) co_return;
  auto blob = blobs_.find(blob_digest);
  if (blob == blobs_.end()) co_await not_found("the layer {} is not here", blob_digest);
  const std::uint64_t size = blob->second.size;
  Claim claim(*this, chain_id);
  WorkPlace work(*this);
  co_await make_folders(work.path() + "/fs", 0755);
  auto told = [progress, id = short_id(blob_digest), size](std::uint64_t done) {
    progress({.id = id, .status = "Extracting", .current = done, .total = size});
  };
  Unpacked unpacked =
      co_await unpack_blob(ground_.pool, folders_.blob(blob_digest), work.path() + "/fs",
                           {options_.layer_bytes_max, options_.layer_entries_max}, std::move(told));
  if (unpacked.diff_id != diff_id)
    co_await corrupt("the layer {} unpacks to {}, its image says {}", blob_digest, unpacked.diff_id, diff_id);
  co_await keep_layer(work.path(), chain_id, {diff_id, unpacked.bytes, boot_, parent_chain_id, blob_digest});
}

Task<std::string> LocalImages::unpack_unnamed(std::string blob, std::string parent_chain_id) {
  WorkPlace work(*this);
  co_await make_folders(work.path() + "/fs", 0755);
  Unpacked unpacked =
      co_await unpack_blob(ground_.pool, std::move(blob), work.path() + "/fs",
                           {options_.layer_bytes_max, options_.layer_entries_max}, [](auto) {});
  const std::string chain_id = chain_id_of(parent_chain_id, unpacked.diff_id);
  while (claimed_.contains(chain_id)) co_await released_.wait();
  if (!layers_.contains(chain_id)) {
    Claim claim(*this, chain_id);
    co_await keep_layer(work.path(), chain_id, {unpacked.diff_id, unpacked.bytes, boot_, parent_chain_id});
  }
  co_return unpacked.diff_id;
}

// The folder gets its name, then the record; a folder without one is removed on opening.
Task<void> LocalImages::keep_layer(std::string work, std::string chain_id, LayerRecord layer) {
  discard(folders_.layer(chain_id));
  if (::rename(work.c_str(), folders_.layer(chain_id).c_str()) != 0)
    co_await failed_errno(errno, "rename the layer {}", chain_id);
  store::Transaction transaction{.then = {store::put(std::string(keys::layer) + chain_id, encode(layer))}};
  pin_for(chain_id, seconds(900));
  layers_[chain_id] = std::move(layer);
  settle_soon();
  co_await record(std::move(transaction));
}

}  // namespace podo::image
