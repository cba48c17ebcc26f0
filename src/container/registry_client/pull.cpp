// Registry::pull: the path of an image from a registry to the list of images.
#include <algorithm>

#include "base/io/combine.h"
#include "container/image/folders.h"
#include "container/registry_client/download.h"
#include "container/registry_client/manifest_fetch.h"

namespace podo::image {
namespace {

struct Pull {
  RegistryShared& shared;
  Session& session;
  oci::Reference reference;
  PullOptions options;
  ProgressSink progress;
  oci::Platform platform;   // wanted
  std::string digest = {};  // of what the reference names: the digest people see
  oci::Manifest manifest = {};
  std::string manifest_digest = {};
  oci::ImageConfig config = {};
  std::vector<std::string> chain_ids = {};
  std::vector<std::shared_ptr<LayerProgress>> layers = {};  // null: was here before
  std::size_t next_layer = 0;

  std::string which() const { return reference.digest.empty() ? reference.tag : reference.digest; }
  Images& images() { return shared.ground.images; }
  void tell(std::string status, std::string id = {}) {
    progress({.id = std::move(id), .status = std::move(status)});
  }
};

bool holds(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// The image that the tag names here already, when the registry says that it names the same. One HEAD, which
// registries do not count against their limits.
Task<ImagePtr> find_up_to_date(Pull& pull) {
  Result<ImagePtr> here = pull.images().get(pull.reference.to_text());
  if (!here) co_return nullptr;
  const oci::Platform own{.os = (*here)->config.os,
                          .architecture = (*here)->config.architecture,
                          .variant = (*here)->config.variant};
  if (pull.platform.suits(own) == 0) co_return nullptr;
  const auto there = co_await ask_for_manifest(pull.session, pull.reference, pull.which());
  if (!there || !holds((*here)->digests, pull.reference.name() + "@" + there->digest)) co_return nullptr;
  pull.digest = there->digest;
  co_return *here;
}

// Reference -> (index -> ) manifest of the platform.
Task<void> resolve(Pull& pull) {
  FetchedManifest fetched = co_await fetch_manifest(pull.session, pull.reference, pull.which());
  pull.digest = fetched.descriptor.digest;
  for (int depth = 0; oci::media_type::is_index(fetched.descriptor.media_type); ++depth) {
    if (depth == 3) co_await corrupt("{}: indexes within indexes", pull.reference.familiar());
    const oci::Index index = co_await read_index(std::move(fetched.bytes));
    const oci::Descriptor chosen = co_await choose_manifest(index, pull.platform);
    fetched = co_await fetch_manifest(pull.session, pull.reference, chosen.digest);
  }
  pull.manifest = co_await read_manifest(fetched.bytes);
  pull.manifest_digest = co_await pull.images().add_blob(std::move(fetched.bytes));
}

bool is_image_config(std::string_view type) {
  return type.empty() || type == oci::media_type::config || type == oci::media_type::docker_config ||
         type == "application/octet-stream";
}

Task<void> fetch_config(Pull& pull) {
  const oci::Descriptor& descriptor = pull.manifest.config;
  if (!is_image_config(descriptor.media_type))
    co_await unsupported("{} is no image of a container: its config is {}", pull.reference.familiar(),
                         descriptor.media_type);
  if (descriptor.size > oci::config_bytes_max)
    co_await corrupt("the image's config is said to have {} bytes", descriptor.size);
  const ProgressSink silent = [](const Progress&) {};
  LayerProgress progress(pull.shared.ground.clock, silent, {});
  co_await download_blob(pull.shared, pull.session, pull.reference.path, descriptor, progress);
  std::string bytes = co_await pull.images().read_blob(descriptor.digest, oci::config_bytes_max);
  const json::Document document = co_await json::parse(std::move(bytes));
  pull.config = co_await oci::decode_image_config(document);
  if (pull.config.diff_ids.size() != pull.manifest.layers.size())
    co_await corrupt("{}: the manifest has {} layers, the config {}", pull.reference.familiar(),
                     pull.manifest.layers.size(), pull.config.diff_ids.size());
  pull.chain_ids = chain_ids_of(pull.config.diff_ids);
}

Result<> check_platform(const Pull& pull) {
  const oci::Platform actual{
      .os = pull.config.os, .architecture = pull.config.architecture, .variant = pull.config.variant};
  if (!pull.options.platform || actual.os.empty() || pull.platform.suits(actual) > 0) return {};
  return not_found(
      "image with reference {} was found but does not match the specified platform: wanted {}, actual: {}",
      pull.reference.familiar(), pull.platform.to_text(), actual.to_text());
}

Task<void> unpack(Pull& pull, std::size_t layer, std::shared_ptr<LayerProgress> progress) {
  const oci::Descriptor& blob = pull.manifest.layers[layer];
  const ProgressSink extracting = [progress, total = blob.size](const Progress& step) {
    progress->say("Extracting", step.current, step.total > 0 ? step.total : total);
  };
  co_await pull.images().unpack_layer(blob.digest, blob.media_type, pull.config.diff_ids[layer],
                                      layer == 0 ? std::string() : pull.chain_ids[layer - 1], extracting);
  progress->say("Pull complete");
}

bool is_here(Pull& pull, std::size_t layer) {
  return pull.images().has_layer(pull.chain_ids[layer]) &&
         pull.images().has_blob(pull.manifest.layers[layer].digest);
}

// All at first, so that they are shown in the order of the image.
void announce_layers(Pull& pull) {
  std::size_t missing = 0;
  for (std::size_t layer = 0; layer < pull.manifest.layers.size(); ++layer) {
    auto progress = std::make_shared<LayerProgress>(pull.shared.ground.clock, pull.progress,
                                                    short_id(pull.manifest.layers[layer].digest));
    const bool here = is_here(pull, layer);
    progress->say(here ? "Already exists" : "Pulling fs layer");
    if (!here && ++missing > pull.options.layers_at_once) progress->say("Waiting");
    pull.layers.push_back(here ? nullptr : std::move(progress));
  }
}

Task<void> fetch_layers(Pull& pull, io::TaskGroup& group) {
  while (pull.next_layer < pull.manifest.layers.size()) {
    const std::size_t layer = pull.next_layer++;
    const std::shared_ptr<LayerProgress> progress = pull.layers[layer];
    if (!progress) continue;
    co_await download_blob(pull.shared, pull.session, pull.reference.path, pull.manifest.layers[layer],
                           *progress);
    if (pull.images().has_layer(pull.chain_ids[layer])) progress->say("Pull complete");
    else group.spawn(unpack(pull, layer, progress));
  }
}

Task<ImagePtr> record(Pull& pull) {
  const std::string tag = pull.reference.name() + ":" + pull.reference.tag;
  const Result<ImagePtr> before = pull.images().get(pull.reference.to_text());
  const std::string id_before = before ? (*before)->id : std::string();
  std::vector<std::string> references = {pull.reference.name() + "@" + pull.digest};
  if (!pull.reference.tag.empty() && pull.reference.digest.empty()) references.push_back(tag);
  const ProgressSink silent = [](const Progress&) {};
  ImagePtr image = co_await pull.images().add_image(pull.manifest_digest, std::move(references), silent);
  pull.tell("Digest: " + pull.digest);
  pull.tell(text("Status: {} for {}",
                 image->id == id_before ? "Image is up to date" : "Downloaded newer image",
                 pull.reference.familiar()));
  co_return image;
}

Task<ImagePtr> pull_from(Pull& pull) {
  ImagePtr here = co_await find_up_to_date(pull);
  if (!here) co_await resolve(pull);
  pull.tell("Pulling from " + pull.reference.path, pull.which());
  if (here) {
    pull.tell("Digest: " + pull.digest);
    pull.tell("Status: Image is up to date for " + pull.reference.familiar());
    co_return here;
  }
  co_await fetch_config(pull);
  co_await check_platform(pull);
  announce_layers(pull);
  io::TaskGroup group(pull.shared.ground.loop);
  const unsigned strands = std::max(1u, pull.options.layers_at_once);
  for (unsigned i = 0; i < strands; ++i) group.spawn(fetch_layers(pull, group));
  co_await group.join();
  co_return co_await record(pull);
}

}  // namespace

Task<ImagePtr> Registry::pull(oci::Reference reference, PullOptions options, ProgressSink progress) {
  const std::vector<Endpoint> endpoints = endpoints_of(state_->rules, reference.domain);
  const oci::Platform platform = options.platform.value_or(oci::Platform::own());
  for (const Endpoint& endpoint : endpoints) {
    Session session(state_->ground, state_->tokens, co_await settle(*state_, endpoint), options.credentials,
                    {text("repository:{}:pull", reference.path)});
    Pull pull{*state_, session, reference, options, progress, platform};
    Result<ImagePtr> image = co_await pull_from(pull).result();
    const bool last = &endpoint == &endpoints.back();
    if (image || last || image.error().kind() == ErrorKind::cancelled) co_return std::move(image);
    state_->ground.log.warn("mirror {}: {}", endpoint.base, image.error().message());
  }
  co_await internal("{} has no registry", reference.domain);
  co_return nullptr;
}

}  // namespace podo::image
