// The seccomp profile of a container that does not bring its own: what is not listed here answers EPERM, and
// clone3 (whose flags no filter can read) ENOSYS, so that programs take clone. default_seccomp_table.h has
// the lists.
#pragma once

#include <cstdint>

#include "base/format/json_writer.h"
#include "container/config/runtime_config.h"

namespace podo::engine {

// Writes the object `linux.seccomp` for a process with these capabilities.
void write_default_seccomp(json::Writer& out, std::uint64_t capabilities, const Machine& machine);
// The same from a profile in Docker's format (members archMap, includes, excludes) or the runtime-spec's.
Result<> write_seccomp_profile(json::Writer& out, std::string_view profile, std::uint64_t capabilities,
                               const Machine& machine);

}  // namespace podo::engine
