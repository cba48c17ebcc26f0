#include "podo/daemon_log.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/core/timestamp.h"

namespace podo {
namespace {

int syslog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return 7;
    case LogLevel::info: return 6;
    case LogLevel::warning: return 4;
    case LogLevel::error: return 3;
  }
  return 6;
}

}  // namespace

DaemonLog::DaemonLog(const Clock& clock, bool debug)
    : clock_(clock), debug_(debug), under_journal_(::getenv("JOURNAL_STREAM") != nullptr) {}

void DaemonLog::write(LogLevel level, std::string_view message) {
  if (level == LogLevel::debug && !debug_) return;
  std::string line = under_journal_
                         ? text("<{}>", syslog_level(level))
                         : text("{} {} ", rfc3339(clock_.wall()).substr(0, 23) + "Z", name_of(level));
  for (const char c : message) line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  line += '\n';
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace podo
