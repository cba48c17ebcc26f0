#include "container/oci_cli/oci_log.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/timestamp.h"
#include "base/format/json_writer.h"
#include "base/linux/file.h"

namespace podo::oci_cli {

std::string log_line(LogFormat format, LogLevel level, std::string_view message, std::string_view time) {
  if (format == LogFormat::json) {
    json::Writer line;
    line.object().key("level").string(name_of(level));
    line.key("msg").string(message).key("time").string(time).end();
    return line.take() + "\n";
  }
  std::string line = text("time=\"{}\" level={} msg=", time, name_of(level));
  json::append_quoted(line, message);  // the same escapes
  return line += '\n';
}

Result<> OciLog::open(const std::string& path, std::string_view format, bool debug) {
  if (format != "text" && format != "json")
    return invalid("--log-format: '{}' is neither text nor json", format);
  format_ = format == "json" ? LogFormat::json : LogFormat::text;
  debug_ = debug;
  if (path.empty()) return {};
  file_ = TRY_IN("--log", linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644));
  return {};
}

void OciLog::write(LogLevel level, std::string_view message) {
  if (level == LogLevel::debug && !debug_) return;
  const std::string line = log_line(format_, level, message, rfc3339(SystemClock().wall()));
  // One write: the lines of several programs stay whole.
  (void)linux::write_whole(file_ ? file_.get() : STDERR_FILENO, line);
}

void OciLog::report(const Error& error) {
  write(LogLevel::error, error.message());
  if (file_) (void)linux::write_whole(STDERR_FILENO, error.message() + "\n");
}

}  // namespace podo::oci_cli
