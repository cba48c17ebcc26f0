#include "container/archive/tree_archiver.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>

#include "base/linux/file.h"
#include "container/volumes/file_tree.h"

namespace podo::engine {
namespace {

constexpr std::size_t levels_max = 4096;

std::string link_text(int folder, const std::string& name) {
  std::string target(4096, '\0');
  const ssize_t length = ::readlinkat(folder, name.c_str(), target.data(), target.size());
  target.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return target;
}

tar::Type type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return tar::Type::directory;
    case S_IFLNK: return tar::Type::symlink;
    case S_IFCHR: return tar::Type::character_device;
    case S_IFBLK: return tar::Type::block_device;
    case S_IFIFO: return tar::Type::fifo;
    default: return tar::Type::file;
  }
}

// File capabilities; other attributes belong to the host.
void add_capabilities(int folder, const std::string& name, tar::Entry& entry) {
  std::string value(256, '\0');
  const std::string path = text("/proc/self/fd/{}/{}", folder, name);
  const ssize_t length = ::lgetxattr(path.c_str(), "security.capability", value.data(), value.size());
  if (length > 0)
    entry.xattrs.emplace_back("security.capability", value.substr(0, static_cast<std::size_t>(length)));
}

}  // namespace

TreeArchiver::TreeArchiver(io::Fd folder, std::string name, Options options)
    : first_(std::move(folder)), first_name_(std::move(name)), options_(std::move(options)) {}

Result<std::string> TreeArchiver::next() {
  if (!started_) TRY(start());
  while (!ended_ && out_.size() < piece_bytes) TRY(step());
  return std::exchange(out_, {});
}

Result<> TreeArchiver::start() {
  started_ = true;
  struct stat status{};
  if (::fstatat(first_.get(), first_name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return failed_errno(errno, "stat {}", first_name_);
  device_ = status.st_dev;
  if (!options_.rename.empty()) return add(first_.get(), first_name_, options_.rename);
  io::Fd folder = TRY(linux::open_at(first_.get(), first_name_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  auto names = TRY(names_in(folder.get()));
  levels_.push_back({std::move(folder), "", std::move(names)});
  return {};
}

// The content of a file, the next name, or the way back up.
Result<> TreeArchiver::step() {
  if (file_) return read_file();
  if (levels_.empty()) {
    out_ += tar::end_of_archive();
    ended_ = true;
    return {};
  }
  Level& level = levels_.back();
  if (level.next == level.names.size()) {
    levels_.pop_back();
    return {};
  }
  const std::string name = level.names[level.next++];
  const std::string called = level.prefix + name;
  const int folder = level.folder.get();
  return add(folder, name, called);
}

Result<> TreeArchiver::add(int folder, const std::string& name, const std::string& called) {
  struct stat status{};
  if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};  // went away
    return failed_errno(errno, "stat {}", called);
  }
  if (S_ISSOCK(status.st_mode)) return {};
  tar::Entry entry{
      .type = type_of(status.st_mode),
      .path = called,
      .link = {},
      .mode = status.st_mode & 07777u,
      .uid = status.st_uid,
      .gid = status.st_gid,
      .mtime_s = status.st_mtim.tv_sec,  // whole seconds, as Docker: no pax records for a plain file
      .mtime_ns = 0,
      .xattrs = {}};
  const bool folder_entry = entry.type == tar::Type::directory;
  if (folder_entry) {
    entry.path += "/";
  } else if (status.st_nlink > 1) {
    const auto [known, is_first] = several_.try_emplace({status.st_dev, status.st_ino}, called);
    if (!is_first) {
      entry.type = tar::Type::hard_link;
      entry.link = known->second;
    }
  }
  if (entry.type == tar::Type::symlink) entry.link = link_text(folder, name);
  if (entry.type == tar::Type::file) {
    entry.size = static_cast<std::uint64_t>(status.st_size);
    add_capabilities(folder, name, entry);
  }
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
    entry.device_major = ::major(status.st_rdev);
    entry.device_minor = ::minor(status.st_rdev);
  }
  out_ += TRY(tar::header_of(entry));
  if (folder_entry && (!options_.one_file_system || status.st_dev == device_))
    return add_folder(folder, name, entry.path);
  return entry.type == tar::Type::file ? add_file(folder, name, entry.size) : Result<>();
}

Result<> TreeArchiver::add_folder(int folder, const std::string& name, const std::string& called) {
  if (levels_.size() >= levels_max) return exhausted("more than {} folders inside one another", levels_max);
  io::Fd inner = TRY(linux::open_at(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  auto names = TRY(names_in(inner.get()));
  std::ranges::sort(names);
  levels_.push_back({std::move(inner), called, std::move(names)});
  return {};
}

Result<> TreeArchiver::add_file(int folder, const std::string& name, std::uint64_t size) {
  file_padding_ = tar::padding_of(size);
  file_left_ = size;
  if (size == 0) return {};
  file_ = TRY(linux::open_at(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return conflict("{} became something else while it was read", name);
  return {};
}

// As many bytes as the header promised: a file that shrinks meanwhile ends in zeros, one that grows is cut
// off.
Result<> TreeArchiver::read_file() {
  if (file_left_ > 0) {
    const std::size_t begin = out_.size();
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(file_left_, piece_bytes));
    out_.resize(begin + wanted);
    const ssize_t count = ::read(file_.get(), out_.data() + begin, wanted);
    if (count < 0) return failed_errno(errno, "read");
    const std::size_t got = count == 0 ? wanted : static_cast<std::size_t>(count);
    out_.resize(begin + got);
    file_left_ -= got;
    if (file_left_ > 0) return {};
  }
  out_.append(file_padding_, '\0');
  file_.close();
  return {};
}

}  // namespace podo::engine
