// The same file as a container's first process (--init): executed as ".../docker-init", it is the parent
// of the program that was asked for, hands every signal on to it, and reaps whatever else is left to it.
//
//   docker-init [--] PROGRAM [ARGUMENT]...        ends as PROGRAM does: its exit code, or 128 + its signal
#pragma once

namespace podo::monitor {

bool is_init(const char* own_name);
[[noreturn]] void run_init(char** arguments, char** environment);

}  // namespace podo::monitor
