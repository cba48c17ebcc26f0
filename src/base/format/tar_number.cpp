#include "base/format/tar_number.h"

namespace podo::tar {
namespace {

Result<std::int64_t> read_binary(std::string_view field) {
  const bool negative = static_cast<unsigned char>(field[0]) == 0xff;
  std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    std::uint64_t byte = static_cast<unsigned char>(field[i]);
    if (i == 0) byte = negative ? 0xff : byte & 0x7f;
    if (value >> 55 != (negative ? 0x1ff : 0)) return corrupt("tar: a number is too large");
    value = value << 8 | byte;
  }
  return static_cast<std::int64_t>(value);
}

}  // namespace

Result<std::int64_t> read_number(std::string_view field) {
  const auto first = static_cast<unsigned char>(field[0]);
  if (first == 0xff || (first & 0x80) != 0) return read_binary(field);
  while (!field.empty() && field.front() == ' ') field.remove_prefix(1);
  while (!field.empty() && (field.back() == ' ' || field.back() == '\0')) field.remove_suffix(1);
  std::int64_t value = 0;
  for (char c : field) {
    if (c == '\0') break;  // some writers leave something behind it
    if (c < '0' || c > '7') return corrupt("tar: a header has a number that is none");
    if (value >> 59 != 0) return corrupt("tar: a number is too large");
    value = value << 3 | (c - '0');
  }
  return value;
}

Result<std::uint64_t> read_size(std::string_view field) {
  std::int64_t value = TRY(read_number(field));
  if (value < 0) return corrupt("tar: a size is negative");
  return static_cast<std::uint64_t>(value);
}

Result<std::uint64_t> read_decimal(std::string_view text) {
  if (text.empty()) return corrupt("tar: a number is missing");
  std::uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return corrupt("tar: a record has a number that is none");
    if (value > (std::uint64_t{INT64_MAX} - 9) / 10) return corrupt("tar: a number is too large");
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

Result<Time> read_time(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t dot = text.find('.');
  Time time{static_cast<std::int64_t>(TRY(read_decimal(text.substr(0, dot)))), 0};
  if (dot != std::string_view::npos) {
    std::uint32_t unit = 100'000'000;
    for (char c : text.substr(dot + 1)) {
      if (c < '0' || c > '9') return corrupt("tar: a record has a time that is none");
      time.nanoseconds += unit * static_cast<std::uint32_t>(c - '0');
      unit /= 10;
    }
  }
  if (!negative) return time;
  time.seconds = -time.seconds;
  if (time.nanoseconds != 0) {  // -1.25 is 0.75 after -2
    --time.seconds;
    time.nanoseconds = 1'000'000'000 - time.nanoseconds;
  }
  return time;
}

bool fits_octal(std::size_t bytes, std::int64_t value) {
  return value >= 0 && ((bytes - 1) * 3 >= 63 || value >> ((bytes - 1) * 3) == 0);
}

void write_number(char* field, std::size_t bytes, std::int64_t value) {
  if (fits_octal(bytes, value)) {
    field[bytes - 1] = '\0';
    for (std::size_t i = bytes - 1; i-- > 0; value >>= 3) field[i] = static_cast<char>('0' + (value & 7));
    return;
  }
  for (std::size_t i = bytes; i-- > 0; value >>= 8) field[i] = static_cast<char>(value & 0xff);
  field[0] = static_cast<char>(value < 0 ? 0xff : 0x80);
}

}  // namespace podo::tar
