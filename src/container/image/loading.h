// What an image archive holds, told from its documents: pure but for reading the files that came out of it.
//
//   docker   manifest.json: [{"Config":NAME,"RepoTags":[...],"Layers":[NAME...]}]   docker save since 1.10
//   oci      oci-layout, index.json, blobs/ALGORITHM/HEX                            image-spec
//   legacy   repositories: {NAME:{TAG:ID}}, ID/json, ID/layer.tar                   docker save before 1.10
//
// One that is the first two at once (as ours are) is read as docker's, and its manifests as oci's.
#pragma once

#include <string>
#include <vector>

#include "container/image/archive_files.h"
#include "model/oci/image.h"

namespace podo::image {

struct LoadedImage {
  std::vector<std::string> tags;     // complete references
  std::string config_text;           // made anew for a legacy one
  std::vector<ArchivedFile> layers;  // from the lowest
  std::string manifest_text;         // "": none came with it
};

// For an image that is there for several platforms: the one that suits `own` best.
Result<std::vector<LoadedImage>> find_images(const ArchiveFiles& files, const oci::Platform& own);

}  // namespace podo::image
