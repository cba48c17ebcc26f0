#include "container/monitor/log_format.h"

namespace podo::monitor {
namespace {

// Eight bytes at once: a bit set in every byte of `word` that is below `bound` (<= 0x80), or has its high
// bit set.
constexpr uint64_t every(uint8_t byte) { return 0x0101010101010101u * byte; }
constexpr uint64_t zero_bytes(uint64_t word) { return (word - every(1)) & ~word & every(0x80); }

uint64_t load(const char* data) {
  uint64_t word;
  __builtin_memcpy(&word, data, 8);
  return word;
}

// None of its bytes needs an escape: all are ASCII, no control characters, no '"', no '\\'.
bool is_plain(uint64_t word) {
  uint64_t controls = (word - every(0x20)) & ~word;
  uint64_t quotes = zero_bytes(word ^ every('"')) | zero_bytes(word ^ every('\\'));
  return ((controls | quotes | word) & every(0x80)) == 0;
}

// The length of the UTF-8 character at `data`, or 0 if there is none: cut off, overlong, a surrogate, too
// large.
size_t character_size(const uint8_t* data, size_t size) {
  uint8_t first = data[0];
  size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length == 0 || length > size) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((data[i] & 0xc0) != 0x80) return 0;
  if (first == 0xe0 && data[1] < 0xa0) return 0;
  if (first == 0xed && data[1] > 0x9f) return 0;
  if (first == 0xf0 && data[1] < 0x90) return 0;
  if (first == 0xf4 && data[1] > 0x8f) return 0;
  return length;
}

char* put(char* out, const char* data, size_t size) {
  __builtin_memcpy(out, data, size);
  return out + size;
}

template <size_t N>
char* put(char* out, const char (&literal)[N]) {
  return put(out, literal, N - 1);
}

char* put_escape(char* out, uint8_t byte) {
  constexpr char digits[] = "0123456789abcdef";
  *out++ = '\\';
  switch (byte) {
    case '\n': *out++ = 'n'; return out;
    case '\r': *out++ = 'r'; return out;
    case '\t': *out++ = 't'; return out;
    case '"':
    case '\\': *out++ = static_cast<char>(byte); return out;
    default: break;
  }
  out = put(out, "u00");
  *out++ = digits[byte >> 4];
  *out++ = digits[byte & 15];
  return out;
}

void put_digits(char* out, unsigned count, uint64_t value) {
  for (unsigned i = count; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

void put_be32(char* out, uint32_t value) {
  value = __builtin_bswap32(value);
  __builtin_memcpy(out, &value, 4);
}

void put_be64(char* out, uint64_t value) {
  value = __builtin_bswap64(value);
  __builtin_memcpy(out, &value, 8);
}

uint32_t be32(const char* in) {
  uint32_t value;
  __builtin_memcpy(&value, in, 4);
  return __builtin_bswap32(value);
}

uint64_t be64(const char* in) {
  uint64_t value;
  __builtin_memcpy(&value, in, 8);
  return __builtin_bswap64(value);
}

// Days to a date, counted in 400-year cycles that begin on March 1st, so that the leap day is a year's last.
void put_timestamp(char* out, int64_t ns) {
  uint64_t time = ns < 0 ? 0 : static_cast<uint64_t>(ns);
  uint64_t seconds = time / 1'000'000'000;
  uint64_t days = seconds / 86'400 + 719'468, second = seconds % 86'400;
  uint64_t cycle = days / 146'097, day = days % 146'097;
  uint64_t year = (day - day / 1'460 + day / 36'524 - day / 146'096) / 365;
  uint64_t day_of_year = day - (365 * year + year / 4 - year / 100);
  uint64_t month = (5 * day_of_year + 2) / 153;  // 0: March
  uint64_t day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
  month = month < 10 ? month + 3 : month - 9;
  year += cycle * 400 + (month <= 2 ? 1 : 0);
  put(out, "0000-00-00T00:00:00.000000000Z");
  put_digits(out, 4, year);
  put_digits(out + 5, 2, month);
  put_digits(out + 8, 2, day_of_month);
  put_digits(out + 11, 2, second / 3600);
  put_digits(out + 14, 2, second / 60 % 60);
  put_digits(out + 17, 2, second % 60);
  put_digits(out + 20, 9, time % 1'000'000'000);
}

char* put_json_text(char* out, Piece bytes) {
  const char* in = bytes.data;
  const char* end = in + bytes.size;
  while (in < end) {
    if (end - in >= 8 && is_plain(load(in))) {
      out = put(out, in, 8);
      in += 8;
      continue;
    }
    uint8_t byte = static_cast<uint8_t>(*in);
    if (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f) {
      out = put_escape(out, byte);
      ++in;
    } else if (byte < 0x80) {
      *out++ = *in++;
    } else if (size_t size = character_size(reinterpret_cast<const uint8_t*>(in), end - in); size > 0) {
      out = put(out, in, size);
      in += size;
    } else {
      out = put(out, "\\ufffd");
      ++in;
    }
  }
  return out;
}

char* put_json_record(char* out, Piece bytes, unsigned stream, const char* timestamp, Piece attributes) {
  out = put_json_text(put(out, "{\"log\":\""), bytes);
  out = stream == 2 ? put(out, "\",\"stream\":\"stderr\"") : put(out, "\",\"stream\":\"stdout\"");
  if (attributes.size > 0) out = put(put(out, ",\"attrs\":"), attributes.data, attributes.size);
  out = put(put(out, ",\"time\":\""), timestamp, timestamp_size);
  return put(out, "\"}\n");
}

char* put_local_record(char* out, Piece bytes, unsigned stream, int64_t ns) {
  put_be32(out, static_cast<uint32_t>(bytes.size));
  out[4] = static_cast<char>(stream);
  put_be64(out + 5, static_cast<uint64_t>(ns));
  out = put(out + local_header_size, bytes.data, bytes.size);
  put_be32(out, static_cast<uint32_t>(bytes.size));
  return out + 4;
}

size_t find_newline(const char* data, size_t size) {
  size_t at = 0;
  while (size - at >= 8 && zero_bytes(load(data + at) ^ every('\n')) == 0) at += 8;
  while (at < size && data[at] != '\n') ++at;
  return at;
}

size_t whole_characters(const char* data, size_t size) {
  for (size_t back = 1; back <= 3 && back < size; ++back) {
    uint8_t byte = static_cast<uint8_t>(data[size - back]);
    if ((byte & 0xc0) == 0x80) continue;  // not the first of its character
    size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? size - back : size;
  }
  return size;
}

}  // namespace podo::monitor
