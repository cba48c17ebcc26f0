// ReceiveBuffer: memory to read into, for connections of which many are silent: little until the peer sends
// much, and then `much` until it stops.
//
//   std::size_t count = co_await stream.read(buffer.space());
//   use(buffer.filled(count));                       // until the next space()
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/io/stream.h"

namespace podo::io {

class ReceiveBuffer {
 public:
  explicit ReceiveBuffer(std::size_t much) : much_(much) {}

  std::span<std::byte> space() {
    const std::size_t busy = bytes_.size() == little ? little : much_ / 2;
    const std::size_t size = !bytes_.empty() && filled_ >= busy ? much_ : little;
    if (size != bytes_.size()) bytes_ = std::string(size, '\0');
    return writable_bytes_of(bytes_);
  }
  std::span<const std::byte> filled(std::size_t count) { return bytes_of(bytes_).first(filled_ = count); }

 private:
  static constexpr std::size_t little = 2 << 10;  // most requests fit
  std::size_t much_, filled_ = 0;
  std::string bytes_;
};

}  // namespace podo::io
