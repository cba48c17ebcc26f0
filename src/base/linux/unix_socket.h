// Unix stream sockets for one message with a descriptor: console sockets, seccomp agents. Blocking.
#pragma once

#include <string>
#include <string_view>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::linux {

// By any path: one that is longer than an address may be is reached through its directory's descriptor.
Result<io::Fd> connect_unix(const std::string& path);

// The whole payload, the descriptor with its first byte (SCM_RIGHTS).
Result<> send_with_descriptor(const io::Fd& socket, std::string_view payload, const io::Fd& descriptor);

}  // namespace podo::linux
