// Registry::push: the blobs the registry lacks, then the config, then the manifest under its tag.
#include <algorithm>

#include "base/crypto/digest.h"
#include "base/io/combine.h"
#include "container/image/folders.h"
#include "container/registry_client/manifest_fetch.h"
#include "container/registry_client/problem.h"
#include "container/registry_client/upload.h"

namespace podo::image {
namespace {

struct Push {
  RegistryShared& shared;
  Session& session;
  oci::Reference reference;
  ImagePtr image;
  ProgressSink progress;
  std::string bytes = {};  // of the manifest
  oci::Manifest manifest = {};
  std::vector<std::unique_ptr<LayerProgress>> layers = {};
  std::size_t next_layer = 0;

  Images& images() { return shared.ground.images; }
};

// Repositories of the same registry that an image with this layer came from or went to.
std::vector<std::string> repositories_with(Push& push, const std::string& layer_digest) {
  constexpr std::size_t tried_max = 3;
  std::vector<std::string> out;
  for (const auto& image : push.images().list()) {
    const auto& blobs = image->layer_digests;
    if (std::find(blobs.begin(), blobs.end(), layer_digest) == blobs.end()) continue;
    for (const auto& name : image->digests) {
      const auto known = oci::Reference::parse(name);
      if (!known || known->domain != push.reference.domain || known->path == push.reference.path) continue;
      if (std::find(out.begin(), out.end(), known->path) == out.end()) out.push_back(known->path);
      if (out.size() == tried_max) return out;
    }
  }
  return out;
}

Task<void> push_layer(Push& push, std::size_t layer) {
  const oci::Descriptor& blob = push.manifest.layers[layer];
  LayerProgress& progress = *push.layers[layer];
  Upload upload{.repository = push.reference.path,
                .digest = blob.digest,
                .size = blob.size,
                .path = push.images().blob_path(blob.digest),
                .mount_from = repositories_with(push, blob.digest)};
  const Uploaded done = co_await upload_blob(push.shared, push.session, std::move(upload), progress);
  switch (done.how) {
    case Uploaded::How::already_there: progress.say("Layer already exists"); break;
    case Uploaded::How::mounted: progress.say("Mounted from " + done.from); break;
    case Uploaded::How::sent: progress.say("Pushed"); break;
  }
}

// Layers that are twice in an image are pushed by the strand that meets them first.
bool met_before(const Push& push, std::size_t layer) {
  const auto& layers = push.manifest.layers;
  return std::any_of(layers.begin(), layers.begin() + static_cast<std::ptrdiff_t>(layer),
                     [&](const oci::Descriptor& other) { return other.digest == layers[layer].digest; });
}

Task<void> push_layers(Push& push) {
  while (push.next_layer < push.manifest.layers.size()) {
    const std::size_t layer = push.next_layer++;
    if (met_before(push, layer)) push.layers[layer]->say("Layer already exists");
    else co_await push_layer(push, layer);
  }
}

Task<void> push_config(Push& push) {
  const ProgressSink silent = [](const Progress&) {};
  LayerProgress progress(push.shared.ground.clock, silent, {});
  const oci::Descriptor& config = push.manifest.config;
  Upload upload{.repository = push.reference.path,
                .digest = config.digest,
                .size = config.size,
                .path = push.images().blob_path(config.digest),
                .mount_from = {}};
  co_await upload_blob(push.shared, push.session, std::move(upload), progress);
}

// The image is known by this digest there from now on: RepoDigests, and where its layers can be mounted
// from.
Task<void> remember(Push& push) {
  std::string name = push.reference.name() + "@" + push.image->manifest_digest;
  const auto& known = push.image->digests;
  if (std::find(known.begin(), known.end(), name) != known.end()) co_return;
  const ProgressSink silent = [](const Progress&) {};
  std::vector<std::string> names = {std::move(name)};
  co_await push.images().add_image(push.image->manifest_digest, std::move(names), silent);
}

void tell_outcome(Push& push) {
  const std::string& digest = push.image->manifest_digest;
  const std::string& tag = push.reference.tag;
  push.progress({.id = {}, .status = text("{}: digest: {} size: {}", tag, digest, push.bytes.size())});
  json::Writer aux;
  aux.object().key("Tag").string(tag).key("Digest").string(digest);
  aux.key("Size").number(static_cast<std::uint64_t>(push.bytes.size())).end();
  push.progress({.id = {}, .status = {}, .aux_json = aux.take()});
}

Task<void> prepare(Push& push) {
  push.bytes = co_await push.images().read_blob(push.image->manifest_digest, oci::manifest_bytes_max);
  push.manifest = co_await read_manifest(push.bytes);
  const auto& diff_ids = push.image->config.diff_ids;
  for (std::size_t i = 0; i < push.manifest.layers.size(); ++i) {
    const std::string& name = i < diff_ids.size() ? diff_ids[i] : push.manifest.layers[i].digest;
    push.layers.push_back(
        std::make_unique<LayerProgress>(push.shared.ground.clock, push.progress, short_id(name)));
    push.layers.back()->say("Preparing");
    if (!push.images().has_blob(push.manifest.layers[i].digest))
      co_await not_found("layer {} of {} is not here", push.manifest.layers[i].digest,
                         push.reference.familiar());
  }
}

// Everything but what its tag means there.
Task<void> push_content(Push& push, unsigned layers_at_once) {
  co_await prepare(push);
  std::vector<Task<void>> strands;
  for (unsigned i = 0; i < std::max(1u, layers_at_once); ++i) strands.push_back(push_layers(push));
  co_await io::all(std::move(strands));
  co_await push_config(push);
  co_await put_document(push.session, push.reference, push.reference.tag, push.manifest.media_type,
                        push.bytes, push.image->manifest_digest);
}

ImagePtr find_by_manifest(const Images& images, std::string_view digest) {
  for (ImagePtr& image : images.list())
    if (image->manifest_digest == digest) return std::move(image);
  return nullptr;
}

}  // namespace

Task<void> Registry::push(oci::Reference reference, PushOptions options, ProgressSink progress) {
  Result<ImagePtr> image = state_->ground.images.get(reference.to_text());
  if (!image)
    co_await not_found("An image does not exist locally with the tag: {}", reference.familiar_name());
  progress({.id = {}, .status = text("The push refers to repository [{}]", reference.name())});
  Session session(state_->ground, state_->tokens, co_await own_endpoint(*state_, reference.domain),
                  options.credentials, {text("repository:{}:pull,push", reference.path)});
  Push push{*state_, session, reference, *image, progress};
  co_await push_content(push, options.layers_at_once);
  state_->ground.log.info("pushed {}", reference.to_text());
  co_await remember(push);
  tell_outcome(push);
}

Task<void> Registry::push_index(oci::Reference reference, oci::Index index, PushOptions options,
                                ProgressSink progress) {
  progress({.id = {}, .status = text("The push refers to repository [{}]", reference.name())});
  Session session(state_->ground, state_->tokens, co_await own_endpoint(*state_, reference.domain),
                  options.credentials, {text("repository:{}:pull,push", reference.path)});
  oci::Reference repository = reference;
  repository.tag.clear();
  for (const oci::Descriptor& manifest : index.manifests) {
    const ImagePtr image = find_by_manifest(state_->ground.images, manifest.digest);
    if (!image) co_await not_found("the manifest {} is not here", manifest.digest);
    Push push{*state_, session, repository, image, progress};
    co_await push_content(push, options.layers_at_once);
  }
  std::string bytes = oci::encode_index(index);
  const std::size_t size = bytes.size();
  const std::string digest = crypto::digest_of(bytes);
  co_await put_document(session, reference, reference.tag, std::string(oci::media_type::index),
                        std::move(bytes), digest);
  state_->ground.log.info("pushed {}", reference.to_text());
  progress({.id = {}, .status = text("{}: digest: {} size: {}", reference.tag, digest, size)});
}

}  // namespace podo::image
