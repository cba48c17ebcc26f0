// seccomp(2): system calls of this process are judged by a program from now on, and of all that it starts.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::linux {

// Installs the filter with SECCOMP_FILTER_FLAG_* `flags`; the listener with
// SECCOMP_FILTER_FLAG_NEW_LISTENER, otherwise an empty Fd. Needs no_new_privs or CAP_SYS_ADMIN.
// Allocates nothing unless it fails.
Result<io::Fd> install_seccomp_filter(std::span<const sock_filter> program, std::uint32_t flags);

}  // namespace podo::linux
