// What a registry holds, put there by a test.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/crypto/digest.h"
#include "model/oci/image.h"

namespace podo::image {

struct RegistryContent {
  struct Document {
    std::string type, bytes;
  };
  std::map<std::string, Document, std::less<>> manifests;  // "repository:tag", "repository@digest"
  std::map<std::string, std::string, std::less<>> blobs;   // by digest

  std::string put_blob(std::string bytes) {
    std::string digest = crypto::digest_of(bytes);
    blobs[digest] = std::move(bytes);
    return digest;
  }
  std::string put_manifest(const std::string& repository, const std::string& tag, std::string type,
                           std::string bytes) {
    const std::string digest = crypto::digest_of(bytes);
    if (!tag.empty()) manifests[repository + ":" + tag] = {type, bytes};
    manifests[repository + "@" + digest] = {std::move(type), std::move(bytes)};
    return digest;
  }
  // An image of layers with these bytes; gives the manifest's digest.
  std::string put_image(const std::string& repository, const std::string& tag,
                        const std::vector<std::string>& layers, const std::string& architecture = {}) {
    oci::ImageConfig config{};
    const oci::Platform own = oci::Platform::own();
    config.os = "linux";
    config.architecture = architecture.empty() ? own.architecture : architecture;
    oci::Manifest manifest{};
    manifest.media_type = oci::media_type::manifest;
    for (const auto& layer : layers) {
      config.diff_ids.push_back(crypto::digest_of("unpacked " + layer));
      manifest.layers.push_back({.media_type = std::string(oci::media_type::layer_gzip),
                                 .digest = put_blob(layer),
                                 .size = layer.size()});
    }
    const std::string text = oci::encode_image_config(config);
    manifest.config = {
        .media_type = std::string(oci::media_type::config), .digest = put_blob(text), .size = text.size()};
    return put_manifest(repository, tag, manifest.media_type, oci::encode_manifest(manifest));
  }
};

}  // namespace podo::image
