#include "container/builder/cache_remote.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto/digest.h"
#include "base/linux/file.h"
#include "container/builder/local_cache.h"
#include "container/image/tree.h"

namespace podo::builder {
namespace {

constexpr std::size_t listing_bytes_max = 8 << 20, remote_steps_max = 50'000;

std::string blob_in(const std::string& folder, std::string_view digest) {
  std::string path = folder + "/blobs/" + std::string(digest);
  path[path.rfind(':')] = '/';
  return path;
}

// A file under its last name only when it is whole.
Result<> write_file(const std::string& path, std::string_view bytes) {
  const std::string fresh = path + ".new";
  const io::Fd file = TRY(linux::open_at(AT_FDCWD, fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644));
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "write {}", path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed_errno(errno, "rename {}", fresh);
  return {};
}

// A copy, not a link: whoever has the folder may change it.
Result<> copy_file(const std::string& from, const std::string& path, std::uint64_t size) {
  struct stat status;
  if (::stat(path.c_str(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) == size) return {};
  const std::string fresh = path + ".new";
  const io::Fd source = TRY(linux::open_at(AT_FDCWD, from.c_str(), O_RDONLY));
  const io::Fd file = TRY(linux::open_at(AT_FDCWD, fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644));
  std::string buffer(1 << 20, '\0');
  for (;;) {
    const ssize_t count = ::read(source.get(), buffer.data(), buffer.size());
    if (count < 0) return failed_errno(errno, "read {}", from);
    if (count == 0) break;
    for (std::string_view rest = std::string_view(buffer).substr(0, static_cast<std::size_t>(count));
         !rest.empty();) {
      const ssize_t written = ::write(file.get(), rest.data(), rest.size());
      if (written < 0) return failed_errno(errno, "write {}", path);
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed_errno(errno, "rename {}", fresh);
  return {};
}

struct BlobToCopy {
  std::string from, digest;
  std::uint64_t size;
};

Result<> write_layout(const std::string& folder, const std::vector<BlobToCopy>& blobs,
                      const std::string& config, const oci::Manifest& manifest) {
  TRY(image::make_folders(folder + "/blobs/sha256", 0755));
  for (const BlobToCopy& blob : blobs) TRY(copy_file(blob.from, blob_in(folder, blob.digest), blob.size));
  TRY(write_file(blob_in(folder, manifest.config.digest), config));
  const std::string text = oci::encode_manifest(manifest);
  oci::Index index{.media_type = std::string(oci::media_type::index), .manifests = {}, .annotations = {}};
  index.manifests.push_back(
      {.media_type = manifest.media_type, .digest = crypto::digest_of(text), .size = text.size()});
  TRY(write_file(blob_in(folder, index.manifests[0].digest), text));
  TRY(write_file(folder + "/oci-layout", R"({"imageLayoutVersion":"1.0.0"})"));
  return write_file(folder + "/index.json", oci::encode_index(index));
}

Result<std::string> read_verified(const std::string& folder, const std::string& digest) {
  TRY(oci::check_digest(digest));
  const std::string path = blob_in(folder, digest);
  std::string text = TRY(linux::read_file(path.c_str(), listing_bytes_max));
  if (crypto::digest_of(text, TRY(crypto::algorithm_of(digest))) != digest)
    return corrupt("{} has other bytes than its name says", path);
  return text;
}

struct RemoteTexts {
  oci::Manifest manifest;
  std::string listing;
};

Result<RemoteTexts> read_layout(const std::string& folder) {
  const std::string index_path = folder + "/index.json";
  const json::Document document =
      TRY(json::parse(TRY(linux::read_file(index_path.c_str(), oci::manifest_bytes_max))));
  const oci::Index index = TRY(oci::decode_index(document));
  if (index.manifests.size() != 1) return invalid("{} is no build cache", folder);
  const json::Document text = TRY(json::parse(TRY(read_verified(folder, index.manifests[0].digest))));
  RemoteTexts texts{TRY(oci::decode_manifest(text)), {}};
  texts.listing = TRY(read_verified(folder, texts.manifest.config.digest));
  return texts;
}

Task<RemoteTexts> read_repository(const RemoteSource& source, image::Images& images) {
  const oci::Reference& reference = *source.remote.reference;
  RemoteTexts texts;
  texts.manifest = co_await source.registry->fetch_artifact(reference, source.remote.credentials);
  const oci::Descriptor& config = texts.manifest.config;
  if (config.media_type != cache_config_type) co_await invalid("{} is no build cache", reference.familiar());
  if (config.size > listing_bytes_max) co_await corrupt("a build cache's list of {} bytes", config.size);
  co_await source.registry->fetch_blob(reference, config, source.remote.credentials);
  texts.listing = co_await images.read_blob(config.digest, listing_bytes_max);
  co_return texts;
}

std::string chain_of(const std::string& parent, const std::string& diff_id) {
  return parent.empty() ? diff_id : crypto::digest_of(parent + " " + diff_id);
}

Result<> check_step(const CachedStep& step) {
  for (const std::string* digest : {&step.parent_chain_id, &step.chain_id, &step.diff_id})
    if (!digest->empty()) TRY(oci::check_digest(*digest));
  const std::string& parent = step.parent_chain_id;
  if (step.chain_id != (step.diff_id.empty() ? parent : chain_of(parent, step.diff_id)))
    return corrupt("the step \"{}\" does not give the chain it names", step.what);
  return {};
}

}  // namespace

std::string encode_listing(const CacheListing& listing) {
  json::Writer out;
  out.object().key("version").number(1).key("steps").array();
  for (const CacheListing::Step& each : listing.steps) {
    write_step(out.object().key("key").string(each.key), each.step);
    if (each.layer) out.key("layer").number(static_cast<std::uint64_t>(*each.layer));
    out.end();
  }
  return out.end().end().take();
}

Result<CacheListing> decode_listing(std::string_view text, std::size_t layers) {
  const json::Document document = TRY(json::parse(std::string(text)));
  const json::Field root(document);
  if (TRY(root["version"].uint64()) != 1) return unsupported("a build cache of another version");
  CacheListing listing;
  const json::Field steps = root["steps"];
  for (std::size_t i = 0; i < steps.size(); ++i) {
    CacheListing::Step each{std::string(TRY(steps[i]["key"].string())), TRY(read_step(steps[i])), {}};
    TRY(check_step(each.step));
    if (steps[i]["layer"]) each.layer = TRY(steps[i]["layer"].uint64());
    if (each.layer.has_value() == each.step.diff_id.empty() ||
        each.layer.value_or(0) >= std::max(layers, 1uz))
      return corrupt("the step \"{}\" has no layer in the build cache", each.step.what);
    listing.steps.push_back(std::move(each));
  }
  return listing;
}

// --- export ------------------------------------------------------------------------------------------------

Task<void> LocalCache::export_to(Remote remote, std::vector<std::string> keys, image::Registry& registry) {
  CacheListing listing;
  oci::Manifest manifest;
  manifest.media_type = oci::media_type::manifest;
  std::vector<BlobToCopy> blobs;
  std::map<std::string, std::size_t> layers;  // by chain id
  for (const std::string& key : keys) {
    const auto found = steps_.find(key);
    if (found == steps_.end()) continue;
    CacheListing::Step each{key, found->second.step, {}};
    const std::string chain_id = each.step.chain_id;
    if (!each.step.diff_id.empty()) {
      const auto [at, is_new] = layers.try_emplace(chain_id, layers.size());
      each.layer = at->second;
      if (is_new) {
        oci::Descriptor blob = co_await ground_.images.pack_layer(chain_id);
        blobs.push_back({ground_.images.blob_path(blob.digest), blob.digest, blob.size});
        manifest.layers.push_back(std::move(blob));
      }
    }
    listing.steps.push_back(std::move(each));
  }
  std::string config = encode_listing(listing);
  manifest.config.media_type = cache_config_type;
  manifest.config.digest = crypto::digest_of(config);
  manifest.config.size = config.size();
  if (remote.folder.empty()) {
    co_await ground_.images.add_blob(std::move(config));
    co_return co_await registry.push_artifact(*remote.reference, std::move(manifest), remote.credentials);
  }
  co_await ground_.pool.run(
      [folder = remote.folder, blobs = std::move(blobs), config = std::move(config),
       manifest = std::move(manifest)] { return write_layout(folder, blobs, config, manifest); });
}

// --- import ------------------------------------------------------------------------------------------------

Task<void> LocalCache::import_from(Remote remote, image::Registry& registry) {
  auto source = std::make_shared<const RemoteSource>(std::move(remote), &registry);
  RemoteTexts texts;
  if (source->remote.folder.empty()) texts = co_await read_repository(*source, ground_.images);
  else texts = co_await ground_.pool.run([folder = source->remote.folder] { return read_layout(folder); });
  const CacheListing listing = co_await decode_listing(texts.listing, texts.manifest.layers.size());
  if (remote_steps_.size() + listing.steps.size() > remote_steps_max) {
    remote_steps_.clear();
    remote_layers_.clear();
  }
  for (const CacheListing::Step& each : listing.steps) {
    remote_steps_[each.key] = each.step;
    if (!each.layer) continue;
    remote_layers_[each.step.chain_id] = {.blob = texts.manifest.layers[*each.layer],
                                          .diff_id = each.step.diff_id,
                                          .parent_chain_id = each.step.parent_chain_id,
                                          .source = source};
  }
}

// A step that an import made known becomes one of ours.
Task<void> LocalCache::bring(std::string key) {
  CachedStep step = remote_steps_.at(key);
  if (!is_here(step)) co_await bring_layer(step.chain_id);
  co_await keep_step(std::move(key), std::move(step));
}

Task<void> LocalCache::bring_layer(std::string chain_id) {
  const auto found = remote_layers_.find(chain_id);
  if (found == remote_layers_.end()) co_await not_found("the layer {} is in no cache", chain_id);
  const RemoteLayer layer = found->second;
  if (!layer.parent_chain_id.empty() && !ground_.images.has_layer(layer.parent_chain_id))
    co_await bring_layer(layer.parent_chain_id);
  const Remote& remote = layer.source->remote;
  if (ground_.images.has_blob(layer.blob.digest)) {
    co_await ground_.images.pin(layer.blob.digest, seconds(900));
  } else if (remote.folder.empty()) {
    co_await layer.source->registry->fetch_blob(*remote.reference, layer.blob, remote.credentials);
  } else {
    co_await bring_blob(blob_in(remote.folder, layer.blob.digest), layer.blob);
  }
  co_await ground_.images.unpack_layer(layer.blob.digest, layer.blob.media_type, layer.diff_id,
                                       layer.parent_chain_id, [](const image::Progress&) {});
}

Task<void> LocalCache::bring_blob(std::string path, oci::Descriptor blob) {
  auto file = std::make_shared<io::Fd>(co_await linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY));
  auto writer = co_await ground_.images.write_blob(blob.digest, blob.size);
  while (writer->offset() < blob.size) {
    std::string piece = co_await ground_.pool.run([file, at = writer->offset()]() -> Result<std::string> {
      std::string bytes(1 << 20, '\0');
      const ssize_t count = ::pread(file->get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (count < 0) return failed_errno(errno, "read a build cache");
      bytes.resize(static_cast<std::size_t>(count));
      return bytes;
    });
    if (piece.empty()) co_await corrupt("{} has fewer than {} bytes", path, blob.size);
    co_await writer->write(std::move(piece));
  }
  co_await writer->commit();
}

}  // namespace podo::builder
