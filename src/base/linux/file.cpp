#include "base/linux/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace podo::linux {

Result<io::Fd> open_at(int dir, const char* path, int flags, mode_t mode) {
  for (;;) {
    const int fd = ::openat(dir, path, flags | O_CLOEXEC, mode);
    if (fd >= 0) return io::Fd(fd);
    if (errno != EINTR) return failed_errno(errno, "open {}", path);
  }
}

Result<std::string> read_all(int fd, std::size_t bytes_max) {
  std::string content;
  std::size_t size = 0;
  for (;;) {
    // Files of /proc and /sys tell no size; most fit the first piece, and a read of zero must confirm the
    // end.
    content.resize(std::min(std::max<std::size_t>(size * 2, 4096), bytes_max + 1));
    if (size == content.size()) return fail(ErrorKind::exhausted, text("longer than {} bytes", bytes_max));
    const ssize_t count = ::read(fd, content.data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "read");
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  content.resize(size);
  return content;
}

Result<std::string> read_file(const char* path, std::size_t bytes_max) {
  return read_file(AT_FDCWD, path, bytes_max);
}

Result<std::string> read_file(int dir, const char* path, std::size_t bytes_max) {
  const io::Fd file = TRY(open_at(dir, path, O_RDONLY));
  return TRY_IN(path, read_all(file.get(), bytes_max));
}

Result<> write_whole(int fd, std::string_view value) {
  ssize_t count;
  do count = ::write(fd, value.data(), value.size());
  while (count < 0 && errno == EINTR);
  if (count < 0) return failed_errno(errno, "write '{}'", value);
  if (static_cast<std::size_t>(count) != value.size())
    return internal("only {} of {} bytes were written", count, value.size());
  return {};
}

Result<> write_file(int dir, const char* path, std::string_view value) {
  const io::Fd file = TRY(open_at(dir, path, O_WRONLY));
  TRY_IN(path, write_whole(file.get(), value));
  return {};
}

}  // namespace podo::linux
