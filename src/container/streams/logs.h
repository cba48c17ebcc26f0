// Reading a container's log while its monitor writes it: the files of json-file (one JSON object a line, as
// Docker's, older ones PATH.1, PATH.2 ...) and local; container/monitor/log_format.h has both grammars.
//
//   auto reader = open_log(loop, pool, {.path = path, .format = format, .life = life}, options);
//   for (std::string piece = co_await reader->next(); !piece.empty(); piece = co_await reader->next()) ...
//
// Files are read, decoded and framed on the pool, so a large log does not hold up the loop. Rotation
// meanwhile loses nothing, unless the files that have not been read yet are removed by it. What is no
// record is skipped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/core/clock.h"
#include "base/io/blocking_pool.h"
#include "base/io/condition.h"
#include "base/io/epoll_loop.h"

namespace podo::engine {

struct LogOptions {
  bool out = true, err = true, follow = false, timestamps = false, details = false;
  std::optional<Wall> since = {}, until = {};
  std::optional<std::uint64_t> tail = {};  // records; absent: all
};

// Pieces of output ready to be sent: framed with 8-byte headers, a frame a record, or raw for a container
// with a terminal. "" at the end: of the log, or with `follow` of the container.
class LogReader {
 public:
  virtual ~LogReader() = default;
  virtual io::Task<std::string> next() = 0;
};

// Whether a log still grows: the engine has one of a container that runs, and ends it once its output is
// drained.
class LogLife {
 public:
  bool growing() const { return growing_; }
  void end() {
    growing_ = false;
    changed_.notify_all();
  }
  io::Condition::Wait changed() { return changed_.wait(); }

 private:
  bool growing_ = true;
  io::Condition changed_{"the end of a container's log"};
};

enum class LogFormat : std::uint8_t { json_file, local };

struct LogPlace {
  std::string path;
  LogFormat format = LogFormat::json_file;
  bool tty = false;
  std::shared_ptr<LogLife> life = {};  // absent: nobody writes it any more, so following ends with the log
};

// A log without any file is empty. With `follow`: exhausted when this user has no inotify instance left.
Result<std::unique_ptr<LogReader>> open_log(io::EpollLoop& loop, io::BlockingPool& pool, LogPlace place,
                                            LogOptions options);

}  // namespace podo::engine
