#include <algorithm>
#include <cstring>

#include "base/format/tar.h"
#include "base/format/tar_number.h"

namespace podo::tar {
namespace {

constexpr char type_flags[] = {'0', '1', '2', '3', '4', '5', '6'};

// "12 key=value\n": the length counts its own digits.
void append_record(std::string& out, std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (text("{}", length).size() + rest != length) length = text("{}", length).size() + rest;
  out += text("{} ", length);
  out.append(key).append("=").append(value).append("\n");
}

void put(char* block, std::size_t at, std::string_view value) {
  std::memcpy(block + at, value.data(), value.size());
}

// Where a long path may be cut so that both parts have room; 0: nowhere.
std::size_t split_point(std::string_view path) {
  if (path.size() > 256) return 0;
  const std::size_t from = path.size() > 101 ? path.size() - 101 : 0;
  const std::size_t slash = path.find('/', std::max<std::size_t>(from, 1));
  return slash == std::string_view::npos || slash > 155 || slash + 1 >= path.size() ? 0 : slash;
}

void finish_header(char* block) {
  put(block, 257,
      std::string_view("ustar\0"
                       "00",
                       8));
  std::memset(block + 148, ' ', 8);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < block_bytes; ++i) sum += static_cast<unsigned char>(block[i]);
  write_number(block + 148, 7, sum);
}

std::string records_header(const std::string& records) {
  std::string out(block_bytes, '\0');
  put(out.data(), 0, "PaxHeaders/record");
  write_number(out.data() + 100, 8, 0644);
  write_number(out.data() + 108, 8, 0);
  write_number(out.data() + 116, 8, 0);
  write_number(out.data() + 124, 12, static_cast<std::int64_t>(records.size()));
  write_number(out.data() + 136, 12, 0);
  out[156] = 'x';
  finish_header(out.data());
  return out + records + std::string(padding_of(records.size()), '\0');
}

std::string time_text(const Entry& entry) {
  if (entry.mtime_ns == 0) return text("{}", entry.mtime_s);
  const bool negative = entry.mtime_s < 0;
  const std::int64_t seconds = negative ? -(entry.mtime_s + 1) : entry.mtime_s;
  std::string fraction =
      text("{}", (negative ? 1'000'000'000 - entry.mtime_ns : entry.mtime_ns) + 1'000'000'000u);
  return text("{}{}.{}", negative ? "-" : "", seconds, fraction.substr(1));
}

}  // namespace

Result<std::string> header_of(const Entry& entry) {
  if (entry.path.find('\0') != std::string::npos || entry.link.find('\0') != std::string::npos)
    return invalid("tar: a name has a zero byte");
  std::string path = entry.path, block(block_bytes, '\0'), records;
  if (entry.type == Type::directory && !path.ends_with('/')) path += '/';
  char* out = block.data();

  const std::size_t cut = path.size() > 100 ? split_point(path) : 0;
  if (path.size() <= 100) {
    put(out, 0, path);
  } else if (cut != 0) {
    put(out, 345, std::string_view(path).substr(0, cut));
    put(out, 0, std::string_view(path).substr(cut + 1));
  } else {
    append_record(records, "path", path);
    put(out, 0, std::string_view(path).substr(0, 99));
  }
  if (entry.link.size() > 100) append_record(records, "linkpath", entry.link);
  put(out, 157, std::string_view(entry.link).substr(0, 100));

  auto number = [&](std::size_t at, std::size_t bytes, std::uint64_t value, const char* key) {
    const auto signed_value = static_cast<std::int64_t>(value);
    if (!fits_octal(bytes, signed_value)) append_record(records, key, text("{}", value));
    write_number(out + at, bytes, fits_octal(bytes, signed_value) ? signed_value : 0);
  };
  const std::uint64_t size = entry.type == Type::file ? entry.size : 0;
  write_number(out + 100, 8, entry.mode & 07777);
  number(108, 8, entry.uid, "uid");
  number(116, 8, entry.gid, "gid");
  number(124, 12, size, "size");
  if (entry.mtime_ns != 0 || !fits_octal(12, entry.mtime_s))
    append_record(records, "mtime", time_text(entry));
  write_number(out + 136, 12, fits_octal(12, entry.mtime_s) ? entry.mtime_s : 0);
  out[156] = type_flags[static_cast<std::size_t>(entry.type)];
  if (entry.type == Type::character_device || entry.type == Type::block_device) {
    write_number(out + 329, 8, entry.device_major);
    write_number(out + 337, 8, entry.device_minor);
  }
  for (const auto& [name, value] : entry.xattrs) append_record(records, "SCHILY.xattr." + name, value);
  finish_header(out);
  if (records.empty()) return block;
  return records_header(records) + block;
}

}  // namespace podo::tar
