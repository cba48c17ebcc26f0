// The result of a build as one tar: an OCI image layout, and for one platform Docker's own archive as well.
//
//   members := blobs/sha256/HEX* index.json [ manifest.json ] oci-layout
//
// Several platforms are an index of their manifests, which index.json names. Lives on the loop; blobs are
// read on the pool, a piece at a time.
#pragma once

#include "container/builder/export.h"

namespace podo::builder {

// `index`: of the platforms' manifests when there are several images. `names` are complete.
Task<void> write_archive(Work& work, const Export& how, std::vector<image::ImagePtr> images,
                         const oci::Index& index, const std::vector<std::string>& names);

// What `write` gives to its sink becomes the file `path`, which is there only once it is whole.
Task<void> write_to_file(Work& work, std::string path, std::function<Task<void>(image::Images::Sink)> write);

}  // namespace podo::builder
