// The place of a mount inside the container's root: found or created without ever leaving the root.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::runtime {

enum class TargetKind : std::uint8_t { directory, file };

// An O_PATH descriptor of `path` below `root`, whatever is mounted there by now included. What is missing is
// created: directories 0755, a file 0644 (the caller's umask is expected to be 0). A symlink of the image is
// followed as the container would follow it, also one that leads nowhere yet: images ship /etc/resolv.conf as
// such.
Result<io::Fd> open_target(int root, std::string_view path, TargetKind kind);

// The same for the directory that holds `path`; `name` gets the last component.
Result<io::Fd> open_target_parent(int root, std::string_view path, std::string& name);

bool is_directory(int fd);

}  // namespace podo::runtime
