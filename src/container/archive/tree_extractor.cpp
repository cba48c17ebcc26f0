#include "container/archive/tree_extractor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/linux/file.h"
#include "base/linux/path.h"
#include "container/volumes/file_tree.h"

namespace podo::engine {
namespace {

constexpr std::size_t folders_open_max = 1000;  // for their times; later ones keep the moment of their making

bool leads_up(std::string_view path) {
  return path == ".." || path.starts_with("../") || path.ends_with("/..") || path.contains("/../");
}

[[maybe_unused]] Result<> write_at(int file, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0) return failed_errno(errno, "write");
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

mode_t node_type(tar::Type type) {
  switch (type) {
    case tar::Type::character_device: return S_IFCHR;
    case tar::Type::block_device: return S_IFBLK;
    default: return S_IFIFO;
  }
}

}  // namespace

Result<> TreeExtractor::feed(std::string_view bytes) {
  reader_.feed(bytes);
  return take_events();
}

Result<> TreeExtractor::finish() {
  reader_.finish();
  TRY(take_events());
  TRY(end_file());
  for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) {
    const timespec times[2] = {{.tv_sec = folder->mtime_s, .tv_nsec = folder->mtime_ns},
                               {.tv_sec = folder->mtime_s, .tv_nsec = folder->mtime_ns}};
    (void)::futimens(folder->fd.get(), times);
  }
  folders_.clear();
  return {};
}

Result<> TreeExtractor::take_events() {
  for (;;) {
    switch (TRY(reader_.next())) {
      case tar::Reader::Event::want_more: return {};
      case tar::Reader::Event::end: return end_file();
      case tar::Reader::Event::data:
        if (!file_) break;
        if (options_.observer != nullptr) options_.observer->data(reader_.data_offset(), reader_.data());
        TRY(write_at(file_.get(), reader_.data(), reader_.data_offset()));
        break;
      case tar::Reader::Event::entry:
        TRY(end_file());
        TRY_IN(reader_.entry().path, add(reader_.entry()));
        break;
    }
  }
}

// Absolute names count from the folder as well. The parents are walked anew for each name, from the root of
// the tree, so that links among them mean what they mean inside.
Result<TreeExtractor::Place> TreeExtractor::place_of(const std::string& path, bool make_parents) {
  if (leads_up(path)) return invalid("\"{}\" is outside of \"{}\"", path, folder_);
  const std::string clean = linux::clean_path(path);
  if (clean == "/")
    return Place{TRY(linux::open_below(root_, folder_.c_str(), O_RDONLY | O_DIRECTORY, linux::in_root)), "."};
  const std::string parent = clean.substr(0, clean.rfind('/'));
  const std::string whole = (folder_ == "/" ? "" : folder_) + parent;
  auto folder =
      linux::open_below(root_, whole.empty() ? "/" : whole.c_str(), O_RDONLY | O_DIRECTORY, linux::in_root);
  if (!folder && folder.error().system_errno() == ENOENT && make_parents && !parent.empty()) {
    const Place above = TRY(place_of(parent, true));
    if (::mkdirat(above.folder.get(), above.name.c_str(), 0755) != 0 && errno != EEXIST)
      return failed_errno(errno, "mkdir {}", parent);
    folder = linux::open_below(root_, whole.c_str(), O_RDONLY | O_DIRECTORY, linux::in_root);
  }
  if (!folder) return Failure(std::move(folder).error());
  return Place{*std::move(folder), clean.substr(clean.rfind('/') + 1)};
}

Result<> TreeExtractor::add(tar::Entry entry) {
  if (options_.observer != nullptr) TRY(options_.observer->entry(entry));
  if (options_.times_at_most && entry.mtime_s >= *options_.times_at_most) {
    entry.mtime_s = *options_.times_at_most;
    entry.mtime_ns = 0;
  }
  Place place = TRY(place_of(entry.path, true));
  const bool stays = TRY(make_room(place, entry));
  if (place.name == ".") return {};  // the folder that is filled keeps what it is
  if (!stays) TRY(make(place, entry));
  if (entry.type == tar::Type::file) {
    file_place_ = std::move(place);
    file_entry_ = entry;
    return {};  // its attributes come when its content is complete
  }
  return entry.type == tar::Type::hard_link ? Result<>() : put_attributes(place, entry);
}

Result<bool> TreeExtractor::make_room(const Place& place, const tar::Entry& entry) {
  struct stat status{};
  if (::fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    return failed_errno(errno, "stat");
  }
  const bool there_folder = S_ISDIR(status.st_mode), new_folder = entry.type == tar::Type::directory;
  if (there_folder && new_folder) return true;
  const std::string shown = (folder_ == "/" ? "" : folder_) + linux::clean_path(entry.path);
  if (options_.no_overwrite_dir_non_dir && there_folder)
    return invalid("cannot overwrite directory \"{}\" with non-directory \"{}\"", shown, folder_);
  if (options_.no_overwrite_dir_non_dir && new_folder)
    return invalid("cannot overwrite non-directory \"{}\" with directory \"{}\"", shown, folder_);
  if (place.name == ".")
    return invalid("cannot overwrite directory \"{}\" with non-directory \"{}\"", shown, folder_);
  TRY(remove_at(place.folder.get(), place.name));
  return false;
}

Result<> TreeExtractor::make(const Place& place, const tar::Entry& entry) {
  const int folder = place.folder.get();
  const char* name = place.name.c_str();
  switch (entry.type) {
    case tar::Type::file:
      file_ = TRY(linux::open_at(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
      if (::ftruncate(file_.get(), static_cast<off_t>(entry.size)) != 0)
        return failed_errno(errno, "truncate");
      return {};
    case tar::Type::directory:
      return ::mkdirat(folder, name, 0700) == 0 ? Result<>() : failed_errno(errno, "mkdir");
    case tar::Type::symlink:
      return ::symlinkat(entry.link.c_str(), folder, name) == 0 ? Result<>() : failed_errno(errno, "symlink");
    case tar::Type::hard_link: return make_hard_link(place, entry);
    default: break;
  }
  const dev_t device = ::makedev(entry.device_major, entry.device_minor);
  if (::mknodat(folder, name, node_type(entry.type) | 0600, entry.type == tar::Type::fifo ? 0 : device) != 0)
    return failed_errno(errno, "mknod");
  return {};
}

Result<> TreeExtractor::make_hard_link(const Place& place, const tar::Entry& entry) {
  const Place target = TRY(place_of(entry.link, false));
  if (::linkat(target.folder.get(), target.name.c_str(), place.folder.get(), place.name.c_str(), 0) != 0)
    return failed_errno(errno, "link to {}", entry.link);
  return {};
}

Result<> TreeExtractor::put_attributes(const Place& place, const tar::Entry& entry) {
  const int folder = place.folder.get();
  const char* name = place.name.c_str();
  const std::uint32_t uid = options_.owner ? options_.owner->uid : entry.uid;
  const std::uint32_t gid = options_.owner ? options_.owner->gid : entry.gid;
  if (::fchownat(folder, name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0) return failed_errno(errno, "chown");
  const std::string path = text("/proc/self/fd/{}/{}", folder, place.name);
  for (const auto& [key, value] : entry.xattrs) {  // what the file system there does not take is left out
    if (!key.starts_with("trusted."))
      (void)::lsetxattr(path.c_str(), key.c_str(), value.data(), value.size(), 0);
  }
  if (entry.type == tar::Type::symlink) return {};
  // Nobody else's symlink may have come in between: the mode is set through a descriptor.
  const io::Fd made = TRY(linux::open_at(folder, name, O_PATH | O_NOFOLLOW));
  const std::string itself = text("/proc/self/fd/{}", made.get());
  struct stat status{};
  if (::fstat(made.get(), &status) != 0 || S_ISLNK(status.st_mode))
    return conflict("it became something else");
  if (::chmod(itself.c_str(), entry.mode & 07777) != 0) return failed_errno(errno, "chmod");
  if (entry.type == tar::Type::directory) {
    if (folders_.size() >= folders_open_max) return {};
    folders_.push_back({TRY(linux::open_at(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)), entry.mtime_s,
                        entry.mtime_ns});
    return {};
  }
  const timespec times[2] = {{.tv_sec = entry.mtime_s, .tv_nsec = entry.mtime_ns},
                             {.tv_sec = entry.mtime_s, .tv_nsec = entry.mtime_ns}};
  (void)::utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW);
  return {};
}

Result<> TreeExtractor::end_file() {
  if (!file_) return {};
  const io::Fd file = std::move(file_);
  TRY(put_attributes(file_place_, file_entry_));
  if (options_.observer != nullptr) options_.observer->complete(file.get());
  return {};
}

}  // namespace podo::engine
