// Bytes in both directions between two ends: a socket, a pipe, a simulated connection.
//
// Life:  from a Listener, a Network or a pair -> read and write -> finish() -> destroyed: both directions
// end. A write returns when the stream has taken all bytes; a peer that does not read holds the writer back.
// One read and one write may wait at a time. A cancelled read takes no bytes away; a cancelled write may have
// written a part. Bytes given to write() must stay until it has returned.
// A stream lives on one loop and dies before it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/io/task.h"

namespace podo::io {

class Stream {
 public:
  virtual ~Stream() = default;

  // Some bytes: at least one, unless the peer's bytes have ended (0) or `into` is empty.
  virtual Task<std::size_t> read(std::span<std::byte> into) = 0;
  virtual Task<void> write(std::span<const std::byte> bytes) = 0;
  // No more bytes will be written: the peer's reads end after those on their way. Reading goes on.
  virtual Result<void> finish() = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;  // refuses from then on
  virtual Task<std::unique_ptr<Stream>> accept() = 0;
};

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::span<std::byte> writable_bytes_of(std::string& text) {
  return std::as_writable_bytes(std::span(text));
}

// Everything up to the end; more than `bytes_max` is ErrorKind::exhausted.
Task<std::string> read_to_end(Stream& stream, std::size_t bytes_max);
// Exactly `count` bytes; an earlier end is ErrorKind::corrupt.
Task<std::string> read_exactly(Stream& stream, std::size_t count);
inline Task<void> write_text(Stream& stream, std::string bytes) { co_await stream.write(bytes_of(bytes)); }

}  // namespace podo::io
