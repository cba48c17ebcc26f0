#include "base/format/gzip.h"

#include <libdeflate.h>

#include "base/core/ensure.h"

namespace podo::gzip {

void Compressor::Free::operator()(libdeflate_compressor* tables) const { libdeflate_free_compressor(tables); }

Compressor::Compressor(int level) : tables_(libdeflate_alloc_compressor(level)) {
  ENSURE(tables_ != nullptr);
}

std::string Compressor::compress(std::string_view bytes) {
  std::string member;
  member.resize_and_overwrite(
      libdeflate_gzip_compress_bound(tables_.get(), bytes.size()), [&](char* out, std::size_t size) {
        return libdeflate_gzip_compress(tables_.get(), bytes.data(), bytes.size(), out, size);
      });
  ENSURE(!member.empty());  // the bound has room for the worst case
  return member;
}

bool is_gzip(std::string_view beginning) { return beginning.starts_with("\x1f\x8b"); }

}  // namespace podo::gzip
