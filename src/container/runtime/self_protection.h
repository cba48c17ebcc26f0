// This program's own file, out of reach of the containers it starts (CVE-2019-5736).
//
// While the runtime runs inside a container, /proc/PID/exe is its file on the host; a container that opens it
// for writing owns the host. Therefore the program executes itself again from a read-only mount of that one
// file, which is attached nowhere: nothing opened through it can be written, no namespace contains it, so no
// remount reaches it, and it goes with its last user. Where such a mount is refused (without CAP_SYS_ADMIN),
// a sealed copy in memory does the same for the price of the copy.
//
// Called first in main(), by a single thread, before any descriptor is opened. Arguments, environment and
// descriptors survive.
#pragma once

#include "base/core/error.h"

namespace podo::runtime {

// Returns in the program that is protected: at once when its file already is read-only for everyone (read
// from the kernel, never from the environment), else in its second life. An error: protection is impossible
// here; start no container.
Result<> protect_own_binary(char** argv);

}  // namespace podo::runtime
