#include "container/streams/log_cursor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace podo::engine {
namespace {

struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const Identity&) const = default;
};

Identity identity_of(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 ? Identity{status.st_dev, status.st_ino} : Identity{};
}

std::optional<Identity> identity_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {};
  return Identity{status.st_dev, status.st_ino};
}

io::Fd open_file(const std::string& path) { return io::Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); }

}  // namespace

std::string rotated_name(const std::string& path, unsigned number) {
  return number == 0 ? path : text("{}.{}", path, number);
}

LogCursor::LogCursor(LogPlace place, LogOptions options)
    : place_(std::move(place)), options_(std::move(options)), decoder_(place_.format) {}

Result<std::string> LogCursor::read_piece() {
  std::string out;
  if (!begun_) TRY(begin());
  while (out.size() < piece_bytes && !past_until_) {
    decode(out);
    if (out.size() >= piece_bytes || past_until_) break;
    if (!TRY(fill())) break;
  }
  return out;
}

Result<> LogCursor::begin() {
  std::vector<io::Fd> files = TRY(open_log_files(place_.path, options_.since));
  if (files.empty()) return {};
  begun_ = true;
  if (!options_.tail) {
    file_ = std::move(files.back());
    return {};
  }
  LogStart start = TRY(find_log_tail(std::move(files), place_.format, *options_.tail));
  file_ = std::move(start.file);
  offset_ = start.offset;
  return {};
}

// More bytes, of this file or of the one after it; false: there are none now.
Result<bool> LogCursor::fill() {
  if (!file_) return false;
  bytes_.erase(0, decoded_);
  decoded_ = 0;
  bool rotated = false;  // known before the last read: what was written until then is read
  for (;;) {
    std::size_t had = bytes_.size();
    ssize_t count = 0;
    bytes_.resize_and_overwrite(had + read_bytes, [&](char* data, std::size_t) {
      count = ::pread(file_.get(), data + had, read_bytes, static_cast<off_t>(offset_));
      return had + static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    });
    if (count < 0) return failed_errno(errno, "read {}", place_.path);
    offset_ += static_cast<std::uint64_t>(count);
    if (count > 0) return true;
    if (rotated) {
      if (!TRY(next_file())) return false;
      rotated = false;
    } else if (identity_of(place_.path) != std::optional(identity_of(file_.get()))) {
      rotated = true;
    } else {
      struct stat status{};
      bool emptied =
          ::fstat(file_.get(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) < offset_;
      if (!emptied) return false;
      offset_ = 0;
      bytes_.clear();
    }
  }
}

// The file that was begun when this one was rotated. Names move on while we look, so what was found is only
// right if this one still has its name afterwards.
Result<bool> LogCursor::next_file() {
  const Identity own = identity_of(file_.get());
  for (;;) {
    unsigned number = 1;
    std::optional<Identity> at = identity_of(rotated_name(place_.path, number));
    while (at && *at != own) at = identity_of(rotated_name(place_.path, ++number));
    // Removed: the oldest there is comes after it.
    const bool removed = !at;
    io::Fd next = open_file(rotated_name(place_.path, number - 1));
    if (!next && errno == ENOENT && number == 1) return false;  // the new one is not there yet
    if (!next && errno != ENOENT)
      return failed_errno(errno, "open {}", rotated_name(place_.path, number - 1));
    bool still = removed ? !identity_of(rotated_name(place_.path, number))
                         : identity_of(rotated_name(place_.path, number)) == std::optional(own);
    if (!next || !still) continue;
    file_ = std::move(next);
    offset_ = 0;
    bytes_.clear();
    return true;
  }
}

void LogCursor::decode(std::string& out) {
  std::string_view bytes(bytes_);
  std::optional<LogRecord> record;
  while (out.size() < piece_bytes) {
    std::size_t used = decoder_.next(bytes.substr(decoded_), record);
    if (used == 0) return;
    decoded_ += used;
    if (!record) continue;
    if (options_.until && record->at > *options_.until) {
      past_until_ = true;
      return;
    }
    bool wanted = record->stream == 2 ? options_.err : options_.out;
    if (!wanted || (options_.since && record->at < *options_.since)) continue;
    append_frame(out, *record, options_, place_.tty);
  }
}

}  // namespace podo::engine
