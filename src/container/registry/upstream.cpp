#include "container/registry/upstream.h"

#include <unistd.h>

#include "base/core/number.h"
#include "container/registry_client/manifest_fetch.h"
#include "container/registry_client/problem.h"

namespace podo::registry {
namespace {

constexpr Duration left_alone = seconds(10);
constexpr std::size_t piece_bytes = 256 << 10;

std::optional<std::uint64_t> length_of(const http::Response& response) {
  return whole_number<std::uint64_t>(response.headers.get("Content-Length"));
}

}  // namespace

Result<std::unique_ptr<Upstream>> Upstream::open(const image::RegistryGround& ground, Uploads& uploads,
                                                 io::BlockingPool& pool, const std::string& url,
                                                 image::Credentials credentials) {
  const http::Url parsed = TRY(http::Url::parse(url));
  if (parsed.scheme != "https" && parsed.scheme != "http")
    return invalid("{}: the upstream is an http or https URL", url);
  std::unique_ptr<Upstream> upstream(new Upstream(ground, uploads, pool));
  upstream->endpoint_ = {.base = parsed.to_text(), .insecure = parsed.scheme == "http"};
  while (upstream->endpoint_.base.ends_with('/')) upstream->endpoint_.base.pop_back();
  upstream->credentials_ = std::move(credentials);
  return upstream;
}

image::Session Upstream::session(const std::string& repository) {
  return {ground_, tokens_, endpoint_, credentials_, {text("repository:{}:pull", repository)}};
}

Task<std::optional<Upstream::Manifest>> Upstream::manifest(std::string repository, std::string reference,
                                                           std::string known) {
  if (!known.empty() && ground_.clock.now() < unreachable_until_)
    co_return unavailable("{} did not answer a moment ago", endpoint_.base);
  image::Session asked = session(repository);
  const oci::Reference name{.domain = "upstream", .path = repository, .tag = {}, .digest = {}};
  if (!known.empty()) {
    auto now = co_await image::ask_for_manifest(asked, name, reference).result();
    if (!now) {
      unreachable_until_ = ground_.clock.now() + left_alone;
      co_return Failure(std::move(now).error());
    }
    if (*now && (*now)->digest == known) co_return std::nullopt;
  }
  auto fetched = co_await image::fetch_manifest(asked, name, reference).result();
  if (!fetched) {
    const ErrorKind kind = fetched.error().kind();
    if (kind == ErrorKind::denied || kind == ErrorKind::unauthenticated)
      co_return not_found("{}", fetched.error().message());  // what is hidden, and what is not there
    co_return Failure(std::move(fetched).error());
  }
  co_return Manifest{std::move(fetched->bytes), std::move(fetched->descriptor.media_type),
                     std::move(fetched->descriptor.digest)};
}

Task<std::optional<std::uint64_t>> Upstream::blob_size(std::string repository, std::string digest) {
  image::Session asked = session(repository);
  image::Patience patience = asked.patience(2);
  const http::Response response = co_await asked.send(
      {.method = "HEAD", .target = text("/v2/{}/blobs/{}", repository, digest)}, patience);
  co_return response.status == 200 ? length_of(response) : std::nullopt;
}

// --- blobs ---------------------------------------------------------------------------------------------

std::shared_ptr<Upstream::Fetch> Upstream::fetch_blob(io::TaskGroup& group, const std::string& repository,
                                                      const std::string& digest, Catalog& catalog) {
  std::shared_ptr<Fetch>& here = fetches_[repository + "@" + digest];
  if (here != nullptr) return here;
  here = std::make_shared<Fetch>();
  group.spawn(fetch(here, repository, digest, catalog), "fetch " + digest);
  return here;
}

Task<void> Upstream::fetch(std::shared_ptr<Fetch> fetch, std::string repository, std::string digest,
                           Catalog& catalog) {
  Result<> brought = co_await bring(fetch, repository, digest).result();
  if (brought) brought = co_await catalog.add_blobs(repository, {digest}).result();
  fetches_.erase(repository + "@" + digest);
  if (fetch->file != nullptr) ::unlink(fetch->file->path.c_str());  // unless it has become the blob
  if (!brought) fetch->trouble = std::move(brought).error();
  fetch->ended = true;
  fetch->changed.notify_all();
}

Task<void> Upstream::bring(std::shared_ptr<Fetch> fetch, std::string repository, std::string digest) {
  fetch->file = std::make_shared<UploadFile>(uploads_.fresh_path(), co_await crypto::algorithm_of(digest));
  co_await fetch->file->append("");
  image::Session asked = session(repository);
  image::Patience patience = asked.patience();
  for (;;) {
    image::Ask ask{.target = text("/v2/{}/blobs/{}", repository, digest)};
    if (fetch->here > 0) ask.headers.add("Range", text("bytes={}-", fetch->here));
    http::Response response = co_await asked.send(ask, patience);
    if (response.status != 200 && response.status != 206) {
      const auto problem = co_await image::read_problem(response, "GET " + asked.url_of(ask.target));
      const bool hidden = response.status == 404 || response.status == 401 || response.status == 403;
      if (hidden) co_await not_found("{}", problem.to_text());
      co_await Failure(problem.to_error());
    }
    Result<> read = co_await read_on(*fetch, response).result();
    if (read) break;
    if (!image::may_pass(read.error()) && read.error().kind() != ErrorKind::corrupt) co_await std::move(read);
    co_await patience.rest(std::move(read).error());  // and goes on where it stopped
  }
  const bool right = co_await pool_.run([file = fetch->file, digest] { return file->has(digest); });
  if (!right) co_await corrupt("{} sent other bytes than those of {}", endpoint_.base, digest);
  co_await ground_.images.pin(digest, seconds(3600));
  if (!ground_.images.has_blob(digest))
    co_await ground_.images.adopt_blob(fetch->file->path, digest, fetch->file->size);
}

Task<void> Upstream::read_on(Fetch& fetch, http::Response& response) {
  std::uint64_t skip = response.status == 206 ? 0 : fetch.here;
  if (const auto length = length_of(response)) fetch.size = *length + fetch.here - skip;
  fetch.changed.notify_all();
  auto piece = std::make_shared<std::string>(piece_bytes, '\0');
  for (;;) {
    const std::size_t count = co_await response.body->read(io::writable_bytes_of(*piece));
    if (count == 0) co_return;
    const auto known = static_cast<std::size_t>(std::min<std::uint64_t>(skip, count));
    skip -= known;
    co_await pool_.run([file = fetch.file, piece, known, count] {
      return file->append(std::string_view(*piece).substr(known, count - known));
    });
    fetch.here = fetch.file->size;
    fetch.changed.notify_all();
  }
}

}  // namespace podo::registry
