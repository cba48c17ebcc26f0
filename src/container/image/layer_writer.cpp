#include "container/image/layer_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "base/linux/file.h"
#include "base/linux/path.h"
#include "container/image/tree.h"

namespace podo::image {
namespace {

constexpr std::string_view whiteout_prefix = ".wh.", opaque_marker = ".wh..wh..opq", aufs_prefix = ".wh..wh.";
constexpr std::size_t folder_paths_max = 256u << 20;  // bytes kept for the folders' times

bool may_set(std::string_view xattr) {
  if (xattr.starts_with("user.")) return !xattr.starts_with("user.overlay.");
  return xattr == "security.capability" || xattr == "system.posix_acl_access" ||
         xattr == "system.posix_acl_default";
}

timespec time_of(std::int64_t seconds, std::uint32_t nanoseconds) {
  return {.tv_sec = seconds, .tv_nsec = static_cast<long>(nanoseconds)};
}

Result<> write_all(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "write");
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

}  // namespace

Result<LayerWriter> LayerWriter::open(const std::string& folder, const LayerLimits& limits) {
  return LayerWriter(TRY(open_folder(AT_FDCWD, folder.c_str())), limits);
}

Result<LayerWriter::Name> LayerWriter::name_of(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t slash = rest.find('/');
    std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else {
      if (parts.empty()) return invalid("the name leads out of the layer");
      parts.pop_back();
    }
  }
  Name name;
  if (parts.empty()) return name;
  name.last = parts.back();
  parts.pop_back();
  for (std::string_view part : parts) {
    if (!name.parent.empty()) name.parent += '/';
    name.parent += part;
  }
  return name;
}

Result<> LayerWriter::add(const tar::Entry& entry) {
  TRY(finish_file());
  if (++entries_ > limits_.entries_max)
    return exhausted("a layer of more than {} files", limits_.entries_max);
  if (auto added = add_named(entry); !added)
    return Failure(std::move(added).error().within(text("unpack {}", entry.path)));
  return {};
}

Result<> LayerWriter::add_named(const tar::Entry& entry) {
  Name name = TRY(name_of(entry.path));
  if (name.last.empty()) {  // the root itself
    if (entry.type != tar::Type::directory) return invalid("the root of a layer must be a directory");
    folder_times_.push_back({".", entry.mtime_s, entry.mtime_ns});
    return set_attributes(root_.get(), entry);
  }
  if (name.last.starts_with(whiteout_prefix)) return hide(name.parent, name.last);
  if (name.parent.find(whiteout_prefix) == 0 || name.parent.find("/.wh.") != std::string::npos)
    return invalid("a whiteout has nothing in it");
  if (entry.type == tar::Type::hard_link) return make_hard_link(name.parent, name.last, entry);
  const int folder = TRY(parent(name.parent));
  if (entry.type == tar::Type::file) return make_file(folder, name.last, entry);
  if (entry.type != tar::Type::directory) return make_node(folder, name.last, entry);
  TRY(make_folder(folder, name.last, entry));
  std::string path = name.parent.empty() ? name.last : name.parent + "/" + name.last;
  folder_path_bytes_ += path.size() + sizeof(FolderTime);
  if (folder_path_bytes_ > folder_paths_max) return exhausted("a layer with too many directories");
  folder_times_.push_back({std::move(path), entry.mtime_s, entry.mtime_ns});
  return {};
}

// The directory's descriptor, which stays ours.
Result<int> LayerWriter::parent(const std::string& path) {
  if (path.empty()) return root_.get();
  auto at = std::find_if(parents_.rbegin(), parents_.rend(), [&](const Parent& p) { return p.path == path; });
  if (at != parents_.rend()) {
    std::rotate(at.base() - 1, at.base(), parents_.end());
    return parents_.back().folder.get();
  }
  auto folder = linux::open_below(root_.get(), path.c_str(), O_RDONLY | O_DIRECTORY, linux::in_root);
  if (!folder && folder.error().system_errno() == ENOENT) folder = make_parent(path);
  if (!folder) return Failure(std::move(folder).error());
  if (parents_.size() == parents_kept) parents_.erase(parents_.begin());
  parents_.push_back({path, *std::move(folder)});
  return parents_.back().folder.get();
}

// A folder that the layer has no member for, as other unpackers make it.
Result<io::Fd> LayerWriter::make_parent(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const int above = TRY(parent(slash == std::string::npos ? "" : path.substr(0, slash)));
  const std::string name = path.substr(slash + 1);
  if (mkdirat(above, name.c_str(), 0755) != 0) return failed_errno(errno, "mkdir {}", path);
  return open_folder(above, name.c_str());
}

Result<> LayerWriter::hide(const std::string& parent_path, std::string_view whiteout) {
  const int folder = TRY(parent(parent_path));
  if (whiteout == opaque_marker) return set_opaque(folder);
  if (whiteout.starts_with(aufs_prefix)) return {};
  const std::string name(whiteout.substr(whiteout_prefix.size()));
  if (name.empty() || name == "." || name == "..") return invalid("a whiteout of nothing");
  // What this layer itself has is not hidden by its own whiteout; but nothing of lower layers shows in it.
  struct stat status;
  if (fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    if (!S_ISDIR(status.st_mode)) return {};
    return set_opaque(TRY(open_folder(folder, name.c_str())).get());
  }
  if (mknodat(folder, name.c_str(), S_IFCHR, 0) != 0) return failed_errno(errno, "mknod");
  return {};
}

// Nothing is called so any more.
Result<> LayerWriter::clear_place(int folder, const std::string& name) {
  parents_.erase(std::remove_if(parents_.begin(), parents_.end(),
                                [&](const Parent& p) { return p.folder.get() != folder; }),
                 parents_.end());  // they may be below it
  return remove_tree(folder, name);
}

Result<> LayerWriter::make_file(int folder, const std::string& name, const tar::Entry& entry) {
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  auto file = linux::open_at(folder, name.c_str(), flags, 0600);
  if (!file && file.error().system_errno() == EEXIST) {
    TRY(clear_place(folder, name));
    file = linux::open_at(folder, name.c_str(), flags, 0600);
  }
  file_ = TRY(std::move(file));
  file_entry_ = entry;
  file_end_ = 0;
  return {};
}

Result<> LayerWriter::write(std::uint64_t offset, std::string_view bytes) {
  if (!file_) return {};  // the content of what is not unpacked
  bytes_ += bytes.size();
  if (bytes_ > limits_.bytes_max) return exhausted("a layer of more than {} bytes", limits_.bytes_max);
  file_end_ = offset + bytes.size();
  TRY_IN(text("unpack {}", file_entry_.path), write_all(file_.get(), bytes, offset));
  return {};
}

Result<> LayerWriter::finish_file() {
  if (!file_) return {};
  io::Fd file = std::move(file_);
  if (file_end_ != file_entry_.size && ftruncate(file.get(), static_cast<off_t>(file_entry_.size)) != 0)
    return failed_errno(errno, "unpack {}: size", file_entry_.path);
  TRY_IN(text("unpack {}", file_entry_.path), set_attributes(file.get(), file_entry_));
  const timespec time = time_of(file_entry_.mtime_s, file_entry_.mtime_ns), both[2] = {time, time};
  if (futimens(file.get(), both) != 0) return failed_errno(errno, "unpack {}: time", file_entry_.path);
  return {};
}

// Of a file or folder. The owner first: changing it takes set-user-id bits and capabilities away.
Result<> LayerWriter::set_attributes(int fd, const tar::Entry& entry) {
  if (fchown(fd, entry.uid, entry.gid) != 0) return failed_errno(errno, "chown");
  if (fchmod(fd, entry.mode) != 0) return failed_errno(errno, "chmod");
  for (const auto& [name, value] : entry.xattrs) {
    if (!may_set(name) || fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) == 0) continue;
    if (errno != ENOTSUP && errno != EPERM) return failed_errno(errno, "set {}", name);
  }
  return {};
}

Result<> LayerWriter::make_folder(int folder, const std::string& name, const tar::Entry& entry) {
  bool was_hidden = false;
  if (mkdirat(folder, name.c_str(), 0700) != 0) {
    if (errno != EEXIST) return failed_errno(errno, "mkdir");
    struct stat status;
    if (fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return failed_errno(errno, "stat");
    was_hidden = is_whiteout(status);
    if (!S_ISDIR(status.st_mode)) {
      TRY(clear_place(folder, name));
      if (mkdirat(folder, name.c_str(), 0700) != 0) return failed_errno(errno, "mkdir");
    }
  }
  io::Fd made = TRY(open_folder(folder, name.c_str()));
  if (was_hidden) TRY(set_opaque(made.get()));
  return set_attributes(made.get(), entry);
}

Result<> LayerWriter::make_hard_link(const std::string& parent_path, const std::string& name,
                                     const tar::Entry& entry) {
  const Name target = TRY(name_of(entry.link));
  if (target.last.empty()) return invalid("a hard link to the root");
  // Looked up by path both times: opening the second parent may push the first out of those kept.
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto from = linux::open_below(root_.get(), target.parent.empty() ? "." : target.parent.c_str(),
                                  O_PATH | O_DIRECTORY, linux::in_root);
    if (!from) return Failure(std::move(from).error().within(text("hard link to {}", entry.link)));
    const int folder = TRY(parent(parent_path));
    if (linkat(from->get(), target.last.c_str(), folder, name.c_str(), 0) == 0) return {};
    if (errno != EEXIST || attempt == 1) return failed_errno(errno, "hard link to {}", entry.link);
    struct stat old, wanted;
    if (fstatat(folder, name.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0 &&
        fstatat(from->get(), target.last.c_str(), &wanted, AT_SYMLINK_NOFOLLOW) == 0 &&
        old.st_ino == wanted.st_ino)
      return {};  // it is that already; clearing the place could remove the last name
    TRY(clear_place(folder, name));
  }
  return {};
}

// Symlinks, devices and fifos.
Result<> LayerWriter::make_node(int folder, const std::string& name, const tar::Entry& entry) {
  auto make = [&] {
    if (entry.type == tar::Type::symlink) return symlinkat(entry.link.c_str(), folder, name.c_str());
    const mode_t kind = entry.type == tar::Type::fifo               ? S_IFIFO
                        : entry.type == tar::Type::character_device ? S_IFCHR
                                                                    : S_IFBLK;
    return mknodat(folder, name.c_str(), kind | 0600, makedev(entry.device_major, entry.device_minor));
  };
  if (make() != 0) {
    if (errno != EEXIST) return failed_errno(errno, "make it");
    TRY(clear_place(folder, name));
    if (make() != 0) return failed_errno(errno, "make it");
  }
  if (fchownat(folder, name.c_str(), entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0)
    return failed_errno(errno, "chown");
  // It was made a moment ago in a folder nobody else writes to, and is no symlink: nothing is followed.
  if (entry.type != tar::Type::symlink && fchmodat(folder, name.c_str(), entry.mode, 0) != 0)
    return failed_errno(errno, "chmod");
  const timespec time = time_of(entry.mtime_s, entry.mtime_ns), both[2] = {time, time};
  if (utimensat(folder, name.c_str(), both, AT_SYMLINK_NOFOLLOW) != 0)
    return failed_errno(errno, "set the time");
  return {};
}

Result<> LayerWriter::finish() {
  TRY(finish_file());
  parents_.clear();
  for (const FolderTime& folder : folder_times_) {
    auto opened = linux::open_below(root_.get(), folder.path.c_str(), O_RDONLY | O_DIRECTORY, linux::in_root);
    if (!opened) continue;  // replaced by a later member
    const timespec time = time_of(folder.seconds, folder.nanoseconds), both[2] = {time, time};
    if (futimens(opened->get(), both) != 0) return failed_errno(errno, "unpack {}: time", folder.path);
  }
  return {};
}

}  // namespace podo::image
