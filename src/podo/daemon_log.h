// The daemon's log: lines on standard error, each by one write(2), with the level only a journal or with the
// time where nobody else writes it down. From any thread.
#pragma once

#include "base/core/clock.h"
#include "base/core/log.h"

namespace podo {

class DaemonLog final : public Log {
 public:
  DaemonLog(const Clock& clock, bool debug);
  void write(LogLevel level, std::string_view message) override;

 private:
  const Clock& clock_;
  bool debug_;
  bool under_journal_;  // systemd's: it knows the time, and reads "<3>" as a level
};

}  // namespace podo
