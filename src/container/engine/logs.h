// Reading a container's log while its monitor writes it: the files of json-file (one JSON object a line, as
// Docker's, ROTATED names PATH.1, PATH.2 ...) and local (log_local.h has the grammar).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/core/clock.h"
#include "base/io/task.h"

namespace podo::engine {

struct LogOptions {
  bool out = true, err = true, follow = false, timestamps = false, details = false;
  std::optional<Wall> since = {}, until = {};
  std::optional<std::uint64_t> tail = {};  // lines; absent: all
};

// Pieces of output ready to be sent: framed with 8-byte headers, or raw for a container with a terminal. "" at
// the end: of the log, or with `follow` of the container.
class LogReader {
 public:
  virtual ~LogReader() = default;
  virtual io::Task<std::string> next() = 0;
};

}  // namespace podo::engine
