// Where stages begin, and what --from may name besides stages: images, here or pulled, and the contexts that
// the caller gave a name:
//
//   docker-image://REFERENCE                  an image
//   oci-layout://FOLDER[:TAG|@DIGEST]         an image, in a folder of this machine
//   /FOLDER, a git repository, an archive     files; of FROM: the first layer
//
// Lives on the loop.
#pragma once

#include "container/builder/graph.h"
#include "container/builder/solve.h"

namespace podo::builder {

image::Credentials credentials_for(const Work& work, const oci::Reference& reference);

// For `platform`; pulled when it is not here, or always when the request says so. `step`: whose progress it
// is.
Task<image::ImagePtr> find_image(Work& work, std::string name, oci::Platform platform, int step);

// The state behind a FROM of anything but a stage.
Task<State> begin_state(Work& work, Origin origin, oci::Platform platform, int step);

// A named context as a source of files.
Task<Source> find_context(Work& work, std::string name, oci::Platform platform, int step);

// An image of an OCI layout on this machine, brought into Images: "/path", "/path:tag", "/path@sha256:...".
Task<image::ImagePtr> load_layout(Work& work, std::string place, oci::Platform platform);

}  // namespace podo::builder
