// The numbers of tar headers and pax records. A part of tar.h.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/core/error.h"

namespace podo::tar {

// number, see tar.h; corrupt when it is neither form or needs more than 63 bits.
Result<std::int64_t> read_number(std::string_view field);
Result<std::uint64_t> read_size(std::string_view field);  // not negative
// Digits alone, as in pax records.
Result<std::uint64_t> read_decimal(std::string_view text);
struct Time {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};
Result<Time> read_time(std::string_view text);  // "-12.34"

// Octal with a closing zero when it fits, else base 256.
void write_number(char* field, std::size_t bytes, std::int64_t value);
bool fits_octal(std::size_t bytes, std::int64_t value);

}  // namespace podo::tar
