#include "container/builder/cache_places.h"

#include "container/builder/base_image.h"

namespace podo::builder {
namespace {

struct Options {
  std::string type, src, dest, ref;
};
Result<Options> read_options(std::string_view text) {
  Options options;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const std::size_t equals = part.find('=');
    if (equals == part.npos) return invalid("invalid value {} in a cache: expected key=value", part);
    const std::string_view name = part.substr(0, equals), value = part.substr(equals + 1);
    if (name == "type") options.type = value;
    else if (name == "src") options.src = value;
    else if (name == "dest") options.dest = value;
    else if (name == "ref") options.ref = value;
  }
  return options;
}

Result<CachePlace> read_place(const std::string& text, bool from) {
  if (from && text.find('=') == text.npos) {
    TRY(oci::Reference::parse(text));
    return CachePlace{.kind = CachePlace::Kind::image, .where = text};
  }
  if (!from && text == "inline") return CachePlace{.kind = CachePlace::Kind::inlined, .where = {}};
  const Options options = TRY(read_options(text));
  if (options.type == "inline") return CachePlace{.kind = CachePlace::Kind::inlined, .where = {}};
  if (options.type == "local") {
    const std::string& folder = from ? options.src : options.dest;
    if (!folder.starts_with('/'))
      return invalid("a local cache needs {} with an absolute path", from ? "src" : "dest");
    return CachePlace{.kind = CachePlace::Kind::folder, .where = folder};
  }
  if (options.type == "registry") {
    TRY(oci::Reference::parse(options.ref));
    return CachePlace{.kind = CachePlace::Kind::registry, .where = options.ref};
  }
  return unsupported("Unsupported: a cache of type {} (local, registry and inline are)", options.type);
}

// An image that tells its steps: they are known from then on.
Task<void> import_image(Work& work, const std::string& name) {
  const image::ImagePtr image = co_await find_image(work, name, oci::Platform::own(), 0);
  const std::string text =
      co_await work.ground.images.read_blob(image->manifest_digest, oci::manifest_bytes_max);
  const json::Document document = co_await json::parse(text);
  const oci::Manifest manifest = co_await oci::decode_manifest(document);
  const auto steps = manifest.annotations.find(std::string(steps_annotation));
  if (steps == manifest.annotations.end()) co_return;
  std::string_view keys = steps->second;
  const auto& diff_ids = image->config.diff_ids;
  for (std::size_t i = 0; i < image->chain_ids.size() && i < diff_ids.size(); ++i) {
    const std::string key(keys.substr(0, keys.find(',')));
    keys.remove_prefix(std::min(keys.size(), key.size() + 1));
    if (key.size() != 64 || work.lease->find(key)) continue;
    CachedStep step;
    if (i > 0) step.parent_chain_id = image->chain_ids[i - 1];
    step.chain_id = image->chain_ids[i];
    step.diff_id = diff_ids[i];
    if (i < image->layer_sizes.size()) step.bytes = image->layer_sizes[i];
    step.what = "of " + name;
    co_await work.lease->keep(key, std::move(step));
  }
}

Task<void> import_one(Work& work, const CachePlace& place) {
  if (place.kind == CachePlace::Kind::image) co_return co_await import_image(work, place.where);
  Cache::Remote remote = co_await remote_of(work, place);
  co_await work.cache.import_from(std::move(remote), work.ground.registry);
}

}  // namespace

Result<CachePlaces> parse_cache_places(const BuildRequest& request) {
  CachePlaces places;
  for (const std::string& text : request.cache_from) places.from.push_back(TRY(read_place(text, true)));
  for (const std::string& text : request.cache_to) {
    CachePlace place = TRY(read_place(text, false));
    if (place.kind == CachePlace::Kind::inlined) places.inlined = true;
    else places.to.push_back(std::move(place));
  }
  const auto wanted = request.arguments.find("BUILDKIT_INLINE_CACHE");
  if (wanted != request.arguments.end() && wanted->second == "1") places.inlined = true;
  return places;
}

Result<Cache::Remote> remote_of(const Work& work, const CachePlace& place) {
  Cache::Remote remote;
  if (place.kind == CachePlace::Kind::folder) {
    remote.folder = place.where;
    return remote;
  }
  remote.reference = TRY(oci::Reference::parse(place.where));
  remote.credentials = credentials_for(work, *remote.reference);
  return remote;
}

Task<void> import_caches(Work& work, const CachePlaces& places) {
  for (const CachePlace& place : places.from) {
    if (place.kind == CachePlace::Kind::inlined) continue;
    const auto imported = co_await import_one(work, place).result();
    if (imported) continue;
    BuildEvent note{.kind = BuildEvent::Kind::note};
    note.text = text("cache from {}: {}", place.where, imported.error().message());
    work.tell(note);
  }
}

Task<void> export_caches(Work& work, const CachePlaces& places) {
  for (const CachePlace& place : places.to) {
    BuildEvent note{.kind = BuildEvent::Kind::note};
    note.text = text("exporting cache to {}", place.where);
    work.tell(note);
    Cache::Remote remote = co_await remote_of(work, place);
    co_await work.cache.export_to(std::move(remote), work.keys_used, work.ground.registry);
  }
}

}  // namespace podo::builder
