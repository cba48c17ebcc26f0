// The small files in DIR (protocol.h).
#pragma once

#include <stdint.h>

namespace podo::monitor {

// What the runtime wrote to its pid file; 0: nothing.
uint64_t read_pid();
void write_pid(const char* name, uint64_t pid);  // with its start time
void write_exit(uint64_t code, uint64_t signal, uint64_t at_ns);

}  // namespace podo::monitor
