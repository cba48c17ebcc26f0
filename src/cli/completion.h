// What is made from the commands' tables: `podo completion SHELL`, a script that completes commands and
// flags; `podo man`, the manual page.
#pragma once

#include "cli/console/flags.h"

namespace podo::cli {

struct Completed {
  std::string name;  // "container ls"
  std::span<const Flag> flags, more_flags;
  std::string_view chapter, arguments, summary;
  bool alias = false;  // another name of the one before
};
std::vector<Completed> completed_commands();

int print_completion(std::span<char* const> words);
int print_manual();

}  // namespace podo::cli
