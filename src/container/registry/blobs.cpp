// Blobs are given away, and unlinked.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/http/range.h"
#include "base/linux/file.h"
#include "container/registry/server_state.h"

namespace podo::registry {
namespace {

constexpr std::uint64_t piece_bytes = 1 << 20;

// Whether the end of a piece is in the kernel's cache: then all of it very likely is, and sending it holds
// nobody up.
bool is_cached(int file, std::uint64_t offset, std::uint64_t count) {
  char byte;
  iovec into{&byte, 1};
  const ssize_t got = ::preadv2(file, &into, 1, static_cast<off_t>(offset + count - 1), RWF_NOWAIT);
  return got >= 0 || errno != EAGAIN;
}

Result<> read_into_cache(int file, std::uint64_t offset, std::uint64_t count) {
  static_cast<void>(
      ::posix_fadvise(file, static_cast<off_t>(offset), static_cast<off_t>(count * 4), POSIX_FADV_WILLNEED));
  std::string scratch(64 << 10, '\0');
  while (count > 0) {
    const ssize_t got = ::pread(file, scratch.data(), std::min<std::uint64_t>(count, scratch.size()),
                                static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {};  // sending it will tell
    offset += static_cast<std::uint64_t>(got);
    count -= static_cast<std::uint64_t>(got);
  }
  return {};
}

Task<void> send_piece(io::BlockingPool& pool, http::Exchange& exchange, std::shared_ptr<const io::Fd> file,
                      std::uint64_t offset, std::uint64_t count) {
  if (!is_cached(file->get(), offset, count))
    co_await pool.run([file, offset, count] { return read_into_cache(file->get(), offset, count); });
  co_await exchange.send_file(file->get(), offset, count);
}

http::Headers blob_headers(std::string_view digest, const std::string& etag) {
  return {{"Content-Type", "application/octet-stream"},
          {"Docker-Content-Digest", std::string(digest)},
          {"ETag", etag},
          {"Cache-Control", "max-age=31536000"},
          {"Accept-Ranges", "bytes"}};
}

}  // namespace

std::optional<std::string> Server::State::blob_path(const std::string& repository,
                                                    const std::string& digest) const {
  if (!ground.images.has_blob(digest)) return std::nullopt;
  if (!catalog.has_blob(repository, digest) && !engine_has_blob(digest)) return std::nullopt;
  return ground.images.blob_path(digest);
}

// Whoever was told of it may build on it for a while. What is linked is no garbage of the content store's.
Task<void> Server::State::hold(const std::string& repository, const std::string& digest) {
  catalog.touch_blob(repository, digest);
  if (!catalog.has_blob(repository, digest)) co_await ground.images.pin(digest, options.held);
}

Task<void> Server::State::get_blob(Call& call) {
  const std::string digest = call.reference();
  if (!is_digest(digest))
    co_return co_await refuse(call.exchange, digest_invalid("no digest of a known kind"));
  if (auto path = blob_path(call.repository(), digest)) {
    co_await hold(call.repository(), digest);
    co_return co_await send_blob(call, *std::move(path));
  }
  if (upstream == nullptr) co_return co_await refuse(call.exchange, blob_unknown(digest));
  if (call.is_head()) {
    const std::optional<std::uint64_t> size = co_await upstream->blob_size(call.repository(), digest);
    if (!size) co_return co_await refuse(call.exchange, blob_unknown(digest));
    http::Headers headers = blob_headers(digest, "\"" + digest + "\"");
    headers.add("Content-Length", text("{}", *size));
    co_await begin(call.exchange, 200, std::move(headers));
    co_return co_await call.exchange.end();
  }
  co_await follow_blob(call, upstream->fetch_blob(background, call.repository(), digest, catalog));
}

Task<void> Server::State::send_blob(Call& call, std::string path) {
  const std::string digest = call.reference(), etag = "\"" + digest + "\"";
  const auto file = std::make_shared<const io::Fd>(co_await linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY));
  struct stat status;
  if (::fstat(file->get(), &status) != 0) co_await failed_errno(errno, "{}", path);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  http::Headers headers = blob_headers(digest, etag);
  if (http::has_already(call.exchange.headers(), etag))
    co_return co_await answer(call.exchange, 304, std::move(headers));
  http::RangeChoice range{.count = size};
  if (!call.is_head()) range = http::choose_range(call.exchange.headers(), size, etag);
  if (range.kind != http::RangeChoice::Kind::whole) headers.add("Content-Range", range.content_range(size));
  if (range.kind == http::RangeChoice::Kind::unsatisfiable)
    co_return co_await refuse(call.exchange, range_invalid("the blob ends before this range"),
                              {{"Content-Range", range.content_range(size)}});
  headers.add("Content-Length", text("{}", range.count));
  const bool part = range.kind == http::RangeChoice::Kind::part;
  co_await begin(call.exchange, part ? 206 : 200, std::move(headers));
  for (std::uint64_t sent = 0; !call.is_head() && sent < range.count;) {
    const std::uint64_t count = std::min(range.count - sent, piece_bytes);
    co_await send_piece(ground.pool, call.exchange, file, range.offset + sent, count);
    sent += count;
  }
  co_await call.exchange.end();
}

// A blob that is on its way from the upstream is passed on as it comes. What was wrong with it shows at its
// end: then the answer is cut off.
Task<void> Server::State::follow_blob(Call& call, std::shared_ptr<Upstream::Fetch> fetch) {
  const std::string digest = call.reference();
  while (!fetch->size && !fetch->ended) co_await fetch->changed.wait();
  const bool ranged = call.exchange.headers().find("Range").has_value();
  while (ranged && !fetch->ended) co_await fetch->changed.wait();  // out of order: when all of it is here
  if (fetch->ended) {
    if (!fetch->trouble) co_return co_await send_blob(call, ground.images.blob_path(digest));
    if (fetch->trouble->kind() == ErrorKind::not_found)
      co_return co_await refuse(call.exchange, blob_unknown(digest));
    co_await Failure(*fetch->trouble);
  }
  const auto file =
      std::make_shared<const io::Fd>(co_await linux::open_at(AT_FDCWD, fetch->file->path.c_str(), O_RDONLY));
  http::Headers headers = blob_headers(digest, "\"" + digest + "\"");
  headers.add("Content-Length", text("{}", *fetch->size));
  co_await begin(call.exchange, 200, std::move(headers));
  for (std::uint64_t sent = 0; !fetch->trouble;) {
    // The last byte waits for the digest of all of them.
    const bool held_back = !fetch->ended && fetch->here == *fetch->size && fetch->here > 0;
    const std::uint64_t until = held_back ? fetch->here - 1 : fetch->here;
    if (until > sent) {
      co_await call.exchange.send_file(file->get(), sent, until - sent);
      sent = until;
    } else if (fetch->ended) {
      break;
    } else {
      co_await fetch->changed.wait();
    }
  }
  if (fetch->trouble) co_await Failure(*fetch->trouble);
  co_await call.exchange.end();
}

Task<void> Server::State::delete_blob(Call& call) {
  const std::string digest = call.reference();
  if (!is_digest(digest))
    co_return co_await refuse(call.exchange, digest_invalid("no digest of a known kind"));
  if (!co_await catalog.remove_blob(call.repository(), digest))
    co_return co_await refuse(call.exchange, blob_unknown(digest));
  co_await answer(call.exchange, 202, {{"Docker-Content-Digest", digest}});
}

}  // namespace podo::registry
