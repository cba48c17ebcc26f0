// Zstandard (RFC 8878), a piece at a time: bytes in, one frame out, and back.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/core/error.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

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

// Frames of any size, undone as their bytes come; memory is bounded by a window of 8 MiB, more is refused
// (the format's own recommendation, section 3.1.1.1.2). Use as gzip::Inflater (inflate.h). One thread at a
// time.
class Expander {
 public:
  Expander();
  void feed(std::string_view bytes);  // copied
  void finish() { finished_ = true; }
  Result<std::string_view> next();

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* state) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> state_;
  std::string input_, output_;
  std::size_t input_at_ = 0;
  bool finished_ = false, in_frame_ = false;
};

bool is_zstd(std::string_view beginning);

}  // namespace podo::zstd
