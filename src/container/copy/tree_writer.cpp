#include "container/copy/tree_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/core/clock.h"
#include "base/linux/file.h"
#include "base/linux/path.h"
#include "container/archive/archive_path.h"
#include "container/copy/content_copy.h"

namespace podo::builder {
namespace {

constexpr mode_t made_folder_mode = 0755;

bool later(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

}  // namespace

Result<TreeWriter> TreeWriter::open(int root, const PutOptions& options, bool keep_owner) {
  return TreeWriter(root, options, keep_owner, TRY(ModeChange::parse(options.mode)));
}

timespec TreeWriter::now() {
  constexpr std::int64_t second = 1'000'000'000;
  const std::int64_t ns = SystemClock().wall().ns;
  return {.tv_sec = ns / second, .tv_nsec = ns % second};
}

Result<std::string> TreeWriter::follow(std::string_view path) const {
  return TRY(engine::follow_links(root_, path)).substr(1);
}

Result<bool> TreeWriter::is_folder(const std::string& path) const {
  if (path.empty()) return true;
  const auto place = linux::open_below(root_, path.c_str(), O_PATH | O_NOFOLLOW, linux::in_root_no_links);
  struct stat status{};
  if (place && ::fstat(place->get(), &status) == 0) return S_ISDIR(status.st_mode);
  if (!place && (place.error().system_errno() == ENOENT || place.error().system_errno() == ENOTDIR))
    return false;
  return Failure(place.error());
}

timespec TreeWriter::time_of(const timespec& time) const {
  if (!options_.times_at_most) return time;
  const timespec limit{.tv_sec = *options_.times_at_most, .tv_nsec = 0};
  return later(time, limit) ? limit : time;
}

// A folder gets a file: its time changes, and where times are limited it must not tell when that was.
void TreeWriter::touched(std::string_view folder) {
  if (options_.times_at_most && !folder_times_.contains(folder))
    folder_times_.emplace(folder, time_of(now()));
}

Result<> TreeWriter::make_folders(const std::string& path) {
  if (path.empty() || TRY(is_folder(path))) return {};
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const auto [above, name] = split_path(part);
    const auto parent = folders_.get(above);
    if (!parent) return invalid("cannot copy to non-directory: /{}", above);
    if (::mkdirat(*parent, name.c_str(), 0700) == 0) {
      const io::Fd made = TRY(linux::open_at(*parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      if (::fchown(made.get(), owner_.uid, owner_.gid) != 0) return failed_errno(errno, "chown /{}", part);
      const mode_t mode = mode_.apply(made_folder_mode, true);
      if (::fchmod(made.get(), mode) != 0) return failed_errno(errno, "chmod /{}", part);
      touched(above);
      touched(part);
    } else if (errno != EEXIST) {
      return failed_errno(errno, "mkdir /{}", part);
    }
    if (end == path.npos) break;
  }
  if (!TRY(is_folder(path))) return invalid("cannot copy to non-directory: /{}", path);
  return {};
}

Result<> TreeWriter::set_attributes(int file, const struct stat& status, const Xattrs& attributes) {
  const bool keep = keep_owner_ && !options_.owner;
  // The owner first: changing it takes set-user-id bits and capabilities away.
  if (::fchown(file, keep ? status.st_uid : owner_.uid, keep ? status.st_gid : owner_.gid) != 0)
    return failed_errno(errno, "chown");
  if (::fchmod(file, mode_.apply(status.st_mode & 07777, S_ISDIR(status.st_mode))) != 0)
    return failed_errno(errno, "chmod");
  TRY(set_xattrs(file, attributes));
  const timespec time = time_of(status.st_mtim), both[2] = {time, time};
  if (::futimens(file, both) != 0) return failed_errno(errno, "set the time");
  return {};
}

Result<> TreeWriter::clear_place(int folder, const std::string& name, const std::string& shown) {
  if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno == EISDIR) return invalid("cannot replace to directory /{} with file", shown);
  return failed_errno(errno, "remove /{}", shown);
}

// `make`: one call that makes `name` in a folder, EEXIST when there is something.
template <class Make>
Result<> TreeWriter::make_node(const std::string& to, const Make& make) {
  const auto [above, name] = split_path(to);
  const int folder = TRY(folders_.get(above));
  if (make(folder, name.c_str()) != 0) {
    if (errno != EEXIST) return failed_errno(errno, "make /{}", to);
    TRY(clear_place(folder, name, to));
    if (make(folder, name.c_str()) != 0) return failed_errno(errno, "make /{}", to);
  }
  touched(above);
  return {};
}

Result<io::Fd> TreeWriter::new_file(const std::string& to) {
  io::Fd file;
  TRY(make_node(to, [&](int folder, const char* name) {
    file = io::Fd(::openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    return file ? 0 : -1;
  }));
  return file;
}

Result<> TreeWriter::write(std::string_view bytes, const struct stat& status, const std::string& to) {
  const io::Fd file = TRY(new_file(to));
  TRY_IN("/" + to, write_all(file.get(), bytes));
  return set_attributes(file.get(), status, {});
}

Result<> TreeWriter::write_from(int content, const struct stat& status, const std::string& to) {
  const io::Fd file = TRY(new_file(to));
  TRY_IN("/" + to, copy_content(content, file.get(), status));
  return set_attributes(file.get(), status, {});
}

Result<> TreeWriter::copy(int from, const std::string& name, const struct stat& status,
                          const std::string& to) {
  switch (status.st_mode & S_IFMT) {
    case S_IFDIR: return copy_folder(from, name, status, to);
    case S_IFREG: return copy_file(from, name, status, to);
    case S_IFLNK: return copy_link(from, name, status, to);
    default: return make_device(status, to);
  }
}

Result<> TreeWriter::copy_folder(int from, const std::string& name, const struct stat& status,
                                 const std::string& to) {
  const auto [above, last] = split_path(to);
  const int parent = TRY(folders_.get(above));
  if (::mkdirat(parent, last.c_str(), 0700) == 0) touched(above);
  else if (errno != EEXIST) return failed_errno(errno, "mkdir /{}", to);
  auto made = linux::open_at(parent, last.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!made && (made.error().system_errno() == ENOTDIR || made.error().system_errno() == ELOOP))
    return invalid("cannot copy to non-directory: /{}", to);
  if (!made) return Failure(std::move(made).error());
  const io::Fd source = TRY(linux::open_at(from, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY(set_attributes(made->get(), status, TRY(carried_xattrs(source.get()))));
  folder_times_.insert_or_assign(to, time_of(status.st_mtim));
  return {};
}

Result<bool> TreeWriter::link_to_first(const struct stat& status, const std::string& to) {
  if (status.st_nlink < 2) return false;
  const auto [first, is_new] = linked_.try_emplace({status.st_dev, status.st_ino}, to);
  if (is_new || first->second == to) return false;
  // Two calls of get(): the descriptor of the first must not go when the second comes.
  const SplitPath target = split_path(first->second);
  const io::Fd folder =
      TRY(linux::open_below(root_, target.folder.empty() ? "." : std::string(target.folder).c_str(),
                            O_PATH | O_DIRECTORY, linux::in_root_no_links));
  TRY(make_node(to, [&](int into, const char* name) {
    return ::linkat(folder.get(), target.name.c_str(), into, name, 0);
  }));
  return true;
}

Result<> TreeWriter::copy_file(int from, const std::string& name, const struct stat& status,
                               const std::string& to) {
  if (TRY(link_to_first(status, to))) return {};
  const io::Fd source = TRY(linux::open_at(from, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  struct stat opened{};
  if (::fstat(source.get(), &opened) != 0) return failed_errno(errno, "stat {}", name);
  if (opened.st_ino != status.st_ino || opened.st_dev != status.st_dev)
    return conflict("{} was replaced while it was copied", name);
  const io::Fd file = TRY(new_file(to));
  TRY_IN("/" + to, copy_content(source.get(), file.get(), opened));
  struct stat after{};
  if (::fstat(source.get(), &after) != 0) return failed_errno(errno, "stat {}", name);
  if (later(after.st_ctim, status.st_ctim)) return conflict("{} changed while it was copied", name);
  return set_attributes(file.get(), status, TRY(carried_xattrs(source.get())));
}

Result<> TreeWriter::copy_link(int from, const std::string& name, const struct stat& status,
                               const std::string& to) {
  std::string target(4096, '\0');
  const ssize_t length = ::readlinkat(from, name.c_str(), target.data(), target.size() - 1);
  if (length < 0) return failed_errno(errno, "readlink {}", name);
  target.resize(static_cast<std::size_t>(length));
  TRY(make_node(to, [&](int folder, const char* last) { return ::symlinkat(target.c_str(), folder, last); }));
  const auto [above, last] = split_path(to);
  const int folder = TRY(folders_.get(above));
  const bool keep = keep_owner_ && !options_.owner;
  if (::fchownat(folder, last.c_str(), keep ? status.st_uid : owner_.uid, keep ? status.st_gid : owner_.gid,
                 AT_SYMLINK_NOFOLLOW) != 0)
    return failed_errno(errno, "chown /{}", to);
  const timespec time = time_of(status.st_mtim), both[2] = {time, time};
  if (::utimensat(folder, last.c_str(), both, AT_SYMLINK_NOFOLLOW) != 0)
    return failed_errno(errno, "set the time of /{}", to);
  return {};
}

Result<> TreeWriter::make_device(const struct stat& status, const std::string& to) {
  const mode_t kind = status.st_mode & S_IFMT;
  TRY(make_node(to, [&](int folder, const char* name) {
    return ::mknodat(folder, name, kind | 0600, status.st_rdev);
  }));
  const auto [above, name] = split_path(to);
  const int folder = TRY(folders_.get(above));
  // By descriptor without opening it: opening a device does things.
  const io::Fd made = TRY(linux::open_at(folder, name.c_str(), O_PATH | O_NOFOLLOW));
  const std::string itself = text("/proc/self/fd/{}", made.get());
  const bool keep = keep_owner_ && !options_.owner;
  if (::chown(itself.c_str(), keep ? status.st_uid : owner_.uid, keep ? status.st_gid : owner_.gid) != 0)
    return failed_errno(errno, "chown /{}", to);
  if (::chmod(itself.c_str(), mode_.apply(status.st_mode & 07777, false)) != 0)
    return failed_errno(errno, "chmod /{}", to);
  const timespec time = time_of(status.st_mtim), both[2] = {time, time};
  if (::utimensat(folder, name.c_str(), both, AT_SYMLINK_NOFOLLOW) != 0)
    return failed_errno(errno, "set the time of /{}", to);
  return {};
}

// At the end: making something in a folder changes its time.
Result<> TreeWriter::finish() {
  for (const auto& [path, time] : folder_times_) {
    const timespec both[2] = {time, time};
    if (::futimens(TRY(folders_.get(path)), both) != 0)
      return failed_errno(errno, "set the time of /{}", path);
  }
  folder_times_.clear();
  return {};
}

}  // namespace podo::builder
