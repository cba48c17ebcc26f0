// pax extended records, read; see tar.h.
#include "base/format/tar.h"
#include "base/format/tar_number.h"

namespace podo::tar {
namespace {

constexpr std::string_view schily = "SCHILY.xattr.", libarchive = "LIBARCHIVE.xattr.", sparse = "GNU.sparse.";

}  // namespace

Result<> Reader::read_records() {
  std::string_view rest = metadata_;
  while (!rest.empty()) {
    if (rest.front() == '\0') break;  // filled up by some writers
    const std::size_t blank = rest.find(' ');
    const std::uint64_t length = TRY(read_decimal(rest.substr(0, blank)));
    if (blank == std::string_view::npos || length > rest.size() || length < blank + 3)
      return corrupt("tar: a record's length is wrong");
    std::string_view record = rest.substr(blank + 1, static_cast<std::size_t>(length) - blank - 1);
    rest.remove_prefix(static_cast<std::size_t>(length));
    const std::size_t equals = record.find('=');
    if (!record.ends_with('\n') || equals == std::string_view::npos || equals == 0)
      return corrupt("tar: a record is damaged");
    record.remove_suffix(1);
    TRY(read_record(record.substr(0, equals), record.substr(equals + 1)));
  }
  return {};
}

Result<> Reader::read_record(std::string_view key, std::string_view value) {
  if (key.starts_with(sparse)) return read_sparse_record(key.substr(sparse.size()), value);
  if (key == "path") {
    ahead_.path = value;
    ahead_.has_path = !value.empty();
    if (value.find('\0') != std::string_view::npos) return corrupt("tar: a name has a zero byte");
  } else if (key == "linkpath") {
    ahead_.link = value;
    ahead_.has_link = !value.empty();
    if (value.find('\0') != std::string_view::npos) return corrupt("tar: a name has a zero byte");
  } else if (key == "size") {
    ahead_.size = TRY(read_decimal(value));
    ahead_.has_size = true;
  } else if (key == "uid") {
    ahead_.uid = TRY(read_decimal(value));
    ahead_.has_uid = true;
  } else if (key == "gid") {
    ahead_.gid = TRY(read_decimal(value));
    ahead_.has_gid = true;
  } else if (key == "mtime") {
    Time time = TRY(read_time(value));
    ahead_.mtime_s = time.seconds;
    ahead_.mtime_ns = time.nanoseconds;
    ahead_.has_mtime = true;
  } else if (key.starts_with(schily)) {
    ahead_.xattrs.emplace_back(key.substr(schily.size()), value);
  } else if (key.starts_with(libarchive)) {
    // Base64 of the value, %XX in the name. bsdtar writes the SCHILY record beside it.
    return {};
  }
  return {};  // atime, ctime, uname and the like: no file here needs them
}

Result<> Reader::read_sparse_record(std::string_view key, std::string_view value) {
  ahead_.sparse = true;
  if (key == "major") {
    const std::uint64_t major = TRY(read_decimal(value));
    if (major > 1) return unsupported("tar: sparse files of version {}", major);
    ahead_.sparse_major = static_cast<std::uint32_t>(major);
  } else if (key == "name") {
    if (value.find('\0') != std::string_view::npos) return corrupt("tar: a name has a zero byte");
    ahead_.sparse_name = value;
  } else if (key == "size" || key == "realsize") {
    ahead_.sparse_size = TRY(read_decimal(value));
    ahead_.has_sparse_size = true;
  } else if (key == "offset") {
    ahead_.pieces.push_back({TRY(read_decimal(value)), 0});
  } else if (key == "numbytes") {
    if (ahead_.pieces.empty()) return corrupt("tar: a sparse piece without a place");
    ahead_.pieces.back().bytes = TRY(read_decimal(value));
  } else if (key == "map") {
    ahead_.pieces.clear();
    while (!value.empty()) {
      std::uint64_t numbers[2];
      for (std::uint64_t& number : numbers) {
        const std::size_t comma = value.find(',');
        number = TRY(read_decimal(value.substr(0, comma)));
        value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
      }
      ahead_.pieces.push_back({numbers[0], numbers[1]});
    }
  }
  return {};
}

}  // namespace podo::tar
