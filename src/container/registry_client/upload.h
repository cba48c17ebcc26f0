// Blobs from the content store to a registry.
#pragma once

#include "container/registry_client/state.h"

namespace podo::image {

struct Upload {
  std::string repository, digest;
  std::uint64_t size = 0;
  std::string path;                     // of the file
  std::vector<std::string> mount_from;  // repositories of the same registry that may have it
};

struct Uploaded {
  enum class How : std::uint8_t { already_there, mounted, sent } how = How::sent;
  std::string from;  // where it was mounted from
};

Task<Uploaded> upload_blob(RegistryShared& shared, Session& session, Upload upload, LayerProgress& progress);

// A manifest or an index. `tag` "": by its digest alone.
Task<void> put_document(Session& session, const oci::Reference& repository, std::string tag,
                        std::string media_type, std::string bytes, std::string digest);

}  // namespace podo::image
