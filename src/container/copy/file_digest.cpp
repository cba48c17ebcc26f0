#include "container/copy/file_digest.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "base/crypto/digest.h"
#include "base/linux/file.h"

namespace podo::builder {
namespace {

constexpr std::size_t piece_bytes = 256 << 10;

bool same_state(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_ctim.tv_sec == b.st_ctim.tv_sec &&
         a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

Result<std::string> digest_content(int file, const struct stat& status) {
  crypto::Digest digest;
  const auto size = static_cast<std::size_t>(status.st_size);
  // One byte more than it should have: the end is then found with the same call.
  std::vector<char> piece(std::min(size + 1, piece_bytes));
  for (;;) {
    const ssize_t count = ::read(file, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "read");
    digest.add({piece.data(), static_cast<std::size_t>(count)});
    if (count == 0 || static_cast<std::size_t>(count) == size) return digest.bytes();
  }
}

}  // namespace

StatCache::FileDigest with_xattrs(std::string_view content_digest, const Xattrs& attributes) {
  StatCache::FileDigest result;
  std::string whole(content_digest);
  if (!attributes.empty()) {
    crypto::Digest digest;
    digest.add(content_digest);
    for (const auto& [name, value] : attributes)
      digest.add(text("{} {} {} {}\n", name.size(), name, value.size(), value));
    whole = digest.bytes();
  }
  std::memcpy(result.data(), whole.data(), result.size());
  return result;
}

Result<StatCache::FileDigest> digest_file(int folder, const std::string& name, struct stat& status,
                                          StatCache* cache) {
  if (cache != nullptr) {
    if (const auto known = cache->find(status)) return *known;
  }
  const Wall read_at = SystemClock().wall();
  const io::Fd file = TRY(linux::open_at(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (::fstat(file.get(), &status) != 0) return failed_errno(errno, "stat {}", name);
  if (!S_ISREG(status.st_mode)) return conflict("{} became something else while it was read", name);
  const std::string content = TRY_IN(name, digest_content(file.get(), status));
  const auto digest = with_xattrs(content, TRY_IN(name, carried_xattrs(file.get())));
  struct stat after{};
  if (::fstat(file.get(), &after) != 0) return failed_errno(errno, "stat {}", name);
  if (!same_state(status, after)) return conflict("{} changed while it was read", name);
  if (cache != nullptr) cache->keep(status, read_at, digest);
  return digest;
}

}  // namespace podo::builder
