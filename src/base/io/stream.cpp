#include "base/io/stream.h"

#include <algorithm>

namespace podo::io {

Task<std::string> read_to_end(Stream& stream, std::size_t bytes_max) {
  ENSURE(bytes_max < SIZE_MAX);  // a limit that limits
  std::string bytes;
  std::size_t filled = 0;
  for (;;) {
    // One byte more than allowed tells "too long" from "just as long".
    if (filled == bytes.size())
      bytes.resize(std::min(bytes_max + 1, std::max<std::size_t>(4096, filled * 2)));
    std::size_t count = co_await stream.read(writable_bytes_of(bytes).subspan(filled));
    filled += count;
    if (filled > bytes_max) co_return exhausted("more than {} bytes came", bytes_max);
    if (count > 0) continue;
    bytes.resize(filled);
    co_return bytes;
  }
}

Task<std::string> read_exactly(Stream& stream, std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t filled = 0; filled < count;) {
    std::size_t more = co_await stream.read(writable_bytes_of(bytes).subspan(filled));
    if (more == 0) co_return corrupt("the stream ended after {} of {} bytes", filled, count);
    filled += more;
  }
  co_return bytes;
}

}  // namespace podo::io
