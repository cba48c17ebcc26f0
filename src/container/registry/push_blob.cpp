// Blobs come in: at once or in chunks, or from another repository (distribution-spec, "Pushing blobs").
#include <fcntl.h>
#include <unistd.h>

#include "base/core/number.h"
#include "base/io/combine.h"
#include "base/linux/file.h"
#include "container/registry/server_state.h"

namespace podo::registry {
namespace {

// range := first "-" last                both ends included; also as HTTP writes it: "bytes first-last/size"
struct Chunk {
  std::uint64_t first = 0, last = 0;
};
std::optional<Chunk> read_content_range(std::string_view text) {
  if (text.starts_with("bytes ")) text = text.substr(6, text.find('/') - 6);
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = whole_number<std::uint64_t>(text.substr(0, dash)),
             last = whole_number<std::uint64_t>(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return Chunk{*first, *last};
}

std::uint64_t length_of(const http::Exchange& exchange) {
  return whole_number<std::uint64_t>(exchange.headers().get("Content-Length")).value_or(0);
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

Result<> sync(const std::string& path, int flags) {
  const io::Fd file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY | flags));
  if (::fsync(file.get()) != 0) return failed_errno(errno, "sync {}", path);
  return {};
}

}  // namespace

http::Headers Server::State::upload_headers(const Upload& upload) const {
  const std::uint64_t size = upload.file->size;
  return {{"Location", text("/v2/{}/blobs/uploads/{}", upload.repository, upload.id)},
          {"Range", text("0-{}", size == 0 ? 0 : size - 1)},
          {"Docker-Upload-UUID", upload.id}};
}

// --- what becomes of the bytes -------------------------------------------------------------------------

// Files first, then the folders of their names.
Task<void> Server::State::make_durable(std::vector<std::string> digests) {
  std::vector<std::string> paths;
  for (const std::string& digest : digests) paths.push_back(ground.images.blob_path(digest));
  co_await ground.pool.run([paths]() -> Result<> {
    for (const std::string& path : paths) TRY(sync(path, 0));
    for (std::size_t i = 0; i < paths.size(); ++i)
      if (i == 0 || folder_of(paths[i]) != folder_of(paths[i - 1]))
        TRY(sync(folder_of(paths[i]), O_DIRECTORY));
    return {};
  });
}

// False: the bytes have another digest. Once begun it is not cancelled: the client may go, the blob stays.
Task<bool> Server::State::keep_upload(UploadPtr upload, std::string digest) {
  if (!co_await uploads.has_digest(upload, digest)) {
    co_await uploads.remove(upload);
    co_return false;
  }
  co_await ground.images.pin(digest, options.held);
  if (ground.images.has_blob(digest)) co_await make_durable({digest});
  else co_await ground.images.adopt_blob(upload->file->path, digest, upload->file->size);
  co_await uploads.remove(upload);
  co_await catalog.add_blobs(upload->repository, {digest});
  co_return true;
}

Task<void> Server::State::answer_created(Call& call, std::string digest) {
  return answer(
      call.exchange, 201,
      {{"Location", text("/v2/{}/blobs/{}", call.repository(), digest)}, {"Docker-Content-Digest", digest}});
}

// --- POST ----------------------------------------------------------------------------------------------

Task<void> Server::State::begin_upload(Call& call) {
  if (!call.query("mount").empty() && co_await mount(call)) co_return;
  const std::string digest(call.query("digest"));
  if (!digest.empty()) co_return co_await upload_at_once(call, digest);
  auto algorithm = crypto::DigestAlgorithm::sha256;
  if (const std::string_view wanted = call.query("digest-algorithm"); !wanted.empty()) {
    const auto known = crypto::algorithm_of(std::string(wanted) + ":");
    if (!known)
      co_return co_await refuse(call.exchange, digest_invalid("digests are made by sha256 and sha512 here"));
    algorithm = *known;
  }
  const UploadPtr upload = co_await uploads.begin(call.repository(), algorithm, Uploads::Resumable::yes);
  co_await answer(call.exchange, 202, upload_headers(*upload));
}

// A blob that another repository has needs no upload. `from` may be left out: then any will do that the
// caller may read. Not found: an upload begins, as the specification has it.
Task<bool> Server::State::mount(Call& call) {
  const std::string digest(call.query("mount")), from(call.query("from"));
  if (!is_digest(digest) || !ground.images.has_blob(digest)) co_return false;
  auto readable = [&call](const std::string& repository) {
    return call.caller.may({"repository", repository, {"pull"}});
  };
  bool found = engine_has_blob(digest) || catalog.has_blob(call.repository(), digest);
  if (!found && !from.empty()) found = readable(from) && catalog.has_blob(from, digest);
  if (!found && from.empty()) found = catalog.find_owner(digest, readable).has_value();
  if (!found) co_return false;
  co_await ground.images.pin(digest, options.held);
  co_await make_durable({digest});
  co_await catalog.add_blobs(call.repository(), {digest});
  co_await answer_created(call, digest);
  co_return true;
}

Task<void> Server::State::upload_at_once(Call& call, std::string digest) {
  if (!is_digest(digest))
    co_return co_await refuse(call.exchange, digest_invalid("no digest of a known kind"));
  const UploadPtr upload = co_await uploads.begin(call.repository(), co_await crypto::algorithm_of(digest),
                                                  Uploads::Resumable::no);
  const std::uint64_t turn = co_await uploads.take_over(upload);
  Result<> received =
      co_await uploads.receive(upload, turn, call.exchange.body(), length_of(call.exchange)).result();
  if (!received) {
    co_await io::shielded(uploads.remove(upload));
    co_await std::move(received);
  }
  if (!co_await io::shielded(keep_upload(upload, digest)))
    co_return co_await refuse(call.exchange, digest_invalid("the bytes have another digest than " + digest));
  co_await answer_created(call, digest);
}

// --- PATCH, PUT, GET, DELETE ---------------------------------------------------------------------------

Task<void> Server::State::serve_upload(Call& call) {
  const std::string_view method = call.method();
  const UploadPtr upload = uploads.find(call.repository(), call.reference());
  if (upload == nullptr) co_return co_await refuse(call.exchange, upload_unknown(call.reference()));
  if (method == "GET" || method == "HEAD")
    co_return co_await answer(call.exchange, 204, upload_headers(*upload));
  if (method == "PATCH") co_return co_await append_to_upload(call, upload);
  if (method == "PUT") co_return co_await complete_upload(call, upload);
  if (method != "DELETE") co_return co_await refuse_method(call, "GET, HEAD, PATCH, PUT, DELETE");
  static_cast<void>(co_await uploads.take_over(upload));
  co_await uploads.remove(upload);
  co_await answer(call.exchange, 204, {});
}

Task<void> Server::State::answer_range_invalid(Call& call, UploadPtr upload, std::string why) {
  return refuse(call.exchange, range_invalid(why), upload_headers(*upload));
}

// The bytes of one request, at the place where they belong. Without a Content-Range that is the end of what
// is here, as Docker's clients mean it. Leaves the exchange answered when they do not fit.
Task<void> Server::State::receive_chunk(Call& call, UploadPtr upload) {
  const http::Headers& headers = call.exchange.headers();
  const auto given = headers.find("Content-Range");
  const auto chunk = given ? read_content_range(*given) : std::nullopt;
  const std::uint64_t turn = co_await uploads.take_over(upload);
  const std::uint64_t here = upload->file->size;
  if (given && !chunk) co_return co_await answer_range_invalid(call, upload, "expected FIRST-LAST");
  if (chunk && chunk->first != here)
    co_return co_await answer_range_invalid(call, upload, text("the next byte is that at {}", here));
  const bool sized = headers.find("Content-Length").has_value();
  const std::uint64_t length = length_of(call.exchange);
  if (chunk && sized && chunk->last - chunk->first + 1 != length)
    co_return co_await refuse(call.exchange, size_invalid("Content-Range and Content-Length differ"));
  co_await uploads.receive(upload, turn, call.exchange.body(), length);
  if (chunk && upload->file->size != chunk->last + 1)
    co_return co_await refuse(call.exchange, size_invalid("the body is not as long as its Content-Range"));
}

Task<void> Server::State::append_to_upload(Call& call, UploadPtr upload) {
  co_await receive_chunk(call, upload);
  if (!call.exchange.head_sent()) co_await answer(call.exchange, 202, upload_headers(*upload));
}

Task<void> Server::State::complete_upload(Call& call, UploadPtr upload) {
  const std::string digest(call.query("digest"));
  if (!is_digest(digest))
    co_return co_await refuse(call.exchange, digest_invalid("the query needs a digest of a known kind"));
  const auto algorithm = co_await crypto::algorithm_of(digest);
  if (upload->file->size == 0 && upload->file->algorithm != algorithm) {
    upload->file->digest = crypto::Digest(algorithm);
    upload->file->algorithm = algorithm;
  }
  co_await receive_chunk(call, upload);
  if (call.exchange.head_sent()) co_return;
  if (!co_await io::shielded(keep_upload(upload, digest)))
    co_return co_await refuse(call.exchange, digest_invalid("the bytes have another digest than " + digest));
  co_await answer_created(call, digest);
}

}  // namespace podo::registry
