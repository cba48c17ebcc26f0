// Zstandard (RFC 8878), a piece at a time: bytes in, one frame out, and back.
#pragma once

#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::zstd {

// Levels 1 (fastest) to 19.
std::string compress(std::string_view bytes, int level);

// What `size` bytes were made of; corrupt when it is anything else.
Result<std::string> decompress(std::string_view frame, std::size_t size);

}  // namespace podo::zstd
