// An upload's file: what threads of the pool do to it.
#include <fcntl.h>
#include <unistd.h>

#include "base/linux/file.h"
#include "container/registry/uploads.h"

namespace podo::registry {
namespace {

// The kernel writes so much in the background while more comes, or the last sync would wait for all of it.
constexpr std::uint64_t write_out_bytes = 4 << 20;

Result<io::Fd> open_upload(const std::string& path) {
  return linux::open_at(AT_FDCWD, path.c_str(), O_RDWR | O_CREAT, 0644);
}

}  // namespace

Result<> UploadFile::append(std::string_view bytes) {
  if (!file) file = TRY(open_upload(path));
  if (digested) digest.add(bytes);
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(size));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      digested = false;  // it is ahead of the file
      return failed_errno(errno, "write an upload");
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
    size += static_cast<std::uint64_t>(count);
  }
  if (size - written_out_ < write_out_bytes) return {};
  // Advice: what fails here fails in the sync.
  static_cast<void>(::sync_file_range(file.get(), static_cast<off_t>(written_out_),
                                      static_cast<off_t>(size - written_out_), SYNC_FILE_RANGE_WRITE));
  written_out_ = size;
  return {};
}

Result<> UploadFile::digest_again(crypto::DigestAlgorithm by) {
  if (!file) file = TRY(open_upload(path));
  crypto::Digest fresh(by);
  std::string buffer(1 << 20, '\0');
  for (std::uint64_t at = 0; at < size;) {
    const ssize_t count = ::pread(file.get(), buffer.data(), buffer.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "read {}", path);
    if (count == 0) return corrupt("{} has become shorter", path);
    fresh.add(std::string_view(buffer).substr(0, static_cast<std::size_t>(count)));
    at += static_cast<std::uint64_t>(count);
  }
  digest = fresh;
  algorithm = by;
  digested = true;
  return {};
}

Result<bool> UploadFile::has(const std::string& wanted) {
  const auto by = TRY(crypto::algorithm_of(wanted));
  if (!digested || algorithm != by) TRY(digest_again(by));
  if (digest.text() != wanted) return false;
  file = io::Fd();
  return true;
}

}  // namespace podo::registry
