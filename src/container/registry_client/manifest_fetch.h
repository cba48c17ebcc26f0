// Manifests from a registry: fetched, verified, chosen by platform.
#pragma once

#include "container/registry_client/session.h"

namespace podo::image {

// Bytes whose digest and size are those of the descriptor.
struct FetchedManifest {
  oci::Descriptor descriptor;
  std::string bytes;
};

// `which`: a tag or a digest. Errors in the words of a pull.
Task<FetchedManifest> fetch_manifest(Session& session, oci::Reference reference, std::string which);

// What the registry says that `which` is (HEAD): no descriptor when it does not say. Nothing is verified.
Task<std::optional<oci::Descriptor>> ask_for_manifest(Session& session, oci::Reference reference,
                                                      std::string which);

// The index's manifest that suits best. not_found: "no matching manifest for linux/arm64 in the manifest
// list entries".
Result<oci::Descriptor> choose_manifest(const oci::Index& index, const oci::Platform& wanted);

// The media type of an answer: what its Content-Type says, or where that says nothing, the document.
Result<std::string> manifest_type(std::string_view content_type, const json::Document& document);

Result<oci::Index> read_index(std::string bytes);
Result<oci::Manifest> read_manifest(std::string bytes);

}  // namespace podo::image
