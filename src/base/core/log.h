// Where a program says what it does. A Log is handed down by constructor; a library never owns one.
// Implementations write one line per call and never fail their caller.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/core/text.h"

namespace podo {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
std::string_view name_of(LogLevel level);  // "debug", "info", "warning", "error"

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view message) = 0;

  template <class... A>
  void debug(Pattern<A...> pattern, const A&... a) {
    write(LogLevel::debug, text(pattern, a...));
  }
  template <class... A>
  void info(Pattern<A...> pattern, const A&... a) {
    write(LogLevel::info, text(pattern, a...));
  }
  template <class... A>
  void warn(Pattern<A...> pattern, const A&... a) {
    write(LogLevel::warning, text(pattern, a...));
  }
  template <class... A>
  void error(Pattern<A...> pattern, const A&... a) {
    write(LogLevel::error, text(pattern, a...));
  }
};

// Says nothing.
class SilentLog final : public Log {
 public:
  void write(LogLevel, std::string_view) override {}
};

}  // namespace podo
