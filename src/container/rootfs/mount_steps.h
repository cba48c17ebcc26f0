// One entry of `mounts` becomes a detached mount; rootfs.cpp attaches it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "base/core/log.h"
#include "base/io/fd.h"
#include "container/cgroup/cgroup.h"
#include "container/plan/plan.h"

namespace podo::runtime {

// type proc, tmpfs, ext4...: a new instance. A tmpfs takes the mode of `target`, the directory it will cover,
// when the configuration says none, and is never read-only yet: others still write to it.
Result<io::Fd> make_filesystem(const MountPlan& mount, std::string_view label, int target);

// A filesystem with options longer than fsconfig(2) takes (overlay with many layers): mount(2) on `target`
// itself.
bool needs_classic(const MountPlan& mount);
Result<> mount_filesystem_classic(const MountPlan& mount, std::string_view label, int target);

// A bind source with its attributes and, given `user_namespace`, its id mapping applied.
Result<io::Fd> open_bind(const MountPlan& mount, const std::string& bundle, int user_namespace, Log* log);

// The attributes of the mount alone and of its tree. In a user namespace what the host locked stays as it is.
Result<> apply_attributes(int tree, const MountPlan& mount, Log* log);

// type cgroup: v1 as a tmpfs of the container's own directories, v2 as the one tree. Attached to `target`.
Result<io::Fd> mount_cgroups(const MountPlan& mount, const std::vector<CgroupDirectory>& cgroups,
                             bool own_namespace, int target);

// tmpcopyup: what `from` (a directory of the image) holds, into the new file system at `to`.
Result<> copy_tree(int from, int to);

// A user namespace with these mappings, for idmapped mounts; nobody lives in it.
Result<io::Fd> make_user_namespace(const std::string& uid_map, const std::string& gid_map);

}  // namespace podo::runtime
