// The runtime's log: standard error, or the file of --log, one line a message in the format of --log-format.
#pragma once

#include <string>
#include <string_view>

#include "base/core/error.h"
#include "base/core/log.h"
#include "base/io/fd.h"

namespace podo::oci_cli {

enum class LogFormat : std::uint8_t { text, json };
// `time`: RFC 3339. With its newline.
std::string log_line(LogFormat format, LogLevel level, std::string_view message, std::string_view time);

class OciLog final : public Log {
 public:
  // Before it, and with an empty path, lines go to standard error as text.
  Result<> open(const std::string& path, std::string_view format, bool debug);
  void write(LogLevel level, std::string_view message) override;
  // The error that ends the program: to the log, and in plain words to standard error when that is another.
  void report(const Error& error);

 private:
  io::Fd file_;
  LogFormat format_ = LogFormat::text;
  bool debug_ = false;
};

}  // namespace podo::oci_cli
