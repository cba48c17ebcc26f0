#include "cli/local_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

#include "base/io/wait.h"
#include "base/linux/path.h"

namespace podo::cli {

// --- packing ----------------------------------------------------------------------------------------------

namespace {

tar::Type type_of(mode_t mode) {
  if (S_ISDIR(mode)) return tar::Type::directory;
  if (S_ISLNK(mode)) return tar::Type::symlink;
  if (S_ISCHR(mode)) return tar::Type::character_device;
  if (S_ISBLK(mode)) return tar::Type::block_device;
  return S_ISFIFO(mode) ? tar::Type::fifo : tar::Type::file;
}

Result<std::string> read_link(const std::string& path) {
  std::string target(4096, '\0');
  ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0) return failed_errno(errno, "read the link {}", path);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

}  // namespace

io::Task<std::size_t> PackedTree::read(std::span<std::byte> into) {
  co_await io::checkpoint();
  while (given_ == ready_.size()) {
    ready_.clear();
    given_ = 0;
    if (file_) {
      co_await read_content();
    } else if (!waiting_.empty()) {
      co_await next_member();
    } else if (!ended_) {
      ready_ = tar::end_of_archive();
      ended_ = true;
    } else {
      co_return 0;
    }
  }
  std::size_t count = std::min(into.size(), ready_.size() - given_);
  std::copy_n(io::bytes_of(ready_).subspan(given_).begin(), count, into.begin());
  given_ += count;
  co_return count;
}

Result<> PackedTree::next_member() {
  Item item = std::move(waiting_.back());
  waiting_.pop_back();
  Choice choice = choose_ ? choose_(item.name) : Choice::take;
  if (choice == Choice::leave_out) return {};
  struct stat found{};
  if (::lstat(item.path.c_str(), &found) < 0) return failed_errno(errno, "look at {}", item.path);
  if (choice == Choice::only_a_folder && !S_ISDIR(found.st_mode)) return {};
  return begin_member(item, found);
}

Result<> PackedTree::begin_member(const Item& item, const struct stat& found) {
  if (S_ISSOCK(found.st_mode)) return {};  // no archive can hold one
  tar::Entry entry{.type = type_of(found.st_mode),
                   .path = item.name,
                   .mode = found.st_mode & 07777,
                   .uid = owned_by_root_ ? 0 : found.st_uid,
                   .gid = owned_by_root_ ? 0 : found.st_gid,
                   .device_major = major(found.st_rdev),
                   .device_minor = minor(found.st_rdev),
                   .mtime_s = found.st_mtim.tv_sec,
                   .mtime_ns = static_cast<std::uint32_t>(found.st_mtim.tv_nsec)};
  if (entry.type == tar::Type::symlink) entry.link = TRY(read_link(item.path));
  if (entry.type == tar::Type::directory) {
    entry.path += '/';
    TRY(add_children(item));
  }
  if (entry.type == tar::Type::file && found.st_nlink > 1) {
    auto [first, is_new] = links_.try_emplace({found.st_dev, found.st_ino}, item.name);
    if (!is_new) {
      entry.type = tar::Type::hard_link;
      entry.link = first->second;
    }
  }
  if (entry.type == tar::Type::file) {
    entry.size = file_left_ = static_cast<std::uint64_t>(found.st_size);
    padding_ = tar::padding_of(entry.size);
    file_ = io::Fd(::open(item.path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file_) return failed_errno(errno, "open {}", item.path);
  }
  ready_ = TRY(tar::header_of(entry));
  return {};
}

Result<> PackedTree::add_children(const Item& item) {
  DIR* folder = ::opendir(item.path.c_str());
  if (folder == nullptr) return failed_errno(errno, "open {}", item.path);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(folder)) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(folder);
  std::ranges::sort(names, std::greater());  // the last one waiting is the next
  for (const std::string& name : names) waiting_.push_back({item.path + "/" + name, item.name + "/" + name});
  return {};
}

Result<> PackedTree::read_content() {
  ready_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(file_left_, 64 << 10)));
  if (!ready_.empty()) {
    ssize_t count = ::read(file_.get(), ready_.data(), ready_.size());
    if (count < 0) return failed_errno(errno, "read a file");
    if (count == 0) return conflict("a file became shorter while it was read");
    ready_.resize(static_cast<std::size_t>(count));
    file_left_ -= static_cast<std::uint64_t>(count);
  }
  if (file_left_ == 0) {
    ready_.append(std::exchange(padding_, 0), '\0');
    file_.close();
  }
  return {};
}

// --- unpacking --------------------------------------------------------------------------------------------

Result<TreeUnpacker> TreeUnpacker::into(const std::string& folder, std::string name, Options options) {
  io::Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return failed_errno(errno, "open {}", folder);
  return TreeUnpacker(std::move(fd), std::move(name), options);
}

Result<> TreeUnpacker::feed(std::string_view bytes) {
  reader_.feed(bytes);
  return take_events();
}

Result<> TreeUnpacker::finish() {
  reader_.finish();
  TRY(take_events());
  file_.close();
  return {};
}

Result<> TreeUnpacker::take_events() {
  for (;;) {
    switch (TRY(reader_.next())) {
      case tar::Reader::Event::want_more:
      case tar::Reader::Event::end: return {};
      case tar::Reader::Event::entry: TRY(make(reader_.entry())); break;
      case tar::Reader::Event::data: TRY(write_data()); break;
    }
  }
}

// The archive's first part, which is "." for a folder's content, gives way to our name:
// "web/a/b" -> "/NAME/a/b".
std::string TreeUnpacker::placed(std::string_view path) const {
  while (path.starts_with('/')) path.remove_prefix(1);
  if (!options_.keep_first) path.remove_prefix(std::min(path.find('/'), path.size()));
  std::string rest = linux::clean_path(path);  // begins with '/', holds no ".."
  return (name_.empty() ? "" : "/" + name_) + (rest == "/" ? "" : rest);
}

Result<> TreeUnpacker::make(const tar::Entry& entry) {
  file_.close();
  std::string place = placed(entry.path);
  if (place.empty()) return {};  // the folder itself, which is there
  std::size_t slash = place.rfind('/');
  io::Fd parent = TRY(linux::open_below(folder_.get(), ("." + place.substr(0, slash)).c_str(),
                                        O_PATH | O_DIRECTORY, linux::in_root_no_links));
  TRY_IN(entry.path, make_in(parent.get(), place.substr(slash + 1), entry));
  return {};
}

Result<> TreeUnpacker::make_in(int parent, const std::string& name, const tar::Entry& entry) {
  const char* at = name.c_str();
  struct stat there{};
  bool exists = ::fstatat(parent, at, &there, AT_SYMLINK_NOFOLLOW) == 0;
  bool both_folders = exists && S_ISDIR(there.st_mode) && entry.type == tar::Type::directory;
  if (exists && !both_folders && ::unlinkat(parent, at, 0) < 0)
    return failed_errno(errno, "replace {}", name);
  int made = 0;
  mode_t mode = entry.mode & 0777;
  switch (entry.type) {
    case tar::Type::directory: made = both_folders ? 0 : ::mkdirat(parent, at, mode | 0700); break;
    case tar::Type::symlink: made = ::symlinkat(entry.link.c_str(), parent, at); break;
    case tar::Type::fifo: made = ::mkfifoat(parent, at, mode); break;
    case tar::Type::file:
      file_ = io::Fd(::openat(parent, at, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
      made = file_ ? 0 : -1;
      break;
    case tar::Type::hard_link: {
      std::string other = placed(entry.link);
      io::Fd target = TRY(linux::open_below(folder_.get(), ("." + other).c_str(), O_PATH | O_NOFOLLOW,
                                            linux::in_root_no_links));
      made = ::linkat(target.get(), "", parent, at, AT_EMPTY_PATH);
      break;
    }
    case tar::Type::character_device:
    case tar::Type::block_device: return unsupported("device files are not copied out of a container");
  }
  if (made < 0) return failed_errno(errno, "create {}", name);
  if (entry.type == tar::Type::hard_link) return {};
  if (options_.keep_owner && ::fchownat(parent, at, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) < 0)
    return failed_errno(errno, "give {} to {}:{}", name, entry.uid, entry.gid);
  if (file_ && ::fchmod(file_.get(), entry.mode & 0777) < 0)
    return failed_errno(errno, "change the mode of {}", name);
  timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                       {.tv_sec = entry.mtime_s, .tv_nsec = static_cast<long>(entry.mtime_ns)}};
  ::utimensat(parent, at, times, AT_SYMLINK_NOFOLLOW);
  return {};
}

Result<> TreeUnpacker::write_data() {
  std::string_view bytes = reader_.data();
  auto at = static_cast<off_t>(reader_.data_offset());
  while (!bytes.empty()) {
    ssize_t count = ::pwrite(file_.get(), bytes.data(), bytes.size(), at);
    if (count < 0) return failed_errno(errno, "write {}", reader_.entry().path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    at += count;
  }
  return {};
}

}  // namespace podo::cli
