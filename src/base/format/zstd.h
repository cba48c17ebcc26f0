// Zstandard (RFC 8878), a piece at a time: bytes in, one frame out, and back.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/core/error.h"

struct ZSTD_CCtx_s;

namespace podo::zstd {

// Levels 1 (fastest) to 19.
std::string compress(std::string_view bytes, int level);

// The same for many small pieces: keeps its tables, about a megabyte. One thread at a time.
class Compressor {
 public:
  explicit Compressor(int level) : level_(level) {}
  std::string compress(std::string_view bytes);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* tables) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> tables_;  // from the first piece on
  int level_;
};

// What `size` bytes were made of; corrupt when it is anything else.
Result<std::string> decompress(std::string_view frame, std::size_t size);

}  // namespace podo::zstd
