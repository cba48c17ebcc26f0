#include "cluster/volumes/ownership.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/linux/file.h"
#include "container/image/tree.h"
#include "model/kube/path.h"

namespace podo::volumes {
namespace {

constexpr mode_t all_bits = 07777;

// By a descriptor that is not followed anywhere: between the look and the change the name may become
// another file's, and chmod(2) knows no O_PATH.
Result<> own_one(int parent, const std::string& name, const Group& group, Writable writable) {
  const io::Fd file = TRY(linux::open_at(parent, name.c_str(), O_PATH | O_NOFOLLOW));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return failed_errno(errno, "stat {}", name);
  if (::fchownat(file.get(), "", static_cast<uid_t>(-1), group.gid, AT_EMPTY_PATH) != 0)
    return failed_errno(errno, "chown {}", name);
  if (S_ISLNK(status.st_mode)) return {};
  const mode_t mode = shared_mode(status.st_mode & all_bits, S_ISDIR(status.st_mode), writable);
  if (::chmod(text("/proc/self/fd/{}", file.get()).c_str(), mode) != 0)
    return failed_errno(errno, "chmod {}", name);
  return {};
}

Result<bool> is_owned(const std::string& folder, const Group& group, Writable writable) {
  struct stat status{};
  if (::stat(folder.c_str(), &status) != 0) return failed_errno(errno, "stat {}", folder);
  const mode_t mode = status.st_mode & all_bits;
  return status.st_gid == group.gid && shared_mode(mode, true, writable) == mode;
}

}  // namespace

std::optional<Group> group_of(const json::Item& pod) {
  const json::Item* context = kube::find_at(pod, "spec.securityContext");
  const json::Item* gid = context != nullptr ? kube::find_at(*context, "fsGroup") : nullptr;
  if (gid == nullptr) return std::nullopt;
  return Group{.gid = static_cast<gid_t>(gid->as_int64().value_or(0)),
               .only_on_mismatch = kube::text_at(*context, "fsGroupChangePolicy") == "OnRootMismatch"};
}

std::optional<uid_t> only_user_of(const json::Item& pod) {
  const json::Item* of_pod = kube::find_at(pod, "spec.securityContext.runAsUser");
  std::optional<std::int64_t> only;
  for (const std::string_view list : {"spec.initContainers", "spec.containers"}) {
    for (const json::Item& container : kube::children_at(pod, list)) {
      const json::Item* own = kube::find_at(container, "securityContext.runAsUser");
      const json::Item* user = own != nullptr ? own : of_pod;
      if (user == nullptr || (only && *only != user->as_int64())) return std::nullopt;
      only = user->as_int64();
    }
  }
  if (!only) return std::nullopt;
  return static_cast<uid_t>(*only);
}

mode_t shared_mode(mode_t mode, bool is_folder, Writable writable) {
  const mode_t for_files = writable == Writable::yes ? 0660 : 0440;
  return mode | for_files | (is_folder ? S_ISGID | 0110 : 0);
}

Result<> own_tree(const std::string& folder, const Group& group, Writable writable) {
  if (group.only_on_mismatch && TRY(is_owned(folder, group, writable))) return {};
  image::TreeWalk walk = TRY(image::TreeWalk::open(folder));
  while (const image::TreeWalk::Found* found = TRY(walk.next()))
    TRY_IN(found->path, own_one(found->parent, found->name, group, writable));
  // Last: a root that shows it is done says so of everything.
  return own_one(AT_FDCWD, folder, group, writable);
}

}  // namespace podo::volumes
