// Manifests are given, taken and removed.
#include <fcntl.h>
#include <unistd.h>

#include "base/http/range.h"
#include "base/io/combine.h"
#include "base/linux/file.h"
#include "container/registry/server_state.h"

namespace podo::registry {
namespace {

Result<> write_file(const std::string& path, std::string_view bytes) {
  const io::Fd file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644));
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "write {}", path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

// A list of referrers repeats their annotations, and clients take four megabytes of it.
constexpr std::size_t referrer_bytes_max = 1 << 20;

std::size_t bytes_of(const std::map<std::string, std::string>& annotations) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : annotations) bytes += key.size() + value.size();
  return bytes;
}

}  // namespace

// --- GET, HEAD -----------------------------------------------------------------------------------------

Task<void> Server::State::get_manifest(Call& call) {
  const std::string repository = call.repository(), reference = call.reference();
  const bool by_digest = is_digest(reference);
  if (!by_digest && !is_tag(reference))
    co_return co_await refuse(call.exchange, manifest_unknown(repository, reference));
  if (upstream != nullptr) co_await freshen(call);
  if (call.exchange.head_sent()) co_return;
  const std::string digest = by_digest ? reference : catalog.find_tag(repository, reference).value_or("");
  if (const ManifestRecord* record = catalog.find_manifest(repository, digest)) {
    const std::string type = record->type;
    catalog.touch_manifest(repository, digest);
    co_return co_await send_manifest(call, type, digest);
  }
  const std::string_view host = call.exchange.headers().get("Host");
  if (const image::ImagePtr image = engine_image(host, repository, reference)) {
    co_await ground.images.pin(image->manifest_digest, options.held);
    co_return co_await send_manifest(call, "", image->manifest_digest);
  }
  co_await refuse(call.exchange, manifest_unknown(repository, reference));
}

// With type "": what the document says it is.
Task<void> Server::State::send_manifest(Call& call, std::string type, std::string digest) {
  const std::string etag = "\"" + digest + "\"";
  if (http::has_already(call.exchange.headers(), etag))
    co_return co_await answer(call.exchange, 304, {{"Docker-Content-Digest", digest}, {"ETag", etag}});
  std::string bytes;
  if (const std::string* kept = cache.find(digest)) {
    bytes = *kept;
  } else {
    bytes = co_await ground.images.read_blob(digest, options.manifest_bytes_max);
    cache.keep(digest, bytes);
  }
  if (type.empty()) type = (co_await read_pushed(bytes, "")).media_type;
  co_await answer(call.exchange, 200,
                  {{"Content-Type", type}, {"Docker-Content-Digest", digest}, {"ETag", etag}},
                  std::move(bytes));
}

// --- PUT -----------------------------------------------------------------------------------------------

Task<void> Server::State::put_manifest(Call& call) {
  const std::string repository = call.repository(), reference = call.reference();
  const bool by_digest = is_digest(reference);
  if (reference.contains(':') && !by_digest)
    co_return co_await refuse(call.exchange, digest_invalid("no digest of a known kind"));
  if (!by_digest && !is_tag(reference)) co_return co_await refuse(call.exchange, tag_invalid(reference));
  Result<std::string> read =
      co_await http::read_all(call.exchange.body(), options.manifest_bytes_max).result();
  if (!read && read.error().kind() == ErrorKind::exhausted)
    co_return co_await refuse(call.exchange, manifest_too_large(options.manifest_bytes_max));
  std::string bytes = co_await std::move(read);
  const auto algorithm =
      by_digest ? co_await crypto::algorithm_of(reference) : crypto::DigestAlgorithm::sha256;
  const std::string digest = crypto::digest_of(bytes, algorithm);
  if (by_digest && digest != reference)
    co_return co_await refuse(call.exchange, digest_invalid("the manifest's digest is " + digest));
  Result<PushedManifest> pushed = read_pushed(bytes, call.exchange.headers().get("Content-Type"));
  if (!pushed) co_return co_await refuse(call.exchange, manifest_invalid(pushed.error().message()));
  const std::string subject = pushed->subject;
  if (!subject.empty() && bytes_of(pushed->annotations) > referrer_bytes_max)
    co_return co_await refuse(call.exchange, manifest_too_large(referrer_bytes_max));
  if (auto whole = check_parts(repository, *pushed); !whole)
    co_return co_await refuse(call.exchange, std::move(whole).error());
  co_await io::shielded(
      keep_manifest(repository, std::move(bytes), *std::move(pushed), digest, by_digest ? "" : reference));
  http::Headers headers{{"Location", text("/v2/{}/manifests/{}", repository, digest)},
                        {"Docker-Content-Digest", digest}};
  if (!subject.empty()) headers.add("OCI-Subject", subject);
  co_await answer(call.exchange, 201, std::move(headers));
}

// Everything it refers to is here and is held from now on: looking and holding are one step.
Answer<> Server::State::check_parts(const std::string& repository, const PushedManifest& pushed) {
  for (const std::string& blob : pushed.blobs)
    if (!blob_path(repository, blob)) return Refusal(manifest_blob_unknown(blob));
  for (const std::string& manifest : pushed.manifests)
    if (catalog.find_manifest(repository, manifest) == nullptr)
      return Refusal(manifest_blob_unknown(manifest));
  for (const std::string& blob : pushed.blobs) catalog.touch_blob(repository, blob);
  for (const std::string& manifest : pushed.manifests) catalog.touch_manifest(repository, manifest);
  return {};
}

// Its bytes and those of blobs that only the engine had until now are on the disk before its name is.
Task<void> Server::State::keep_manifest(std::string repository, std::string bytes, PushedManifest pushed,
                                        std::string digest, std::string tag) {
  ManifestRecord record{.type = std::move(pushed.media_type),
                        .size = bytes.size(),
                        .blobs = std::move(pushed.blobs),
                        .manifests = std::move(pushed.manifests),
                        .subject = std::move(pushed.subject)};
  if (!record.subject.empty()) {
    record.artifact_type = std::move(pushed.artifact_type);
    record.annotations = std::move(pushed.annotations);
  }
  for (std::string& layer : pushed.foreign)
    if (catalog.has_blob(repository, layer)) record.blobs.push_back(std::move(layer));
  std::vector<std::string> unsure;
  for (const std::string& blob : record.blobs)
    if (!catalog.has_blob(repository, blob) && ground.images.has_blob(blob)) unsure.push_back(blob);
  for (const std::string& blob : unsure) co_await ground.images.pin(blob, options.held);
  co_await ground.images.pin(digest, options.held);
  if (ground.images.has_blob(digest)) {
    if (catalog.find_manifest(repository, digest) == nullptr) unsure.push_back(digest);
  } else {
    const std::string path = uploads.fresh_path();
    const std::uint64_t size = bytes.size();
    co_await ground.pool.run([path, bytes] { return write_file(path, bytes); });
    co_await ground.images.adopt_blob(path, digest, size);
  }
  if (!unsure.empty()) co_await make_durable(std::move(unsure));
  cache.keep(digest, std::move(bytes));
  co_await catalog.put_manifest(std::move(repository), std::move(digest), std::move(record), std::move(tag));
}

// --- DELETE --------------------------------------------------------------------------------------------

Task<void> Server::State::delete_manifest(Call& call) {
  const std::string repository = call.repository(), reference = call.reference();
  const bool removed = is_digest(reference) ? co_await catalog.remove_manifest(repository, reference)
                                            : co_await catalog.remove_tag(repository, reference);
  if (removed) co_return co_await answer(call.exchange, 202, {});
  const bool known = catalog.find(repository) != nullptr;
  co_await refuse(call.exchange, known ? manifest_unknown(repository, reference) : name_unknown(repository));
}

// --- the pull-through cache ----------------------------------------------------------------------------

// What is asked for is here afterwards, if the upstream has it or had it: a tag is compared with the
// upstream's, what is named by its digest never changes.
Task<void> Server::State::freshen(Call& call) {
  const std::string repository = call.repository(), reference = call.reference();
  const bool by_digest = is_digest(reference);
  if (by_digest && catalog.find_manifest(repository, reference) != nullptr) co_return;
  const std::string known = by_digest ? "" : catalog.find_tag(repository, reference).value_or("");
  Result<std::optional<Upstream::Manifest>> found =
      co_await upstream->manifest(repository, reference, known).result();
  if (!found) {
    const bool missing = found.error().kind() == ErrorKind::not_found;
    if (missing) co_return co_await refuse(call.exchange, manifest_unknown(repository, reference));
    if (known.empty()) co_await std::move(found);
    co_return ground.log.info("{}:{} is served from the cache: {}", repository, reference,
                              found.error().message());
  }
  if (!*found) co_return;  // the tag is still what it was
  PushedManifest read = co_await read_pushed((*found)->bytes, (*found)->type);
  co_await io::shielded(keep_manifest(repository, std::move((*found)->bytes), std::move(read),
                                      (*found)->digest, by_digest ? "" : reference));
}

}  // namespace podo::registry
