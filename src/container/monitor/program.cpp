#include "container/monitor/program.h"

// PODO_MONITOR_PROGRAM is the file that the build made (cmake/monitor.cmake).
asm(".pushsection .rodata\n"
    ".balign 16\n"
    ".globl podo_monitor_program\n"
    "podo_monitor_program:\n"
    ".incbin \"" PODO_MONITOR_PROGRAM
    "\"\n"
    ".globl podo_monitor_program_end\n"
    "podo_monitor_program_end:\n"
    ".popsection\n");

extern "C" {
extern const std::byte podo_monitor_program[];
extern const std::byte podo_monitor_program_end[];
}

namespace podo::monitor {

std::span<const std::byte> program() { return {podo_monitor_program, podo_monitor_program_end}; }

}  // namespace podo::monitor
