#include "container/registry_client/upload.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/io/combine.h"
#include "base/linux/file.h"
#include "container/registry_client/problem.h"

namespace podo::image {
namespace {

constexpr std::uint64_t chunk_bytes = 8 << 20;
constexpr std::size_t read_ahead_bytes = 4 << 20;
constexpr Duration answered_within = seconds(300);  // a registry hashes what it got before it answers

// A part of a file as the body of a request. Read on the loop: what comes next was asked of the kernel
// before.
class FileBody final : public http::Body {
 public:
  FileBody(int fd, std::uint64_t begin, std::uint64_t end, Clock& clock, LayerProgress& progress,
           std::uint64_t total)
      : fd_(fd),
        at_(begin),
        end_(end),
        clock_(clock),
        progress_(progress),
        total_(total),
        moved_(clock.now()) {}

  Task<std::size_t> read(std::span<std::byte> into) override {
    if (at_ == end_) co_return 0;
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end_ - at_));
    ::posix_fadvise(fd_, static_cast<off_t>(at_ + wanted), read_ahead_bytes, POSIX_FADV_WILLNEED);
    const ssize_t count = ::pread(fd_, into.data(), wanted, static_cast<off_t>(at_));
    if (count < 0) co_await failed_errno(errno, "read a blob");
    if (count == 0) co_await corrupt("a blob's file ends early");
    at_ += static_cast<std::uint64_t>(count);
    moved_ = clock_.now();
    progress_.say("Pushing", at_, total_);
    co_return static_cast<std::size_t>(count);
  }
  const Monotonic& moved() const { return moved_; }

 private:
  int fd_;
  std::uint64_t at_, end_;
  Clock& clock_;
  LayerProgress& progress_;
  std::uint64_t total_;
  Monotonic moved_;  // when the connection last took bytes
};

struct Sending {
  RegistryShared& shared;
  Session& session;
  const Upload& upload;
  LayerProgress& progress;
  io::Fd file = {};
  std::string location = {};  // of the upload session; a new one with each answer
  bool by_chunks = false;

  std::string uploads() const { return text("/v2/{}/blobs/uploads/", upload.repository); }
};

Task<void> fail_with(http::Response& response, std::string asked) {
  const RegistryProblem problem = co_await read_problem(response, std::move(asked));
  co_await Failure(problem.to_error());
}

std::string with_digest(std::string location, std::string_view digest) {
  location += location.contains('?') ? "&digest=" : "?digest=";
  return location + http::percent_encode(digest);
}

Task<bool> is_there(Sending& sending) {
  Patience patience = sending.session.patience();
  Ask ask{.method = "HEAD",
          .target = text("/v2/{}/blobs/{}", sending.upload.repository, sending.upload.digest)};
  const http::Response response = co_await sending.session.send(std::move(ask), patience);
  co_return response.status == 200;
}

// Opens an upload session, or mounts the blob from another repository: then true.
Task<bool> begin_upload(Sending& sending, std::string mount_from) {
  Patience patience = sending.session.patience();
  Ask ask{.method = "POST", .target = sending.uploads()};
  if (!mount_from.empty())
    ask.target += text("?mount={}&from={}", http::percent_encode(sending.upload.digest),
                       http::percent_encode(mount_from));
  const std::string target = ask.target;
  http::Response response = co_await sending.session.send(std::move(ask), patience);
  if (response.status == 201 && !mount_from.empty()) co_return true;
  if (response.status != 202)
    co_await fail_with(response, text("POST request to {}", sending.session.url_of(target)));
  sending.location = co_await sending.session.located(target, response.headers.get("Location"));
  co_return false;
}

Task<void> keep_answer(Session& session, Ask ask, std::optional<http::Response>& answer) {
  answer = co_await session.send_once(std::move(ask));
}

// Sends the bytes from `begin` to `end` of the file; gives up when the registry takes none for a while.
Task<http::Response> send_bytes(Sending& sending, Ask ask, std::uint64_t begin, std::uint64_t end) {
  FileBody body(sending.file.get(), begin, end, sending.shared.ground.clock, sending.progress,
                sending.upload.size);
  ask.headers.add("Content-Type", "application/octet-stream");
  ask.streamed_body = &body;
  ask.body_size = end - begin;
  std::optional<http::Response> answer;
  co_await io::first(keep_answer(sending.session, std::move(ask), answer),
                     watch_for_stall(sending.shared.ground.clock, body.moved(), answered_within));
  // Whatever it says is read here: its body may still need the one that was sent.
  if (answer->body) {
    Result<std::string> text = co_await http::read_all(*answer->body, 64 << 10).result();
    answer->body = nullptr;
    if (answer->status >= 400)
      co_await fail(
          may_pass(answer->status) || answer->status == 401 ? ErrorKind::unavailable : ErrorKind::invalid,
          podo::text("upload of {}: {} {}: {}", sending.upload.digest, answer->status,
                     http::reason_of(answer->status), text ? *text : text.error().message()));
  }
  co_return *std::move(answer);
}

Task<void> send_whole(Sending& sending) {
  Ask ask{.method = "PUT", .target = with_digest(sending.location, sending.upload.digest)};
  const http::Response response = co_await send_bytes(sending, std::move(ask), 0, sending.upload.size);
  if (response.status != 201)
    co_await unavailable("upload of {}: unexpected status {}", sending.upload.digest, response.status);
}

// How much of the upload the registry holds, from "Range: 0-99".
std::uint64_t held_bytes(const http::Headers& headers) {
  const std::string_view range = headers.get("Range");
  const std::size_t dash = range.find('-');
  if (dash == range.npos) return 0;
  std::uint64_t last = 0;
  const auto read = std::from_chars(range.data() + dash + 1, range.data() + range.size(), last);
  return read.ec == std::errc() && last > 0 ? last + 1 : 0;
}

Task<void> finish_upload(Sending& sending) {
  Patience patience = sending.session.patience();
  Ask ask{.method = "PUT", .target = with_digest(sending.location, sending.upload.digest)};
  http::Response response = co_await sending.session.send(std::move(ask), patience);
  if (response.status != 201)
    co_await fail_with(response, text("PUT request to {}", sending.session.url_of(sending.location)));
}

Task<void> ask_for_status(Sending& sending, std::uint64_t& held) {
  Patience patience = sending.session.patience();
  http::Response response = co_await sending.session.send({.target = sending.location}, patience);
  if (response.status != 204)
    co_await unavailable("upload of {}: the registry has lost it", sending.upload.digest);
  held = held_bytes(response.headers);
  if (const std::string_view next = response.headers.get("Location"); !next.empty())
    sending.location = co_await sending.session.located(sending.location, next);
}

Task<void> send_chunk(Sending& sending, std::uint64_t& held) {
  const std::uint64_t end = std::min(held + chunk_bytes, sending.upload.size);
  Ask ask{.method = "PATCH",
          .target = sending.location,
          .headers = {{"Content-Range", text("{}-{}", held, end - 1)}}};
  const http::Response response = co_await send_bytes(sending, std::move(ask), held, end);
  sending.location = co_await sending.session.located(sending.location, response.headers.get("Location"));
  held = end;
}

// For a way to the registry that breaks often: what a chunk brought there stays there.
Task<void> send_by_chunks(Sending& sending) {
  Patience patience = sending.session.patience();
  std::uint64_t held = 0;
  while (held < sending.upload.size) {
    Result<> sent = co_await send_chunk(sending, held).result();
    if (sent) {
      patience.renew();
      continue;
    }
    if (!may_pass(sent.error())) co_await std::move(sent);
    co_await patience.rest(std::move(sent).error());
    co_await ask_for_status(sending, held);
  }
  co_await finish_upload(sending);
}

Task<bool> mount(Sending& sending, std::string& from) {
  for (const auto& repository : sending.upload.mount_from) {
    sending.session.add_scope(text("repository:{}:pull", repository));
    if (!co_await begin_upload(sending, repository)) continue;
    from = repository;
    co_return true;
  }
  co_return false;
}

}  // namespace

Task<Uploaded> upload_blob(RegistryShared& shared, Session& session, Upload upload, LayerProgress& progress) {
  Sending sending{shared, session, upload, progress};
  if (co_await is_there(sending)) co_return Uploaded{Uploaded::How::already_there, {}};
  std::string from;
  if (co_await mount(sending, from)) co_return Uploaded{Uploaded::How::mounted, from};
  sending.file = co_await linux::open_at(AT_FDCWD, upload.path.c_str(), O_RDONLY);
  Patience patience = session.patience();
  for (bool first = true;; first = false) {
    // A mount that was refused has opened an upload session.
    if (sending.location.empty()) co_await begin_upload(sending, {});
    Result<> sent = first ? co_await send_whole(sending).result() : co_await send_by_chunks(sending).result();
    if (sent) co_return Uploaded{};
    const bool whole_was_refused = first && sent.error().kind() == ErrorKind::invalid;
    if (!may_pass(sent.error()) && !whole_was_refused) co_await std::move(sent);
    shared.ground.log.warn("{}", sent.error().message());
    sending.location.clear();
    co_await patience.rest(std::move(sent).error());
  }
}

Task<void> put_document(Session& session, const oci::Reference& repository, std::string tag,
                        std::string media_type, std::string bytes, std::string digest) {
  Patience patience = session.patience();
  Ask ask{.method = "PUT",
          .target = text("/v2/{}/manifests/{}", repository.path, tag.empty() ? digest : tag),
          .headers = {{"Content-Type", media_type}},
          .body = std::move(bytes)};
  const std::string asked = text("PUT request to {}", session.url_of(ask.target));
  http::Response response = co_await session.send(std::move(ask), patience);
  if (response.status != 201 && response.status != 200) {
    const RegistryProblem problem = co_await read_problem(response, asked);
    co_await Failure(problem.to_error());
  }
  const std::string_view said = response.headers.get("Docker-Content-Digest");
  if (!said.empty() && said != digest)
    co_await corrupt("the registry took the manifest {} for {}", digest, said);
}

}  // namespace podo::image
