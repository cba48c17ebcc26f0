// gzip (RFC 1952), written: a stream is a row of members, each compressed for itself, so that pieces can be
// compressed side by side and memory stays bounded. Every reader of gzip joins members. Reading: inflate.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/core/error.h"

struct libdeflate_compressor;

namespace podo::gzip {

inline constexpr int level_fast = 1;

// Keeps its tables, some hundred kilobytes. One thread at a time. Levels 0 (stored) to 12.
class Compressor {
 public:
  explicit Compressor(int level);
  std::string compress(std::string_view bytes);  // one member

 private:
  struct Free {
    void operator()(libdeflate_compressor* tables) const;
  };
  bool looks_incompressible(std::string_view bytes);
  std::unique_ptr<libdeflate_compressor, Free> tables_, stored_;
};

bool is_gzip(std::string_view beginning);

}  // namespace podo::gzip
