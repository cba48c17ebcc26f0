// HostConfig.LogConfig as a monitor understands it. Pure.
//
//   json-file   max-size, max-file, labels, labels-regex, env, env-regex, tag, compress, mode,
//               max-buffer-size
//   local       max-size (20m), max-file (5), compress
//   none
#pragma once

#include "container/config/container.h"
#include "container/streams/monitor_client.h"

namespace podo::engine {

// Invalid: "logger: no log driver named 'x' is registered", "unknown log opt 'x' for json-file log driver".
Result<LogTarget> plan_log(const Container& container);

Result<std::uint64_t> parse_size(std::string_view text);  // "10m", "1g", "512", "1.5k"; -1: 0, no limit

}  // namespace podo::engine
