#include "base/format/zstd.h"

#include <zstd.h>

#include "base/core/ensure.h"

namespace podo::zstd {

std::string compress(std::string_view bytes, int level) { return Compressor(level).compress(bytes); }

void Compressor::Free::operator()(ZSTD_CCtx_s* tables) const { ZSTD_freeCCtx(tables); }

std::string Compressor::compress(std::string_view bytes) {
  if (tables_ == nullptr) tables_.reset(ZSTD_createCCtx());
  ENSURE(tables_ != nullptr);
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  std::size_t size =
      ZSTD_compressCCtx(tables_.get(), frame.data(), frame.size(), bytes.data(), bytes.size(), level_);
  ENSURE(ZSTD_isError(size) == 0);  // the frame has room for the worst case
  frame.resize(size);
  return frame;
}

Result<std::string> decompress(std::string_view frame, std::size_t size) {
  // What the frame itself claims is looked at first: its content is never larger than what is asked for.
  if (ZSTD_getFrameContentSize(frame.data(), frame.size()) != size)
    return corrupt("a compressed piece is not of {} bytes", size);
  std::string bytes(size, '\0');
  std::size_t got = ZSTD_decompress(bytes.data(), bytes.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) != 0) return corrupt("a compressed piece cannot be read: {}", ZSTD_getErrorName(got));
  if (got != size) return corrupt("a compressed piece has {} bytes instead of {}", got, size);
  return bytes;
}

}  // namespace podo::zstd
