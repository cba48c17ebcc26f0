#include "base/io/disk.h"

#include <algorithm>

#include "base/io/combine.h"

namespace podo::io {

Task<void> File::write_zeros(std::uint64_t offset, std::uint64_t count) {
  return write_at(offset, std::string(static_cast<std::size_t>(count), '\0'));
}

std::string folder_of(std::string_view path) {
  std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

Task<std::string> read_file(Disk& disk, std::string path, std::size_t bytes_max) {
  ENSURE(bytes_max < SIZE_MAX);  // a limit that limits
  std::unique_ptr<File> file = co_await disk.open(path);
  // By reading, not by size(): files of /proc say 0. One byte more than allowed tells "too long".
  std::string bytes;
  for (;;) {
    std::size_t wanted = std::min<std::size_t>(bytes_max + 1 - bytes.size(), 1 << 20);
    std::string more = co_await file->read_at(bytes.size(), wanted);
    if (more.empty()) co_return bytes;
    bytes += more;
    if (bytes.size() > bytes_max) co_return exhausted("{} has more than {} bytes", path, bytes_max);
  }
}

namespace {

Task<void> write_new_file(Disk& disk, std::string path, std::string bytes, unsigned permissions) {
  std::unique_ptr<File> file =
      co_await disk.open(path, {.create = OpenOptions::Create::if_missing, .permissions = permissions});
  co_await file->truncate(0);  // what a crash may have left
  co_await file->append(std::move(bytes));
  co_await file->sync();  // before the rename, or the new name could come to stand for no bytes
}

Task<void> replace_file(Disk& disk, std::string path, std::string bytes, unsigned permissions) {
  std::string fresh = path + ".new";
  Result<void> written = co_await write_new_file(disk, fresh, std::move(bytes), permissions).result();
  if (written) written = co_await disk.rename(fresh, path).result();
  if (!written) {
    (void)co_await disk.remove(fresh).result();  // the first failure is the one to tell
    co_await std::move(written);
  }
  co_await disk.sync_folder(folder_of(path));
}

}  // namespace

Task<void> write_file_atomically(Disk& disk, std::string path, std::string bytes, unsigned permissions) {
  return shielded(replace_file(disk, std::move(path), std::move(bytes), permissions));
}

}  // namespace podo::io
