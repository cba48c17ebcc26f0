// What commands print: results to standard output, everything else to standard error. Plain system calls that
// may block: a command has nothing better to do than to wait for its reader.
#pragma once

#include <string_view>

#include "base/format/json.h"
#include "base/io/task.h"

namespace podo::cli {

Result<> print(std::string_view bytes);          // fails when nobody reads any more
void complain(std::string_view line);            // with a newline
void print_error_bytes(std::string_view bytes);  // as they are, to standard error
std::string indented(json::Value value);         // four blanks a level, as docker's inspect

bool is_terminal(int fd);
bool ask_yes(std::string_view question);  // on the terminal; anything but y is no

}  // namespace podo::cli
