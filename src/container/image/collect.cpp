// What is used by whom, and the removal of what nobody uses.
#include <stdio.h>
#include <unistd.h>

#include <algorithm>

#include "container/image/local_images.h"

namespace podo::image {

Images::InUse LocalImages::used() const {
  InUse used;
  // A layer needs those below it; and what others keep, which no image has a blob of, its blob.
  const auto add_chain = [&](std::string_view chain_id, bool blobs) {
    while (!chain_id.empty()) {
      if (!used.chain_ids.emplace(chain_id).second) return;
      const auto layer = layers_.find(chain_id);
      if (layer == layers_.end()) return;
      if (blobs && !layer->second.blob.empty()) used.blobs.insert(layer->second.blob);
      chain_id = layer->second.parent;
    }
  };
  InUse roots;
  for (const auto& ask : roots_) ask(roots);
  used.blobs = std::move(roots.blobs);
  for (const std::string& chain_id : roots.chain_ids) add_chain(chain_id, true);
  for (const auto& [id, image] : images_) {
    used.blobs.insert(id);
    used.blobs.insert(image->manifest_digest);
    used.blobs.insert(image->layer_digests.begin(), image->layer_digests.end());
    for (const std::string& chain_id : image->chain_ids) add_chain(chain_id, false);
  }
  for (const auto& [container, snapshot] : snapshots_)
    for (const std::string& chain_id : snapshot.chain_ids) add_chain(chain_id, false);
  return used;
}

void LocalImages::add_roots(std::function<void(InUse& into)> roots) { roots_.push_back(std::move(roots)); }

bool LocalImages::pinned(std::string_view digest) const {
  auto pin = pins_.find(digest);
  return pin != pins_.end() && pin->second > ground_.clock.now();
}

void LocalImages::pin_for(std::string_view digest, Duration lease) {
  const Monotonic now = ground_.clock.now(), until = now + lease;
  std::erase_if(pins_, [&](const auto& pin) { return pin.second <= now; });
  Monotonic& kept = pins_[std::string(digest)];
  kept = std::max(kept, until);
}

Task<void> LocalImages::pin(std::string digest, Duration lease) {
  pin_for(digest, lease);
  co_return;
}

// Those of them that nothing uses. What is removed is off the maps before anything is awaited.
Task<std::uint64_t> LocalImages::drop_unused(std::vector<std::string> blobs,
                                             std::vector<std::string> chain_ids, Removed* removed,
                                             Pins pins) {
  std::uint64_t freed = 0;
  store::Transaction transaction;
  const InUse in_use = used();
  std::reverse(chain_ids.begin(), chain_ids.end());  // from the topmost, as Docker tells them
  for (const std::string& chain_id : chain_ids) {
    auto layer = layers_.find(chain_id);
    if (layer == layers_.end() || in_use.chain_ids.contains(chain_id)) continue;
    if (pins == Pins::respected && pinned(chain_id)) continue;
    freed += layer->second.bytes;
    layers_.erase(layer);
    discard(folders_.layer(chain_id));
    transaction.then.push_back(store::erase(store::Range::key(std::string(keys::layer) + chain_id)));
    if (removed != nullptr) removed->deleted.push_back(chain_id);
  }
  std::sort(blobs.begin(), blobs.end());
  blobs.erase(std::unique(blobs.begin(), blobs.end()), blobs.end());
  for (const std::string& digest : blobs) {
    auto blob = blobs_.find(digest);
    if (blob == blobs_.end() || in_use.blobs.contains(digest) || pinned(digest)) continue;
    if (removed == nullptr) freed += blob->second.size;
    blobs_.erase(blob);
    discard(folders_.blob(digest));
    transaction.then.push_back(store::erase(store::Range::key(std::string(keys::blob) + digest)));
  }
  constexpr std::size_t at_once = 1000;
  for (std::size_t i = 0; i < transaction.then.size(); i += at_once) {
    store::Transaction part;
    const std::size_t end = std::min(transaction.then.size(), i + at_once);
    for (std::size_t k = i; k < end; ++k) part.then.push_back(transaction.then[k]);
    co_await record(std::move(part));
  }
  co_return freed;
}

Task<std::uint64_t> LocalImages::collect_garbage() {
  std::vector<std::string> blobs, chain_ids;
  for (const auto& [digest, blob] : blobs_) blobs.push_back(digest);
  for (const auto& [chain_id, layer] : layers_) chain_ids.push_back(chain_id);
  co_return co_await drop_unused(std::move(blobs), std::move(chain_ids), nullptr);
}

Task<std::uint64_t> LocalImages::drop_layers(std::vector<std::string> chain_ids) {
  std::set<std::string, std::less<>> all;
  std::vector<std::string> blobs;
  for (std::string_view chain_id : chain_ids) {
    for (auto layer = layers_.find(chain_id); layer != layers_.end();
         layer = layers_.find(layer->second.parent)) {
      if (!all.insert(layer->first).second) break;
      if (!layer->second.blob.empty()) blobs.push_back(layer->second.blob);
    }
  }
  std::vector<std::string> layers(all.begin(), all.end());
  co_return co_await drop_unused(std::move(blobs), std::move(layers), nullptr, Pins::ignored_for_layers);
}

Task<Images::Usage> LocalImages::usage() {
  Usage usage;
  for (const auto& [digest, blob] : blobs_) usage.blob_bytes += blob.size;
  for (const auto& [chain_id, layer] : layers_) usage.layer_bytes += layer.bytes;
  co_return usage;
}

}  // namespace podo::image
