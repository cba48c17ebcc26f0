// What Images speaks of: an image, a container's file tree, and what one differs from the other in. Values
// only; see images.h for what is done with them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "model/oci/image.h"

namespace podo::image {

// One image as the engine sees it; immutable, shared.
struct Image {
  std::string id;  // "sha256:..." of the config
  oci::ImageConfig config;
  std::string config_text;                      // byte for byte
  std::string manifest_digest;                  // of the manifest it was last pulled, built or loaded as
  std::vector<std::string> layer_digests;       // compressed blobs, from the lowest
  std::vector<std::string> chain_ids;           // of the unpacked layers, the same order
  std::uint64_t size_bytes = 0;                 // unpacked layers together
  std::vector<std::uint64_t> layer_sizes = {};  // of each unpacked layer, in bytes: `docker history`
  std::string parent_id;                        // of commit and build; "" otherwise
  Wall last_tagged;
  std::vector<std::string> tags;     // "docker.io/library/busybox:1.36", sorted
  std::vector<std::string> digests;  // "docker.io/library/busybox@sha256:..."
};
using ImagePtr = std::shared_ptr<const Image>;

// A container's writable file tree over an image's layers.
struct Snapshot {
  std::string id;                  // of the container
  std::string upper;               // what the container changed (overlay), or the whole tree (copy)
  std::vector<std::string> lower;  // layer folders, the topmost first; empty for copy
};

enum class ChangeKind : std::uint8_t { modified = 0, added = 1, deleted = 2 };  // Docker's numbers
struct Change {
  std::string path;
  ChangeKind kind;
};

struct Removed {
  std::vector<std::string> untagged, deleted;  // in the order Docker tells them
  std::uint64_t freed_bytes = 0;
};

// chain(1) = diff(1); chain(n) = digest(chain(n-1) " " diff(n))   (image-spec, config.md#layer-chainid)
std::vector<std::string> chain_ids_of(const std::vector<std::string>& diff_ids);

// What a long operation has to say, in Docker's words: status "Downloading", id "a1b2c3", current, total; or
// a line without an id. Called on the loop.
struct Progress {
  std::string id, status;
  std::uint64_t current = 0, total = 0;
  std::string aux_json = {};  // e.g. {"Tag":..,"Digest":..,"Size":..} of a push
};
using ProgressSink = std::function<void(const Progress&)>;

}  // namespace podo::image
