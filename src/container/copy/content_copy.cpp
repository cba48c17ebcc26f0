#include "container/copy/content_copy.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace podo::builder {
namespace {

constexpr std::size_t small_bytes = 64 << 10, piece_bytes = 1 << 20;
constexpr std::size_t kernel_piece_bytes = 64u << 20;

bool says_otherwise(int error) {  // this way does not work between these two files
  return error == EXDEV || error == EINVAL || error == EOPNOTSUPP || error == ENOSYS || error == EPERM ||
         error == EBADF || error == ETXTBSY;
}

Failure shorter() { return conflict("it became shorter while it was copied"); }

Result<> copy_through_memory(int from, int to, off_t at, off_t end) {
  std::string piece(static_cast<std::size_t>(std::min<off_t>(end - at, piece_bytes)), '\0');
  while (at < end) {
    const auto wanted = static_cast<std::size_t>(std::min<off_t>(end - at, piece_bytes));
    const ssize_t count = ::pread(from, piece.data(), wanted, at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "read");
    if (count == 0) return shorter();
    for (ssize_t done = 0; done < count;) {
      const ssize_t wrote =
          ::pwrite(to, piece.data() + done, static_cast<std::size_t>(count - done), at + done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return failed_errno(errno, "write");
      done += wrote;
    }
    at += count;
  }
  return {};
}

// From `at` as far as it goes; what is left is somebody else's to copy.
Result<off_t> copy_by_range(int from, int to, off_t at, off_t end) {
  while (at < end) {
    off_t in = at, out = at;
    const auto wanted = static_cast<std::size_t>(std::min<off_t>(end - at, kernel_piece_bytes));
    const ssize_t count = ::copy_file_range(from, &in, to, &out, wanted, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && says_otherwise(errno)) return at;
    if (count < 0) return failed_errno(errno, "copy");
    if (count == 0) return at;
    at += count;
  }
  return at;
}

Result<off_t> copy_by_sendfile(int from, int to, off_t at, off_t end) {
  if (at < end && ::lseek(to, at, SEEK_SET) < 0) return failed_errno(errno, "seek");
  while (at < end) {
    const auto wanted = static_cast<std::size_t>(std::min<off_t>(end - at, kernel_piece_bytes));
    const ssize_t count = ::sendfile(to, from, &at, wanted);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && says_otherwise(errno)) return at;
    if (count < 0) return failed_errno(errno, "copy");
    if (count == 0) return at;
  }
  return at;
}

Result<> copy_range(int from, int to, off_t at, off_t end) {
  if (end - at > static_cast<off_t>(small_bytes)) {
    at = TRY(copy_by_range(from, to, at, end));
    at = TRY(copy_by_sendfile(from, to, at, end));
  }
  return at < end ? copy_through_memory(from, to, at, end) : Result<>();
}

Result<> copy_sparse(int from, int to, off_t size) {
  if (::ftruncate(to, size) != 0) return failed_errno(errno, "truncate");
  for (off_t at = 0; at < size;) {
    const off_t data = ::lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) return {};  // a hole up to the end
    if (data < 0) return copy_range(from, to, at, size);
    const off_t hole = ::lseek(from, data, SEEK_HOLE);
    if (hole < 0) return failed_errno(errno, "seek");
    at = std::min(hole, size);
    TRY(copy_range(from, to, data, at));
  }
  return {};
}

}  // namespace

Result<> copy_content(int from, int to, const struct stat& status) {
  if (status.st_size == 0) return {};
  if (status.st_size > static_cast<off_t>(small_bytes) && ::ioctl(to, FICLONE, from) == 0) return {};
  constexpr off_t block_bytes = 512;  // st_blocks counts in these, whatever the file system's are
  if (status.st_blocks * block_bytes < status.st_size && status.st_size > 4096)
    return copy_sparse(from, to, status.st_size);
  return copy_range(from, to, 0, status.st_size);
}

Result<> write_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(to, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "write");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace podo::builder
