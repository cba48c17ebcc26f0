// The failure of a build that is nobody's but its own: a command of a RUN did not end with 0. Its error says
// so in one form, from which the code can be had back:
//
//   The command '/bin/sh -c exit 3' returned a non-zero code: 3
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/core/error.h"

namespace podo::builder {

struct StepFailed {
  std::string command;
  int exit_code = 0;
};

Error step_failure(const StepFailed& failed);
std::optional<StepFailed> step_failed(const Error& error);  // absent: it is another error

}  // namespace podo::builder
