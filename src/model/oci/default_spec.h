// The config.json that `podo oci spec` writes: a shell in a read-only root file system, as a start for
// editing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace podo::oci {

struct RootlessOwner {
  std::uint32_t uid = 0, gid = 0;
};  // who calls; becomes root of a user namespace

// Indented JSON with a newline at its end. With `rootless` the config needs no privilege: a user namespace
// with one mapped id, the host's network, /sys as a bind of the host's.
std::string default_spec_json(const std::optional<RootlessOwner>& rootless);

}  // namespace podo::oci
