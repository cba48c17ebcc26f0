// Any frames as what a client of SPDY sends: nothing breaks, what is kept is bounded by the limits, and the
// streams seen are the same whether the bytes come at once or in pieces. So that the fuzzer gets past zlib,
// the input is a list of commands, each of which becomes a frame:
//
//   command := kind:u8 flags:u8 id:u8 size:u8 bytes{size}      kind 10: the bytes as they are
#include <cstddef>
#include <cstdint>

#include "base/core/ensure.h"
#include "base/http/spdy_session.h"
#include "base/io/stream.h"

namespace podo::http {
namespace {

constexpr SpdyLimits limits{.streams = 6, .control_frame = 4096, .header_block = 4096, .unread = 4096};

std::string number(std::uint64_t value, int bytes = 4) {
  std::string out;
  while (bytes-- > 0) out += static_cast<char>(value >> (bytes * 8) & 0xff);
  return out;
}

std::string frames_of(std::string_view commands) {
  SpdyDeflater deflater;
  std::string out;
  while (commands.size() >= 4) {
    const auto kind = static_cast<std::uint8_t>(commands[0]) % 11, flags = commands[1] & 3;
    const auto id = static_cast<std::uint8_t>(commands[2]);
    const std::string_view bytes = commands.substr(4, static_cast<std::uint8_t>(commands[3]));
    commands.remove_prefix(4 + bytes.size());
    if (kind == 0) out += number(id) + number(flags, 1) + number(bytes.size(), 3) + std::string(bytes);
    if (kind == 10) out += bytes;
    if (kind == 0 || kind == 10) continue;
    std::string payload(bytes);
    if (kind == 1)
      payload = number(id) + number(0) + number(0, 2) + deflater.write({{"streamtype", payload}});
    if (kind == 2 || kind == 8) payload = number(id) + deflater.write({{"more", payload}});
    if (kind == 3 || kind == 9) payload = number(id) + payload;
    out += number(0x8003, 2) + number(kind, 2) + number(flags, 1) + number(payload.size(), 3) + payload;
  }
  return out;
}

// What is seen when a peer takes every stream, reads it and echoes what it reads (or, without `reads`,
// nothing).
std::string seen_in(std::string_view bytes, std::size_t piece, bool reads) {
  SpdySession session(limits);
  std::vector<SpdySession::StreamPtr> open;
  std::string seen, into(1000, '\0');
  for (bool goes_on = true; goes_on && !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    goes_on = session.feed(io::bytes_of(bytes.substr(0, piece))).has_value();
    if (!goes_on) seen += "!";
    ENSURE(session.stream_count() <= limits.streams);
    if (!reads) continue;
    while (auto stream = session.take_opened()) open.push_back(std::move(stream));
    for (const auto& stream : open) {
      while (const std::size_t count = session.read(*stream, io::writable_bytes_of(into))) {
        const std::size_t fits = std::min(count, session.may_send(*stream));
        if (fits > 0 && !stream->finished) session.send(*stream, std::string_view(into).substr(0, fits));
      }
      if (stream->ended) session.finish(*stream);
      if (stream->ended || stream->reset) session.release(*stream);
    }
    std::erase_if(open, [](const auto& stream) { return stream->ended || stream->reset; });
    session.take_output();
  }
  if (reads) return seen;
  while (auto stream = session.take_opened())
    seen += text("{} {} {}\n", stream->id, stream->headers.get("streamtype"), stream->unread);
  return seen + session.take_output();
}

}  // namespace
}  // namespace podo::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo::http;
  const std::string bytes = frames_of({reinterpret_cast<const char*>(data), size});
  if (bytes.empty()) return 0;
  ENSURE(seen_in(bytes, bytes.size(), false) == seen_in(bytes, 3, false));
  seen_in(bytes, bytes.size(), true);
  seen_in(bytes, 7, true);
  return 0;
}
