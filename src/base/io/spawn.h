// The birth of a child process, below Process: from clone(2) to execve(2).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/io/process.h"

namespace podo::io {

struct Born {
  pid_t pid;
  Fd pidfd;
};

// Every descriptor of the child that is not in `descriptors` is closed when it executes.
Result<Born> give_birth(const Command& command, const std::vector<Command::Passed>& descriptors);

}  // namespace podo::io
