// How the calls of engine.h are to be done, and what some of them answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace podo::engine {

struct StopOptions {
  std::string signal = {};                     // "": the container's own
  std::optional<std::int64_t> timeout_s = {};  // absent: the container's, or 10; negative: for ever
};

struct RemoveOptions {
  bool force = false, volumes = false, link = false;
};

enum class WaitFor : std::uint8_t { not_running, next_exit, removed };
struct Waited {
  int exit_code = 0;
  std::string error;  // why it could not even be started
};

// What attach gives: output in Docker's multiplexed framing (8-byte headers), or raw for a terminal; writes
// are standard input, finish() closes it. A reader that does not read never holds the container up.
struct AttachOptions {
  bool stream = false, logs = false, in = false, out = false, err = false;
  std::string detach_keys = {};  // "": ctrl-p,ctrl-q; when they come on standard input the stream ends
};

struct Pruned {
  std::vector<std::string> removed;
  std::uint64_t bytes = 0;
};

}  // namespace podo::engine
