// Caches that lie elsewhere: an OCI layout in a folder, or a repository of a registry. Both have one
// manifest; its layers are those of the steps, its config says which step gave what:
//
//   config (application/vnd.podo.build.cache.v1+json)
//     := {"version":1,"steps":[{"key":K,"parent":C,"chain":C,"diff":D,"bytes":N,"what":T,"created":NS,
//                               "layer":I}...]}      "layer": which of the manifest's; none without a diff
//
// A folder's index.json names that manifest. Other files of the folder stay; blobs that are there already are
// not written again. Nothing of a remote cache is believed but its keys: blobs are digested, diff ids and
// chain ids computed again.
#pragma once

#include "container/builder/cache.h"
#include "model/oci/image.h"

namespace podo::builder {

inline constexpr std::string_view cache_config_type = "application/vnd.podo.build.cache.v1+json";

struct RemoteSource {
  Cache::Remote remote;
  image::Registry* registry;
};
struct RemoteLayer {
  oci::Descriptor blob;
  std::string diff_id, parent_chain_id;
  std::shared_ptr<const RemoteSource> source;
};
using RemoteStep = CachedStep;

struct CacheListing {
  struct Step {
    std::string key;
    CachedStep step;
    std::optional<std::size_t> layer;
  };
  std::vector<Step> steps;
};
std::string encode_listing(const CacheListing& listing);
Result<CacheListing> decode_listing(std::string_view text, std::size_t layers);

}  // namespace podo::builder
