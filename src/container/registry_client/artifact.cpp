// What registries keep besides images: a manifest, its config and layers, as they are.
#include "base/crypto/digest.h"
#include "base/io/combine.h"
#include "container/registry_client/download.h"
#include "container/registry_client/manifest_fetch.h"
#include "container/registry_client/upload.h"

namespace podo::image {
namespace {

Task<void> upload(RegistryShared& shared, Session& session, std::string repository, oci::Descriptor blob) {
  const ProgressSink silent = [](const Progress&) {};
  LayerProgress progress(shared.ground.clock, silent, {});
  Upload what{.repository = std::move(repository),
              .digest = blob.digest,
              .size = blob.size,
              .path = shared.ground.images.blob_path(blob.digest),
              .mount_from = {}};
  co_await upload_blob(shared, session, std::move(what), progress);
}

Task<std::unique_ptr<Session>> open_session(RegistryShared& shared, oci::Reference reference,
                                            Credentials credentials, std::string actions) {
  Endpoint endpoint = co_await own_endpoint(shared, reference.domain);
  std::vector<std::string> scopes = {text("repository:{}:{}", reference.path, actions)};
  co_return std::make_unique<Session>(shared.ground, shared.tokens, std::move(endpoint),
                                      std::move(credentials), std::move(scopes));
}

}  // namespace

Task<void> Registry::push_artifact(oci::Reference reference, oci::Manifest manifest,
                                   Credentials credentials) {
  const auto session = co_await open_session(*state_, reference, std::move(credentials), "pull,push");
  std::vector<Task<void>> uploads;
  uploads.push_back(upload(*state_, *session, reference.path, manifest.config));
  for (const oci::Descriptor& layer : manifest.layers)
    uploads.push_back(upload(*state_, *session, reference.path, layer));
  co_await io::all(std::move(uploads));
  std::string bytes = oci::encode_manifest(manifest);
  std::string digest = crypto::digest_of(bytes);
  co_await put_document(*session, reference, reference.tag, manifest.media_type, std::move(bytes),
                        std::move(digest));
}

Task<oci::Manifest> Registry::fetch_artifact(oci::Reference reference, Credentials credentials) {
  const auto session = co_await open_session(*state_, reference, std::move(credentials), "pull");
  FetchedManifest fetched = co_await fetch_manifest(
      *session, reference, reference.digest.empty() ? reference.tag : reference.digest);
  co_return co_await read_manifest(std::move(fetched.bytes));
}

Task<void> Registry::fetch_blob(oci::Reference repository, oci::Descriptor blob, Credentials credentials) {
  const auto session = co_await open_session(*state_, repository, std::move(credentials), "pull");
  const ProgressSink silent = [](const Progress&) {};
  LayerProgress progress(state_->ground.clock, silent, {});
  co_await download_blob(*state_, *session, repository.path, std::move(blob), progress);
}

}  // namespace podo::image
