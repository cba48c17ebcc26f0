#include "container/registry_client/download.h"

#include <algorithm>

#include "base/core/number.h"
#include "base/io/combine.h"
#include "container/registry_client/problem.h"

namespace podo::image {
namespace {

constexpr std::size_t piece_bytes = 256 << 10;

// One blob on its way: what is read waits, a piece at a time, for what is written, so that the network and
// the disk work side by side and memory holds three pieces.
struct Transfer {
  RegistryShared& shared;
  Session& session;
  std::string repository;
  oci::Descriptor blob;
  LayerProgress& progress;
  std::unique_ptr<Images::BlobWriter> writer = nullptr;

  std::string piece = {};  // full and not written yet, or ""
  io::Condition changed{"a piece of a blob"};
  bool ended = false;
  std::optional<Error> trouble = {};  // the reading side's; what came before it is written all the same
  Monotonic moved = {};

  std::string target() const { return text("/v2/{}/blobs/{}", repository, blob.digest); }
};

// "bytes 100-199/200" -> 100
std::optional<std::uint64_t> range_start(std::string_view content_range) {
  if (!content_range.starts_with("bytes ")) return std::nullopt;
  content_range.remove_prefix(6);
  return whole_number<std::uint64_t>(content_range.substr(0, content_range.find('-')));
}

// How many bytes of the answer are here already; corrupt when it cannot be this blob's rest.
Result<std::uint64_t> bytes_to_skip(const http::Response& response, const Transfer& transfer) {
  const std::uint64_t offset = transfer.writer->offset(), size = transfer.blob.size;
  const bool partial = response.status == 206;
  const std::uint64_t expected = partial ? size - offset : size;
  const auto length = whole_number<std::uint64_t>(response.headers.get("Content-Length"));
  if (length && *length != expected)
    return corrupt("blob {}: the registry sends {} bytes, the manifest says {}", transfer.blob.digest,
                   *length, expected);
  if (!partial) return offset;
  const auto start = range_start(response.headers.get("Content-Range"));
  if (start && *start != offset)
    return corrupt("blob {}: asked for the bytes from {}, got those from {}", transfer.blob.digest, offset,
                   *start);
  return 0;
}

Task<void> hand_over(Transfer& transfer, std::string& piece) {
  while (!transfer.piece.empty()) co_await transfer.changed.wait();
  transfer.piece = std::move(piece);
  piece.clear();
  transfer.changed.notify_all();
}

Task<void> read_pieces(Transfer& transfer, http::Body& body, std::uint64_t skip, std::string& piece) {
  std::string buffer(piece_bytes, '\0');
  for (;;) {
    const std::size_t count = co_await body.read(io::writable_bytes_of(buffer));
    transfer.moved = transfer.shared.ground.clock.now();
    if (count == 0) break;
    std::string_view got(buffer.data(), count);
    const std::size_t known = static_cast<std::size_t>(std::min<std::uint64_t>(skip, count));
    skip -= known;
    got.remove_prefix(known);
    piece += got;
    if (piece.size() < piece_bytes) continue;
    co_await hand_over(transfer, piece);
  }
}

Task<void> read_side(Transfer& transfer, http::Body& body, std::uint64_t skip) {
  std::string piece;
  piece.reserve(2 * piece_bytes);
  Result<> read =
      co_await io::first(read_pieces(transfer, body, skip, piece),
                         watch_for_stall(transfer.shared.ground.clock, transfer.moved, stalled_after))
          .result();
  if (!read && read.error().kind() == ErrorKind::cancelled) co_await std::move(read);
  if (!piece.empty()) co_await hand_over(transfer, piece);
  if (!read) transfer.trouble = std::move(read).error();
  transfer.ended = true;
  transfer.changed.notify_all();
}

Task<void> write_side(Transfer& transfer) {
  const std::shared_ptr<Flight> flight = transfer.shared.flights.find(transfer.blob.digest);
  for (;;) {
    while (transfer.piece.empty() && !transfer.ended) co_await transfer.changed.wait();
    if (transfer.piece.empty()) co_return;
    std::string piece = std::exchange(transfer.piece, {});
    transfer.changed.notify_all();
    // A piece is written whole or not at all, also when the pull is cancelled: the next one goes on behind
    // it.
    co_await io::shielded(transfer.writer->write(std::move(piece)));
    transfer.moved = transfer.shared.ground.clock.now();  // a slow disk is no stalled registry
    const std::uint64_t current = transfer.writer->offset();
    transfer.progress.say("Downloading", current, transfer.blob.size);
    if (flight) {
      flight->current = current;
      flight->changed.notify_all();
    }
  }
}

// One request for what is missing, as far as it gets. Trouble that may pass fails with `unavailable`.
Task<void> fetch_rest(Transfer& transfer, Patience& patience) {
  const std::uint64_t offset = transfer.writer->offset();
  Ask ask{.target = transfer.target()};
  if (offset > 0) ask.headers.add("Range", text("bytes={}-", offset));
  http::Response response = co_await transfer.session.send(ask, patience);
  if (response.status != 200 && response.status != 206) {
    const RegistryProblem problem = co_await read_problem(
        response, text("GET request to {}", transfer.session.url_of(transfer.target())));
    co_await Failure(problem.to_error());
  }
  const std::uint64_t skip = co_await bytes_to_skip(response, transfer);
  transfer.ended = false;
  transfer.trouble.reset();
  transfer.moved = transfer.shared.ground.clock.now();
  co_await io::all(read_side(transfer, *response.body, skip), write_side(transfer));
  if (transfer.writer->offset() == transfer.blob.size) co_return;
  const std::string reason = transfer.trouble ? transfer.trouble->message() : "the answer ended early";
  co_await unavailable("blob {}: {} after {} of {} bytes", transfer.blob.digest, reason,
                       transfer.writer->offset(), transfer.blob.size);
}

Task<void> fetch_and_commit(Transfer& transfer) {
  Patience patience = transfer.session.patience();
  while (transfer.writer->offset() < transfer.blob.size) {
    const std::uint64_t before = transfer.writer->offset();
    Result<> fetched = co_await fetch_rest(transfer, patience).result();
    if (fetched) break;
    if (fetched.error().kind() != ErrorKind::unavailable) co_await std::move(fetched);
    if (transfer.writer->offset() > before) patience.renew();
    transfer.shared.ground.log.warn("{}", fetched.error().message());
    co_await patience.rest(std::move(fetched).error());
  }
  transfer.progress.say("Verifying Checksum");
  co_await io::shielded(transfer.writer->commit());
}

// Waits for the one that downloads, and tells of its progress. Null: the blob is here.
Task<std::unique_ptr<Flights::Hold>> take_flight(RegistryShared& shared, const oci::Descriptor& blob,
                                                 LayerProgress& progress) {
  for (;;) {
    if (shared.ground.images.has_blob(blob.digest)) co_return nullptr;
    if (auto hold = shared.flights.take(blob.digest)) co_return std::move(hold);
    const std::shared_ptr<Flight> flight = shared.flights.find(blob.digest);
    while (!flight->ended) {
      co_await flight->changed.wait();
      progress.say("Downloading", flight->current, blob.size);
    }
  }
}

}  // namespace

Task<void> download_blob(RegistryShared& shared, Session& session, std::string repository,
                         oci::Descriptor blob, LayerProgress& progress) {
  const std::unique_ptr<Flights::Hold> hold = co_await take_flight(shared, blob, progress);
  if (hold) {
    Transfer transfer{shared, session, std::move(repository), blob, progress};
    transfer.writer = co_await shared.ground.images.write_blob(blob.digest, blob.size);
    const bool resumed = transfer.writer->offset() > 0;
    Result<> done = co_await fetch_and_commit(transfer).result();
    if (!done && done.error().kind() == ErrorKind::corrupt && resumed) {
      // What an earlier pull left may be the wrong part of it; the writer threw it away.
      transfer.writer.reset();
      transfer.writer = co_await shared.ground.images.write_blob(blob.digest, blob.size);
      done = co_await fetch_and_commit(transfer).result();
    }
    co_await std::move(done);
  }
  progress.say("Download complete");
}

}  // namespace podo::image
