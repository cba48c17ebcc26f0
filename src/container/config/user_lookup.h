// Who a container's process runs as: "user[:group]" with names or numbers, looked up in the container's own
// /etc/passwd and /etc/group, which are read without leaving its file tree.
//
//   passwd line := name ':' password ':' uid ':' gid ':' comment ':' home ':' shell
//   group line  := name ':' password ':' gid ':' [ user *( ',' user ) ]
//
// The groups that /etc/group gives to the user count when no group is named beside it; among the groups of
// HostConfig.GroupAdd "@image" says that they count in any case, "@none" that they never do (no group is
// called so).
//
// Blocking (two small files): for the pool. Errors are invalid, in the words of Docker's clients: "unable
// to find user x: no matching entries in passwd file".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "model/docker/container_config.h"

namespace podo::engine {

inline constexpr std::string_view groups_of_image = "@image", no_groups_of_image = "@none";

struct UserIds {
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups;  // supplementary
  std::string home = "/";             // "/root" for root; "/" when nobody knows
};

// `rootfs`: the mounted tree, or /proc/PID/root of a running container. `groups`: HostConfig.GroupAdd.
Result<UserIds> look_up_user(const std::string& rootfs, std::string_view user, const docker::Strings& groups);

// The pure part.
Result<UserIds> find_user(std::string_view passwd, std::string_view group, std::string_view user,
                          const docker::Strings& groups);

}  // namespace podo::engine
