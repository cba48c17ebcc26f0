#include "container/copy/stat_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <vector>

#include "base/crypto/digest.h"
#include "base/linux/file.h"

namespace podo::builder {
namespace {

constexpr std::string_view magic = "podo stat cache 1\n";
constexpr std::size_t number_bytes = 8, record_bytes = 5 * number_bytes + 32, sum_bytes = 32;
constexpr std::size_t file_bytes_max = 64u << 20;
// Larger than the tick of any file system's clock (FAT counts in two seconds).
constexpr Duration settled_after = seconds(2);

std::int64_t nanoseconds_of(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

void append_number(std::string& out, std::uint64_t number) {
  for (std::size_t i = 0; i < number_bytes; ++i) out += static_cast<char>(number >> (8 * i) & 0xff);
}

std::uint64_t take_number(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = number_bytes; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  bytes.remove_prefix(number_bytes);
  return number;
}

std::string sum_of(std::string_view bytes) {
  crypto::Digest digest;
  digest.add(bytes);
  return digest.bytes();
}

}  // namespace

std::size_t StatCache::HashOfKey::operator()(const Key& key) const {
  std::uint64_t mixed = key.inode * 0x9e3779b97f4a7c15ull ^ key.device;
  mixed = (mixed ^ static_cast<std::uint64_t>(key.ctime)) * 0xff51afd7ed558ccdull;
  return static_cast<std::size_t>(mixed ^ mixed >> 32);
}

StatCache::Key StatCache::key_of(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .mtime = nanoseconds_of(status.st_mtim),
          .ctime = nanoseconds_of(status.st_ctim)};
}

std::optional<StatCache::FileDigest> StatCache::find(const struct stat& status) {
  const Key key = key_of(status);
  const std::lock_guard lock(mutex_);
  if (const auto found = young_.find(key); found != young_.end()) return found->second;
  const auto found = old_.find(key);
  if (found == old_.end()) return std::nullopt;
  const FileDigest digest = found->second;
  keep_locked(key, digest);
  return digest;
}

void StatCache::keep(const struct stat& status, Wall read_at, const FileDigest& digest) {
  if (nanoseconds_of(status.st_ctim) > (read_at.ns - settled_after.ns)) return;
  keep_own(status, digest);
}

void StatCache::keep_own(const struct stat& status, const FileDigest& digest) {
  const std::lock_guard lock(mutex_);
  keep_locked(key_of(status), digest);
}

void StatCache::keep_locked(const Key& key, const FileDigest& digest) {
  if (young_.size() >= generation_max_) {
    old_ = std::move(young_);
    young_.clear();
  }
  young_.insert_or_assign(key, digest);
}

void StatCache::forget(const struct stat& status) {
  const Key key = key_of(status);
  const std::lock_guard lock(mutex_);
  young_.erase(key);
  old_.erase(key);
}

std::size_t StatCache::size() const {
  const std::lock_guard lock(mutex_);
  return young_.size() + old_.size();
}

void StatCache::load(const std::string& path) {
  const auto file = linux::read_file(path.c_str(), file_bytes_max);
  if (!file || !file->starts_with(magic) || file->size() < magic.size() + number_bytes + sum_bytes) return;
  std::string_view left = *file;
  const std::string_view sum = left.substr(left.size() - sum_bytes);
  left.remove_suffix(sum_bytes);
  if (sum_of(left) != sum) return;
  left.remove_prefix(magic.size());
  if (take_number(left) != left.size() / record_bytes || left.size() % record_bytes != 0) return;
  const std::lock_guard lock(mutex_);
  while (!left.empty()) {
    Key key{};
    key.device = take_number(left);
    key.inode = take_number(left);
    key.size = take_number(left);
    key.mtime = static_cast<std::int64_t>(take_number(left));
    key.ctime = static_cast<std::int64_t>(take_number(left));
    FileDigest digest;
    std::memcpy(digest.data(), left.data(), digest.size());
    left.remove_prefix(digest.size());
    keep_locked(key, digest);
  }
}

Result<> StatCache::save(const std::string& path) const {
  std::string file(magic);
  {
    const std::lock_guard lock(mutex_);
    append_number(file, young_.size() + old_.size());
    for (const Generation* generation : {&old_, &young_}) {
      for (const auto& [key, digest] : *generation) {
        append_number(file, key.device);
        append_number(file, key.inode);
        append_number(file, key.size);
        append_number(file, static_cast<std::uint64_t>(key.mtime));
        append_number(file, static_cast<std::uint64_t>(key.ctime));
        file.append(digest.data(), digest.size());
      }
    }
  }
  file += sum_of(file);
  const std::string fresh = path + ".new";
  {
    const io::Fd out =
        TRY(linux::open_at(AT_FDCWD, fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
    for (std::string_view left = file; !left.empty();) {
      const ssize_t count = ::write(out.get(), left.data(), left.size());
      if (count < 0) return failed_errno(errno, "write {}", fresh);
      left.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  // Not synced: after a crash the sum tells what is damaged, and a lost cache is only built again.
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed_errno(errno, "rename {}", fresh);
  return {};
}

}  // namespace podo::builder
