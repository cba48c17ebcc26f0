// Caches outside of this machine's: where steps come from before a build, and go to after it.
//
//   place := "type=local,src=FOLDER" | "type=local,dest=FOLDER" | "type=registry,ref=REFERENCE"
//          | "type=inline" | REFERENCE                           the last for cache-from only
//
// An image itself can be a cache: with type=inline (or BUILDKIT_INLINE_CACHE=1) an annotation of its
// manifest tells which step each of its layers is:
//
//   "dev.podo.build.steps": KEY ( "," KEY )*        one for each layer from the lowest; "" for its base's
#pragma once

#include "container/builder/work.h"

namespace podo::builder {

inline constexpr std::string_view steps_annotation = "dev.podo.build.steps";

struct CachePlace {
  enum class Kind : std::uint8_t { folder, registry, image, inlined } kind = Kind::image;
  std::string where;  // a folder, a reference
};
struct CachePlaces {
  std::vector<CachePlace> from, to;
  bool inlined = false;
};
Result<CachePlaces> parse_cache_places(const BuildRequest& request);  // pure

Result<Cache::Remote> remote_of(const Work& work, const CachePlace& place);

// What cannot be had is warned of: the build goes on without it.
Task<void> import_caches(Work& work, const CachePlaces& places);
Task<void> export_caches(Work& work, const CachePlaces& places);  // the steps of all stages

}  // namespace podo::builder
