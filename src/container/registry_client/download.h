// Blobs from a registry into the content store: resumed where they stopped, verified, each downloaded by
// one strand at a time.
#pragma once

#include "container/registry_client/state.h"

namespace podo::image {

// Done when the blob is here, whoever brought it. Corrupt: the registry lies about the digest or the size.
Task<void> download_blob(RegistryShared& shared, Session& session, std::string repository,
                         oci::Descriptor blob, LayerProgress& progress);

}  // namespace podo::image
