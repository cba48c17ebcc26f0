// Why a container's process could not be started, as clients want to hear it. Pure.
//
// The docker CLI has nothing but the message's words to choose its exit code from: "executable file not
// found", "no such file or directory" are 127, "permission denied", "is a directory" 126, everything else
// 125.
#pragma once

#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::engine {

// The last message among the lines of the runtime's log: time="..." level=error msg="...". What is no such
// line is the message itself.
std::string runtime_message(std::string_view errors);

struct StartFailure {
  Error error;    // invalid for what the user can mend (HTTP 400), else as it was
  int exit_code;  // of the container: 127, 126 or 128
};
StartFailure explain_start_failure(const Error& cause);

}  // namespace podo::engine
