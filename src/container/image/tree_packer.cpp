#include "container/image/tree_packer.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "base/linux/file.h"

namespace podo::image {
namespace {

constexpr std::size_t batch_bytes = 1 << 20;

bool is_packed(std::string_view xattr) {
  if (xattr.starts_with("user.")) return !xattr.starts_with("user.overlay.");
  return xattr == "security.capability" || xattr == "system.posix_acl_access" ||
         xattr == "system.posix_acl_default";
}

Result<> read_xattrs(int fd, tar::Entry& entry) {
  char names[64 << 10];
  const ssize_t size = flistxattr(fd, names, sizeof names);
  if (size < 0 && errno == ENOTSUP) return {};
  if (size < 0) return failed_errno(errno, "list the attributes of {}", entry.path);
  for (std::string_view rest(names, static_cast<std::size_t>(size)); !rest.empty();) {
    const std::string name(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(name.size() + 1);
    // What overlayfs may write in place of a file's content or name when the machine's defaults let it.
    if (name == "trusted.overlay.metacopy" || name == "trusted.overlay.redirect")
      return corrupt("{}: {} cannot be in a layer", entry.path, name);
    if (!is_packed(name)) continue;
    std::string value(64 << 10, '\0');
    const ssize_t bytes = fgetxattr(fd, name.c_str(), value.data(), value.size());
    if (bytes < 0) continue;  // gone
    value.resize(static_cast<std::size_t>(bytes));
    entry.xattrs.emplace_back(name, std::move(value));
  }
  return {};
}

}  // namespace

Result<tar::Entry> entry_of(const TreeWalk::Found& found, int file) {
  const struct stat& status = found.status;
  tar::Entry entry;
  entry.path = found.path;
  entry.mode = status.st_mode & 07777;
  entry.uid = status.st_uid;
  entry.gid = status.st_gid;
  entry.mtime_s = status.st_mtim.tv_sec;
  if (S_ISREG(status.st_mode)) {
    entry.type = tar::Type::file;
    entry.size = static_cast<std::uint64_t>(status.st_size);
    TRY(read_xattrs(file, entry));
  } else if (S_ISDIR(status.st_mode)) {
    entry.type = tar::Type::directory;
    TRY(read_xattrs(found.folder.get(), entry));
  } else if (S_ISLNK(status.st_mode)) {
    entry.type = tar::Type::symlink;
    entry.link.resize(PATH_MAX);
    const ssize_t size = readlinkat(found.parent, found.name.c_str(), entry.link.data(), entry.link.size());
    if (size < 0) return failed_errno(errno, "readlink {}", found.path);
    entry.link.resize(static_cast<std::size_t>(size));
  } else if (S_ISFIFO(status.st_mode)) {
    entry.type = tar::Type::fifo;
  } else {
    entry.type = S_ISCHR(status.st_mode) ? tar::Type::character_device : tar::Type::block_device;
    entry.device_major = major(status.st_rdev);
    entry.device_minor = minor(status.st_rdev);
  }
  return entry;
}

Result<TreePacker> TreePacker::open(const std::string& path, Marks marks) {
  return TreePacker(TRY(TreeWalk::open(path)), marks);
}

Result<std::string> TreePacker::next() {
  std::string out;
  out.reserve(batch_bytes + (64 << 10));
  while (out.size() < batch_bytes && !ended_) {
    if (file_) {
      TRY(add_content(out));
    } else if (!TRY(add_member(out))) {
      out += tar::end_of_archive();
      ended_ = true;
    }
  }
  return out;
}

Result<> TreePacker::add_entry(const tar::Entry& entry, std::string& out) {
  out += TRY_IN(entry.path, tar::header_of(entry));
  ++members_;
  return {};
}

Result<bool> TreePacker::add_member(std::string& out) {
  const TreeWalk::Found* found = TRY(walk_.next());
  if (found == nullptr) return false;
  const struct stat& status = found->status;
  if (S_ISSOCK(status.st_mode)) return true;
  if (marks_ == Marks::layer && is_whiteout(status)) {
    tar::Entry mark{.path = found->path.substr(0, found->path.size() - found->name.size()) + ".wh." +
                            found->name};
    TRY(add_entry(mark, out));
    return true;
  }
  if (status.st_nlink > 1 && !S_ISDIR(status.st_mode)) {
    auto [first, is_new] = linked_.emplace(std::pair(status.st_dev, status.st_ino), found->path);
    if (!is_new) {
      tar::Entry link{.type = tar::Type::hard_link,
                      .path = found->path,
                      .link = first->second,
                      .mode = status.st_mode & 07777,
                      .uid = status.st_uid,
                      .gid = status.st_gid};
      link.mtime_s = status.st_mtim.tv_sec;
      TRY(add_entry(link, out));
      return true;
    }
  }
  io::Fd file;
  if (S_ISREG(status.st_mode)) {
    auto opened = linux::open_at(found->parent, found->name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!opened && opened.error().system_errno() == ENOENT) return true;  // removed meanwhile
    file = TRY(std::move(opened));
  }
  TRY(add_entry(TRY(entry_of(*found, file.get())), out));
  if (marks_ == Marks::layer && found->folder && is_opaque(found->folder.get()))
    TRY(add_entry({.path = found->path + "/.wh..wh..opq"}, out));
  if (!file || status.st_size == 0) return true;
  file_ = std::move(file);
  left_ = static_cast<std::uint64_t>(status.st_size);
  padding_ = tar::padding_of(left_);
  return true;
}

Result<> TreePacker::add_content(std::string& out) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left_, 256 << 10));
  const std::size_t before = out.size();
  ssize_t count = 0;
  out.resize_and_overwrite(before + wanted, [&](char* bytes, std::size_t size) {
    count = ::read(file_.get(), bytes + before, size - before);
    return before + static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  });
  if (count < 0) return failed_errno(errno, "read a file of the tree");
  if (count == 0) out.append(wanted, '\0'), count = static_cast<ssize_t>(wanted);  // it became shorter
  left_ -= static_cast<std::uint64_t>(count);
  if (left_ != 0) return {};
  out.append(static_cast<std::size_t>(padding_), '\0');
  file_.close();
  return {};
}

}  // namespace podo::image
