// Bytes -> JSON -> index, manifest, image config. Whatever is accepted keeps what its readers rely on, and is
// written so that it reads back the same.
#include "base/core/ensure.h"
#include "base/format/json.h"
#include "model/oci/image.h"

namespace podo::oci {
namespace {

template <class T>
void round_trip(const Result<T>& decoded, Result<T> (*decode)(const json::Document&),
                std::string (*encode)(const T&)) {
  if (!decoded) {
    ENSURE(!decoded.error().message().empty());
    return;
  }
  const std::string once = encode(*decoded);
  const auto document = json::parse(once);
  ENSURE(document.has_value());
  const auto again = decode(*document);
  ENSURE(again.has_value());
  ENSURE(encode(*again) == once);
}

void check(const Descriptor& descriptor) { ENSURE(check_digest(descriptor.digest).has_value()); }

}  // namespace
}  // namespace podo::oci

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo;
  const auto document = json::parse(std::string(reinterpret_cast<const char*>(data), size));
  if (!document) return 0;
  const auto index = oci::decode_index(*document);
  const auto manifest = oci::decode_manifest(*document);
  const auto config = oci::decode_image_config(*document);
  ENSURE(!index || !manifest);  // nobody may see one thing where another sees the other
  if (index)
    for (const auto& entry : index->manifests) oci::check(entry);
  if (manifest) {
    ENSURE(manifest->layers.size() <= oci::layers_max);
    oci::check(manifest->config);
    for (const auto& layer : manifest->layers) oci::check(layer);
  }
  if (config)
    for (const auto& diff_id : config->diff_ids) ENSURE(oci::check_digest(diff_id).has_value());
  oci::round_trip(index, oci::decode_index, oci::encode_index);
  oci::round_trip(manifest, oci::decode_manifest, oci::encode_manifest);
  oci::round_trip(config, oci::decode_image_config, oci::encode_image_config);
  return 0;
}
