// Mounts by descriptor: fsopen(2), open_tree(2), move_mount(2), mount_setattr(2).
//
//   new:   open_filesystem("tmpfs") -> set_parameter()... -> make_mount() -> attach()
//   bind:  clone_tree(source) -> set_attributes() -> attach()
//
// A mount is detached until attach(): invisible to every path, gone when its descriptor closes; afterwards
// the descriptor names the attached mount. Attributes are set before anyone can see the mount, so there is no
// moment in which a read-only bind is writable. What a file system complains about (it tells more than errno)
// is part of the error's message. Blocking calls without state. Linux 5.12.
#pragma once

#include <sys/mount.h>

#include <cstdint>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::linux {

enum class Depth : bool { mount, tree };  // this mount alone, or with everything mounted below it

struct MountAttributes {
  std::uint64_t set = 0, clear = 0;  // MOUNT_ATTR_*
  std::uint64_t propagation = 0;     // one of MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE; 0: as it is
  int user_namespace = -1;           // with MOUNT_ATTR_IDMAP
};

// A descriptor of a file system in the making. Its user, pid, network namespaces are those of the caller of
// this function.
Result<io::Fd> open_filesystem(const char* type);
// A parameter as in mount(8) -o: key=value, or a flag when `value` is "". A value longer than
// parameter_bytes_max is refused.
Result<> set_parameter(const io::Fd& filesystem, const char* key, const char* value);
inline constexpr std::size_t parameter_bytes_max = 255;
Result<io::Fd> make_mount(const io::Fd& filesystem, std::uint64_t attributes);

// A detached copy of what is mounted at `path`; the copy's root is the directory or file itself. path "":
// what `dir` refers to.
Result<io::Fd> clone_tree(int dir, const char* path, Depth depth);
// Puts the mount on what `target` refers to, or on `name` in it (the last symlink is not followed).
Result<> attach(const io::Fd& mount, int target, const char* name = "");
Result<> set_attributes(int mount, Depth depth, const MountAttributes& attributes);

// The classic call, for what the others cannot express. `target` may be "." after fchdir(2) to a checked
// place.
Result<> mount_classic(const char* source, const char* target, const char* type, unsigned long flags,
                       const char* data);
Result<> pivot_root(const char* new_root, const char* put_old);
Result<> unmount(const char* path, int flags);

}  // namespace podo::linux
