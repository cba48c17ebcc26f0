// A manifest that is pushed: what it is, and what it refers to (image-spec manifest.md, image-index.md).
// Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::registry {

struct PushedManifest {
  std::string media_type;
  std::vector<std::string> blobs;      // config and layers that have to be here
  std::vector<std::string> manifests;  // of an index
  std::vector<std::string> foreign;    // layers that may be elsewhere: with urls, or not to be distributed
  std::string subject;                 // a digest, or ""
  std::string artifact_type;           // as a list of referrers tells it
  std::map<std::string, std::string> annotations;
};

// `content_type`: of the request, with or without parameters; "" counts for nothing. Invalid: what is wrong
// with it, also that its own mediaType says something else.
Result<PushedManifest> read_pushed(std::string bytes, std::string_view content_type);

// "application/json; charset=utf-8" -> "application/json"
std::string_view bare_media_type(std::string_view content_type);

}  // namespace podo::registry
