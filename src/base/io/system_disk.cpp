#include "base/io/system_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/io/fd.h"

namespace podo::io {
namespace {

struct OpenedFile {  // shared with work on the pool, which may outlive its File
  Fd fd;
  std::string path;
};
using Shared = std::shared_ptr<const OpenedFile>;

Result<std::string> read_all_at(const OpenedFile& file, std::uint64_t offset, std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    ssize_t more =
        ::pread(file.fd.get(), bytes.data() + filled, count - filled, static_cast<off_t>(offset + filled));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return failed_errno(errno, "read {}", file.path);
    if (more == 0) break;
    filled += static_cast<std::size_t>(more);
  }
  bytes.resize(filled);
  return bytes;
}

// Not by O_APPEND: with it, Linux has pwrite append too.
ssize_t append_some(int fd, std::string_view bytes) {
  iovec piece = {const_cast<char*>(bytes.data()), bytes.size()};
  return ::pwritev2(fd, &piece, 1, 0, RWF_APPEND);
}

Result<void> append_all(const OpenedFile& file, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = append_some(file.fd.get(), bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "append to {}", file.path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> write_all_at(const OpenedFile& file, std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::pwrite(file.fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "write {}", file.path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::size_t>(count);
  }
  return {};
}

// A page at a time: the kernel caches a large write as large folios, and a later sync of two kilobytes in one
// of those costs a fifth more CPU than in a page, and is accounted as the whole folio (measured on ext4,
// Linux 6.18).
Result<void> write_zeros_at(const OpenedFile& file, std::uint64_t offset, std::uint64_t count) {
  constexpr char page[4096] = {};
  while (count > 0) {
    std::size_t piece =
        static_cast<std::size_t>(std::min<std::uint64_t>(count, sizeof page - offset % sizeof page));
    TRY(write_all_at(file, offset, std::string_view(page, piece)));
    offset += piece;
    count -= piece;
  }
  return {};
}

Result<void> sync_data(const OpenedFile& file) {
  if (::fdatasync(file.fd.get()) < 0) return failed_errno(errno, "sync {}", file.path);
  return {};
}

Result<std::uint64_t> size_of(const OpenedFile& file) {
  struct stat now{};
  if (::fstat(file.fd.get(), &now) < 0) return failed_errno(errno, "measure {}", file.path);
  return static_cast<std::uint64_t>(now.st_size);
}

Result<void> truncate_to(const OpenedFile& file, std::uint64_t size) {
  if (size > TRY(size_of(file))) return invalid("{} is shorter than {} bytes", file.path, size);
  if (::ftruncate(file.fd.get(), static_cast<off_t>(size)) < 0)
    return failed_errno(errno, "truncate {}", file.path);
  return {};
}

class SystemFile final : public File {
 public:
  SystemFile(BlockingPool& pool, Shared file) : pool_(pool), file_(std::move(file)) {}

  Task<std::string> read_at(std::uint64_t offset, std::size_t count) override {
    return pool_.run([file = file_, offset, count] { return read_all_at(*file, offset, count); });
  }
  Task<void> append(std::string bytes) override {
    return pool_.run([file = file_, bytes = std::move(bytes)] { return append_all(*file, bytes); });
  }
  Task<void> write_at(std::uint64_t offset, SharedBytes bytes) override {
    return pool_.run([file = file_, offset, bytes = std::move(bytes)] {
      return write_all_at(*file, offset, bytes.view());
    });
  }
  Task<void> write_at_and_sync(std::uint64_t offset, SharedBytes bytes) override {
    return pool_.run([file = file_, offset, bytes = std::move(bytes)]() -> Result<void> {
      TRY(write_all_at(*file, offset, bytes.view()));
      return sync_data(*file);  // not RWF_DSYNC, which leaves earlier writes elsewhere in the file unsynced
    });
  }
  Task<void> write_zeros(std::uint64_t offset, std::uint64_t count) override {
    return pool_.run([file = file_, offset, count] { return write_zeros_at(*file, offset, count); });
  }
  Task<void> truncate(std::uint64_t size) override {
    return pool_.run([file = file_, size] { return truncate_to(*file, size); });
  }
  Task<std::uint64_t> size() override {
    return pool_.run([file = file_] { return size_of(*file); });
  }
  Task<void> sync() override {
    return pool_.run([file = file_] { return sync_data(*file); });
  }

 private:
  BlockingPool& pool_;
  Shared file_;
};

class SystemLock final : public Lock {
 public:
  explicit SystemLock(Fd fd) : fd_(std::move(fd)) {}

 private:
  Fd fd_;
};

Result<std::unique_ptr<Lock>> lock_file(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return failed_errno(errno, "open {}", path);
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) < 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return conflict("{} is locked by somebody else", path);
    return failed_errno(errno, "lock {}", path);
  }
  return std::make_unique<SystemLock>(std::move(fd));
}

Result<Shared> open_shared(const std::string& path, OpenOptions options) {
  using Create = OpenOptions::Create;
  int flags = O_CLOEXEC;
  flags |= options.create == Create::no ? 0 : O_CREAT;
  flags |= options.create == Create::must_be_new ? O_EXCL : 0;
  Fd fd(::open(path.c_str(), flags | O_RDWR, options.permissions));
  bool only_readable = errno == EACCES || errno == EROFS || errno == EPERM;
  if (!fd && only_readable && options.create == Create::no) fd = Fd(::open(path.c_str(), flags | O_RDONLY));
  if (!fd) return failed_errno(errno, "open {}", path);
  return std::make_shared<const OpenedFile>(std::move(fd), path);
}

Result<std::vector<std::string>> list_names(const std::string& path) {
  std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  if (!folder) return failed_errno(errno, "list {}", path);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(folder.get())) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return failed_errno(errno, "list {}", path);
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> done(int returned, std::string_view what, const std::string& path) {
  if (returned < 0) return failed_errno(errno, "{} {}", what, path);
  return {};
}

}  // namespace

Task<std::unique_ptr<File>> SystemDisk::open(std::string path, OpenOptions options) {
  Shared file = co_await pool_.run([path, options] { return open_shared(path, options); });
  co_return std::make_unique<SystemFile>(pool_, std::move(file));
}

Task<void> SystemDisk::rename(std::string from, std::string to) {
  return pool_.run(
      [from, to] { return done(::rename(from.c_str(), to.c_str()), "rename " + from + " to", to); });
}

Task<void> SystemDisk::remove(std::string path) {
  return pool_.run([path] { return done(::remove(path.c_str()), "remove", path); });
}

Task<void> SystemDisk::make_folder(std::string path) {
  return pool_.run([path] { return done(::mkdir(path.c_str(), 0755), "make folder", path); });
}

Task<void> SystemDisk::sync_folder(std::string path) {
  return pool_.run([path]() -> Result<void> {
    Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return failed_errno(errno, "open {}", path);
    return done(::fsync(folder.get()), "sync", path);
  });
}

Task<std::vector<std::string>> SystemDisk::list(std::string folder) {
  return pool_.run([folder = std::move(folder)] { return list_names(folder); });
}

Task<std::unique_ptr<Lock>> SystemDisk::lock(std::string path) {
  return pool_.run([path = std::move(path)] { return lock_file(path); });
}

}  // namespace podo::io
