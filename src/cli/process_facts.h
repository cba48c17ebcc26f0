// What processes cost, as /proc tells: of a daemon on this machine, and of the monitors of its containers.
// Memory is PSS: what is shared counts for its part. Values of one moment; two of them make a rate.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/core/clock.h"
#include "base/core/error.h"

namespace podo::cli {

struct ProcessFacts {
  std::uint64_t memory = 0;  // bytes
  Duration cpu = {};         // user and system, since its start
  Duration age = {};
  std::uint64_t wakeups = 0;  // of its threads, since they began
  unsigned threads = 0, descriptors = 0;
};
// Denied, unless it is the caller's or the caller is root.
Result<ProcessFacts> look_at_process(pid_t pid);

struct Monitors {
  unsigned count = 0;
  std::uint64_t memory = 0;
};
// Those whose folders are below `run_folder`.
Monitors look_at_monitors(const std::string& run_folder);

std::uint64_t bytes_below(const std::string& folder);  // on the disk

}  // namespace podo::cli
