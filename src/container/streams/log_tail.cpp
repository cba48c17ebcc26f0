// The end of a log: its files, and where its last records begin, read backwards.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>

#include "container/monitor/log_format.h"
#include "container/streams/log_cursor.h"

namespace podo::engine {
namespace {

constexpr std::size_t block_bytes = 64 << 10;

Result<std::string> read_block(int fd, std::uint64_t offset, std::size_t size) {
  std::string block(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    ssize_t count = ::pread(fd, block.data() + have, size - have, static_cast<off_t>(offset + have));
    if (count < 0) return failed_errno(errno, "read a log backwards");
    if (count == 0) break;
    have += static_cast<std::size_t>(count);
  }
  block.resize(have);
  return block;
}

std::uint64_t size_of(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

// How many records were found, at most `count`, and where the first of them begins.
struct Found {
  std::uint64_t records = 0, offset = 0;
};

// Lines: a record begins behind every newline but the last one.
Result<Found> find_json_tail(int fd, std::uint64_t count) {
  std::uint64_t end = size_of(fd), newlines = 0;
  for (std::uint64_t begin = end; begin > 0;) {
    std::size_t size = std::min<std::uint64_t>(begin, block_bytes);
    begin -= size;
    std::string block = TRY(read_block(fd, begin, size));
    for (std::size_t at = block.size(); at-- > 0;) {
      at = block.rfind('\n', at);
      if (at == std::string::npos) break;
      if (newlines++ == count) return Found{count, begin + at + 1};
    }
  }
  return Found{newlines, 0};
}

// The size of the record that ends where the bytes end; 0: none does.
std::size_t record_before(std::string_view bytes) {
  if (bytes.size() < monitor::local_record_size(0)) return 0;
  std::size_t size = monitor::be32(bytes.data() + bytes.size() - 4);
  std::size_t whole = monitor::local_record_size(size);
  if (size > monitor::line_max || whole > bytes.size()) return 0;
  const char* record = bytes.data() + bytes.size() - whole;
  return monitor::be32(record) == size && (record[4] == 1 || record[4] == 2) ? whole : 0;
}

// Sizes stand behind the records too. Absent: they do not fit, for the last record is just being written.
Result<std::optional<Found>> find_local_tail(int fd, std::uint64_t count) {
  std::uint64_t end = size_of(fd), records = 0;
  std::string block;  // the bytes before `end`, or none
  while (end > 0 && records < count) {
    if (block.size() < monitor::local_record_size(monitor::line_max)) {
      std::size_t size = std::min<std::uint64_t>(end, block_bytes);
      block = TRY(read_block(fd, end - size, size));
      if (block.size() < size) return std::nullopt;
    }
    std::size_t whole = record_before(block);
    if (whole == 0) return std::nullopt;
    block.resize(block.size() - whole);
    end -= whole;
    ++records;
  }
  return Found{records, end};
}

Result<Found> find_tail_forwards(int fd, std::uint64_t count) {
  LogDecoder decoder(LogFormat::local);
  std::deque<std::uint64_t> begins;
  std::optional<LogRecord> record;
  std::uint64_t offset = 0;
  for (std::string bytes;;) {
    std::string more = TRY(read_block(fd, offset + bytes.size(), block_bytes));
    bytes += more;
    std::size_t used = 0;
    while (std::size_t size = decoder.next(std::string_view(bytes).substr(used), record)) {
      if (record) begins.push_back(offset + used);
      if (begins.size() > count) begins.pop_front();
      used += size;
    }
    offset += used;
    bytes.erase(0, used);
    if (more.empty()) break;
  }
  return Found{begins.size(), begins.empty() ? offset : begins.front()};
}

Result<Found> find_tail(int fd, LogFormat format, std::uint64_t count) {
  if (count == 0) return Found{0, size_of(fd)};
  if (format == LogFormat::json_file) return find_json_tail(fd, count);
  std::optional<Found> found = TRY(find_local_tail(fd, count));
  return found ? *found : find_tail_forwards(fd, count);
}

}  // namespace

Result<std::vector<io::Fd>> open_log_files(const std::string& path, std::optional<Wall> since) {
  std::vector<io::Fd> files;
  std::vector<ino_t> seen;
  for (unsigned number = 0;; ++number) {
    io::Fd file(::open(rotated_name(path, number).c_str(), O_RDONLY | O_CLOEXEC));
    // The newest may be missing for the instant of its rotation.
    if (!file && errno == ENOENT && number == 0) continue;
    if (!file && errno == ENOENT) return files;
    if (!file) return failed_errno(errno, "open {}", rotated_name(path, number));
    struct stat status{};
    if (::fstat(file.get(), &status) < 0) return failed_errno(errno, "look at {}", path);
    std::int64_t written_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
    // The clock that a file's time is read from is up to 10 ms behind.
    if (since && number > 0 && written_ns + 1'000'000'000 < since->ns) return files;
    if (std::ranges::find(seen, status.st_ino) != seen.end()) continue;  // rotated while we look
    seen.push_back(status.st_ino);
    files.push_back(std::move(file));
  }
}

Result<LogStart> find_log_tail(std::vector<io::Fd> files, LogFormat format, std::uint64_t count) {
  for (std::size_t i = 0;; ++i) {
    Found found = TRY(find_tail(files[i].get(), format, count));
    count -= found.records;
    if (count == 0 || i + 1 == files.size()) return LogStart{std::move(files[i]), found.offset};
  }
}

}  // namespace podo::engine
