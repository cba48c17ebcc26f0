#include "base/format/gzip.h"

#include <libdeflate.h>

#include "base/core/ensure.h"

namespace podo::gzip {
namespace {

constexpr std::size_t sample_bytes = 8 << 10;

}  // namespace

void Compressor::Free::operator()(libdeflate_compressor* tables) const { libdeflate_free_compressor(tables); }

Compressor::Compressor(int level) : tables_(libdeflate_alloc_compressor(level)) {
  ENSURE(tables_ != nullptr);
}

// Of what looks incompressible here and there (it is compressed already, or random) all is stored: that costs
// a tenth of the time.
bool Compressor::looks_incompressible(std::string_view bytes) {
  if (bytes.size() < 4 * sample_bytes) return false;
  for (const std::size_t at : {bytes.size() / 8, bytes.size() / 2, bytes.size() - sample_bytes}) {
    char packed[sample_bytes];  // 0: it did not fit
    constexpr std::size_t most = sample_bytes - sample_bytes / 32;
    if (libdeflate_deflate_compress(tables_.get(), bytes.data() + at, sample_bytes, packed, most) != 0)
      return false;
  }
  return true;
}

std::string Compressor::compress(std::string_view bytes) {
  libdeflate_compressor* tables = tables_.get();
  if (looks_incompressible(bytes)) {
    if (!stored_) stored_.reset(libdeflate_alloc_compressor(0));
    ENSURE(stored_ != nullptr);
    tables = stored_.get();
  }
  std::string member;
  member.resize_and_overwrite(
      libdeflate_gzip_compress_bound(tables, bytes.size()), [&](char* out, std::size_t size) {
        return libdeflate_gzip_compress(tables, bytes.data(), bytes.size(), out, size);
      });
  ENSURE(!member.empty());  // the bound has room for the worst case
  return member;
}

bool is_gzip(std::string_view beginning) { return beginning.starts_with("\x1f\x8b"); }

}  // namespace podo::gzip
