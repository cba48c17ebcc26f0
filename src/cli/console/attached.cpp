#include "cli/console/attached.h"

#include <algorithm>

#include "base/io/combine.h"
#include "cli/console/output.h"
#include "cli/console/terminal.h"

namespace podo::cli {

using io::Task;

bool FrameReader::next(Piece& piece) {
  while (left_ == 0) {
    std::size_t wanted = std::min(8 - header_.size(), rest_.size());
    header_.append(rest_.substr(0, wanted));
    rest_.remove_prefix(wanted);
    if (header_.size() < 8) return false;
    stream_ = static_cast<std::uint8_t>(header_[0]);
    for (std::size_t i = 4; i < 8; ++i) left_ = left_ << 8 | static_cast<std::uint8_t>(header_[i]);
    header_.clear();
  }
  piece = {stream_, rest_.substr(0, left_)};
  rest_.remove_prefix(piece.bytes.size());
  left_ -= static_cast<std::uint32_t>(piece.bytes.size());
  return !piece.bytes.empty();
}

Task<void> copy_output(io::Stream& from, bool framed) {
  std::string bytes(64 << 10, '\0');
  FrameReader frames;
  while (std::size_t count = co_await from.read(io::writable_bytes_of(bytes))) {
    std::string_view came = std::string_view(bytes).substr(0, count);
    if (!framed) {
      co_await print(came);
      continue;
    }
    frames.feed(came);
    for (FrameReader::Piece piece{}; frames.next(piece);) {
      if (piece.stream == 2) print_error_bytes(piece.bytes);
      else co_await print(piece.bytes);
    }
  }
}

namespace {

Task<Ended> output_of(io::Stream& stream, bool framed) {
  Result<void> copied = co_await copy_output(stream, framed).result();
  if (!copied && copied.error().kind() == ErrorKind::cancelled) co_return Failure(std::move(copied).error());
  co_return Ended::output_ended;
}

// Never ends by itself before the output does, unless the keys are typed.
Task<Ended> input_of(io::EpollLoop& loop, io::Stream& stream, DetachKeys keys) {
  StandardInput input(loop);
  std::string bytes(32 << 10, '\0');
  while (std::size_t count = co_await input.read(io::writable_bytes_of(bytes))) {
    std::string passed = keys.pass(std::string_view(bytes).substr(0, count));
    Result<void> written = co_await io::write_text(stream, std::move(passed)).result();
    if (keys.found()) co_return Ended::detached;
    if (!written) break;  // the container takes no more
  }
  (void)stream.finish();
  co_await io::sleep(seconds(1'000'000'000));
  co_return Ended::output_ended;
}

}  // namespace

Task<Ended> join_streams(io::EpollLoop& loop, io::Stream& stream, Attachment how) {
  if (!how.input) co_return co_await output_of(stream, !how.tty);
  std::optional<RawMode> raw;
  if (how.tty) raw.emplace();
  DetachKeys keys(how.tty ? how.detach_keys : "");
  co_return co_await io::first(output_of(stream, !how.tty), input_of(loop, stream, std::move(keys)));
}

}  // namespace podo::cli
