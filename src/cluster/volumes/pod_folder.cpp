#include "cluster/volumes/pod_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "base/linux/path.h"
#include "container/image/tree.h"

namespace podo::volumes {
namespace {

constexpr std::size_t mountinfo_bytes_max = 64u << 20;
constexpr int rounds_max = 8;  // mounts may lie upon one another
// Mounts are what is looked for, so they are entered; links never are.
constexpr std::uint64_t to_mount = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;

bool is_octal(std::string_view digits) {
  return digits.size() == 3 && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '7'; });
}

// mountinfo writes blanks and the like as \040.
std::string unescaped(std::string_view field) {
  std::string path;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\' || !is_octal(field.substr(i + 1, 3))) {
      path += field[i];
      continue;
    }
    path += static_cast<char>((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 + (field[i + 3] - '0'));
    i += 3;
  }
  return path;
}

// line := ID " " PARENT " " DEVICE " " ROOT " " MOUNT-POINT " " ...
std::string_view mount_point_of(std::string_view line) {
  for (int field = 0; field < 4; ++field) line.remove_prefix(std::min(line.find(' ') + 1, line.size()));
  return line.substr(0, line.find(' '));
}

// By a descriptor: between the look at mountinfo and now nothing may redirect the path. What is not there
// any more has been taken away with something else.
Result<> detach(int pod, const std::string& inner) {
  const auto mount = linux::open_below(pod, inner.empty() ? "." : inner.c_str(), O_PATH, to_mount);
  if (!mount) return {};
  const auto done = linux::unmount(text("/proc/self/fd/{}", mount->get()).c_str(), MNT_DETACH);
  if (!done && done.error().system_errno() != EINVAL) return done;  // EINVAL: no mount's root
  return {};
}

Result<> detach_all(int pod, const std::string& folder) {
  for (int round = 0; round < rounds_max; ++round) {
    std::vector<std::string> mounts = TRY(mounts_below(folder));
    if (mounts.empty()) return {};
    std::ranges::reverse(mounts);
    for (const std::string& mount : mounts) TRY_IN(mount, detach(pod, mount.substr(folder.size() + 1)));
  }
  const std::vector<std::string> left = TRY(mounts_below(folder));
  if (left.empty()) return {};
  return conflict("{} is still mounted: nothing of the pod is removed", left.back());
}

}  // namespace

Result<> check_name(std::string_view name) {
  if (name.empty() || name.starts_with('.') || name.contains('/') || name.contains('\0'))
    return invalid("\"{}\" is no name of a folder", name);
  return {};
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
  std::vector<std::string> names;
  const auto there = image::open_folder(AT_FDCWD, folder.c_str());
  if (!there && there.error().system_errno() == ENOENT) return names;
  if (!there) return Failure(there.error());
  for (image::NamedKind& child : TRY(image::list_folder(there->get())))
    names.push_back(std::move(child.name));
  return names;
}

Result<std::vector<std::string>> mounts_below(const std::string& folder) {
  const std::string mountinfo = TRY(linux::read_file("/proc/self/mountinfo", mountinfo_bytes_max));
  std::vector<std::string> mounts;
  for (std::string_view rest = mountinfo; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string path = unescaped(mount_point_of(rest.substr(0, end)));
    if (path.starts_with(folder) && path[folder.size()] == '/') mounts.push_back(std::move(path));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return mounts;
}

Result<> remove_pod_folder(const std::string& pods, const std::string& uid) {
  TRY(check_name(uid));
  const auto top = linux::open_at(AT_FDCWD, pods.c_str(), O_RDONLY | O_DIRECTORY);
  if (!top && top.error().system_errno() == ENOENT) return {};
  if (!top) return Failure(top.error());
  const auto pod = linux::open_below(top->get(), uid.c_str(), O_PATH | O_DIRECTORY, linux::in_one_mount);
  if (!pod && pod.error().system_errno() == ENOENT) return {};
  if (!pod) return Failure(pod.error());
  TRY(detach_all(pod->get(), pods + "/" + uid));
  return image::remove_tree(top->get(), uid);
}

Result<> make_message_file(const std::string& path) {
  TRY(image::make_folders(path.substr(0, path.rfind('/')), 0750));
  const io::Fd file =
      TRY(linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0666));
  if (::fchmod(file.get(), 0666) != 0) return failed_errno(errno, "chmod {}", path);
  return {};
}

Result<std::string> read_message_file(const std::string& path, std::size_t bytes_max) {
  const auto file = linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file && file.error().system_errno() == ENOENT) return std::string();
  if (!file) return Failure(file.error());
  const off_t size = ::lseek(file->get(), 0, SEEK_END);
  if (size < 0) return failed_errno(errno, "seek in {}", path);
  const std::size_t count = std::min(bytes_max, static_cast<std::size_t>(size));
  std::string last(count, '\0');
  const ssize_t got = ::pread(file->get(), last.data(), count, size - static_cast<off_t>(count));
  if (got < 0) return failed_errno(errno, "read {}", path);
  last.resize(static_cast<std::size_t>(got));
  return last;
}

}  // namespace podo::volumes
