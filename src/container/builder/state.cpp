#include "container/builder/state.h"

#include "base/core/timestamp.h"
#include "base/crypto/digest.h"

namespace podo::builder {

void State::add_layer(const image::Images::KeptLayer& layer, std::string key) {
  past = key;
  if (layer.diff_id.empty()) return;
  config.diff_ids.push_back(layer.diff_id);
  chain_ids.push_back(layer.chain_id);
  keys.push_back(std::move(key));
}

void State::add_history(Wall at, std::string created_by, bool empty_layer) {
  config.created = rfc3339_nano(at);
  oci::HistoryEntry& entry = config.history.emplace_back();
  entry.created = config.created;
  entry.created_by = std::move(created_by);
  entry.empty_layer = empty_layer;
}

std::string State::id() const { return crypto::digest_of(oci::encode_image_config(config)); }

}  // namespace podo::builder
