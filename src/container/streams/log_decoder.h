// Records of a log from its bytes, and from records what a client gets. Pure;
// container/monitor/log_format.h has the grammars.
#pragma once

#include "container/streams/logs.h"

namespace podo::engine {

struct LogRecord {
  std::string_view bytes;  // with the newline, if there was one
  std::uint8_t stream = 1;
  Wall at = {};
  std::string_view attributes = {};  // a JSON object, or ""
};

// Views of a record last until the next one is decoded.
class LogDecoder {
 public:
  explicit LogDecoder(LogFormat format) : format_(format) {}

  // Bytes that the first record of `bytes` takes; 0: it is not whole yet. What is no record is passed over:
  // then `record` has no value.
  std::size_t next(std::string_view bytes, std::optional<LogRecord>& record);

 private:
  std::size_t next_json(std::string_view bytes, std::optional<LogRecord>& record);
  std::size_t next_local(std::string_view bytes, std::optional<LogRecord>& record);
  std::optional<LogRecord> decode_as_written(std::string_view line);
  std::optional<LogRecord> decode_any(std::string_view line);

  LogFormat format_;
  std::string text_, attributes_;  // what a record's views may point to
};

// Appends the frame of one record, as `docker logs` shows it.
void append_frame(std::string& out, const LogRecord& record, const LogOptions& options, bool tty);

}  // namespace podo::engine
