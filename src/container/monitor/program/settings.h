// The `start` message (protocol.h), taken apart.
#pragma once

#include "container/monitor/program/log_file.h"

namespace podo::monitor {

struct Settings {
  static constexpr size_t arguments_max = 255;

  LogFile::Settings log;
  bool tty = false, stdin_open = false, subscribe = false;
  char* arguments[arguments_max + 1] = {};  // of the runtime; null ends them
};

// Null, or what is wrong. The settings point into `payload`.
const char* parse_start(char* payload, size_t size, Settings& settings);

}  // namespace podo::monitor
