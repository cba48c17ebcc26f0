// `podo completion SHELL`: a script that completes commands and flags, made from their tables.
#pragma once

#include "cli/console/flags.h"

namespace podo::cli {

struct Completed {
  std::string name;  // "container ls"
  std::span<const Flag> flags, more_flags;
};
std::vector<Completed> completed_commands();

int print_completion(std::span<char* const> words);

}  // namespace podo::cli
