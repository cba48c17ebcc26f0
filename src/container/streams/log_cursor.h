// LogCursor: a place in a log that goes forward, from file to file as they were rotated. It blocks on the
// disk, so it is used on a pool; by one thread at a time.
#pragma once

#include "base/io/fd.h"
#include "container/streams/log_decoder.h"

namespace podo::engine {

class LogCursor {
 public:
  LogCursor(LogPlace place, LogOptions options);

  // Frames of the next records, about piece_bytes; "": there are no more now.
  Result<std::string> read_piece();
  // No record that may still come is wanted.
  bool past_until() const { return past_until_; }

 private:
  static constexpr std::size_t piece_bytes = 128 << 10, read_bytes = 256 << 10;

  Result<> begin();
  Result<bool> fill();
  Result<bool> next_file();
  void decode(std::string& out);

  LogPlace place_;
  LogOptions options_;
  LogDecoder decoder_;
  bool begun_ = false, past_until_ = false;
  io::Fd file_;  // of the newest, or of an older one by whatever name it has now
  std::uint64_t offset_ = 0;
  std::string bytes_;  // read, from `decoded_` on not decoded
  std::size_t decoded_ = 0;
};

// Where a log's last `count` records begin.
struct LogStart {
  io::Fd file;
  std::uint64_t offset = 0;
};
// The files of a log, newest first; those that nothing was written to since `since` are left out.
Result<std::vector<io::Fd>> open_log_files(const std::string& path, std::optional<Wall> since);
Result<LogStart> find_log_tail(std::vector<io::Fd> files, LogFormat format, std::uint64_t count);

// The name of a log's rotated file: PATH, PATH.1, ...
std::string rotated_name(const std::string& path, unsigned number);

}  // namespace podo::engine
