// Any bytes as a gzip stream: the decoder ends, gives what another decoder gives, and never depends on how
// the bytes were cut.
#include <libdeflate.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/core/ensure.h"
#include "base/format/inflate.h"

namespace {

constexpr std::size_t bytes_max = 1 << 20;

podo::Result<std::string> inflate(std::string_view stream, std::size_t piece_bytes) {
  podo::gzip::Inflater inflater;
  std::string out;
  for (bool finished = false;;) {
    std::string_view piece = TRY(inflater.next());
    out += piece;
    if (out.size() > bytes_max) return podo::exhausted("enough");
    if (!piece.empty()) continue;
    if (finished) return out;
    inflater.feed(stream.substr(0, piece_bytes));
    stream.remove_prefix(std::min(piece_bytes, stream.size()));
    if (stream.empty()) inflater.finish(), finished = true;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  const auto whole = inflate(stream, size + 1), parts = inflate(stream, 1 + size % 90);
  ENSURE(whole.has_value() == parts.has_value());
  if (!whole) return 0;
  ENSURE(*whole == *parts);
  // libdeflate does one member; if that is all of the stream, both agree.
  std::string other(bytes_max, '\0');
  std::size_t used = 0, made = 0;
  libdeflate_decompressor* decompressor = libdeflate_alloc_decompressor();
  const auto result =
      libdeflate_gzip_decompress_ex(decompressor, data, size, other.data(), other.size(), &used, &made);
  libdeflate_free_decompressor(decompressor);
  ENSURE(result == LIBDEFLATE_SUCCESS);
  if (used == size) ENSURE(std::string_view(other).substr(0, made) == *whole);
  return 0;
}
