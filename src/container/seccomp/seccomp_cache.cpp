#include "container/seccomp/seccomp_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "base/format/json_writer.h"
#include "base/linux/file.h"
#include "container/seccomp/seccomp_names.h"

namespace podo::runtime {
namespace {

constexpr std::string_view magic = "podoscf1";
constexpr std::size_t entry_bytes_max = 4u << 20;

struct Header {
  char magic[8];
  std::uint64_t checksum;
  std::uint32_t key_bytes, program_bytes, flags, wants_listener;
};
static_assert(sizeof(Header) == 32);

// Not against forgery, which the directory's owner prevents; against torn and damaged files.
std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t hash = 0x9E37'79B9'7F4A'7C15 ^ bytes.size();
  const auto mix = [&](std::uint64_t word) {
    hash = (hash ^ word) * 0xD6E8'FEB8'6659'FD93;
    hash ^= hash >> 32;
  };
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    mix(word);
  }
  for (const char c : bytes) mix(static_cast<unsigned char>(c));
  return hash;
}

void put(json::Writer& out, const std::vector<std::string>& names) {
  out.array();
  for (const std::string& name : names) out.string(name);
  out.end();
}

void put(json::Writer& out, const std::optional<std::uint32_t>& number) {
  if (number) out.number(*number);
  else out.null();
}

void put(json::Writer& out, const oci::SeccompRule& rule) {
  put(out.array(), rule.names);
  put(out.string(rule.action), rule.errno_ret);
  for (const oci::SeccompArgument& test : rule.args) {
    out.number(test.index).number(test.value).number(test.value_two).string(test.op);
  }
  out.end();
}

// Two profiles with one key compile to the same filter.
std::string key_of(const oci::Seccomp& profile) {
  json::Writer out;
  out.array().string(libseccomp_version()).number(::seccomp_arch_native()).string(profile.default_action);
  put(out, profile.default_errno_ret);
  put(out, profile.architectures);
  put(out, profile.flags);
  out.boolean(profile.listener_path.empty()).boolean(profile.listener_metadata.empty());
  for (const oci::SeccompRule& rule : profile.syscalls) put(out, rule);
  return out.end().take();
}

std::string entry_of(std::string_view key, const SeccompFilter& filter) {
  Header header{};
  magic.copy(header.magic, magic.size());
  header.key_bytes = static_cast<std::uint32_t>(key.size());
  header.program_bytes = static_cast<std::uint32_t>(filter.program.size());
  header.flags = filter.flags;
  header.wants_listener = filter.wants_listener;
  std::string entry(reinterpret_cast<const char*>(&header), sizeof header);
  entry.append(key).append(filter.program);
  header.checksum = hash_of(std::string_view(entry).substr(offsetof(Header, key_bytes)));
  std::memcpy(entry.data(), &header, sizeof header);
  return entry;
}

std::optional<SeccompFilter> filter_of(std::string_view entry, std::string_view key) {
  Header header;
  if (entry.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, entry.data(), sizeof header);
  if (std::string_view(header.magic, sizeof header.magic) != magic) return std::nullopt;
  if (header.checksum != hash_of(entry.substr(offsetof(Header, key_bytes)))) return std::nullopt;
  const std::string_view body = entry.substr(sizeof header);
  if (body.size() != std::size_t{header.key_bytes} + header.program_bytes) return std::nullopt;
  if (body.substr(0, header.key_bytes) != key) return std::nullopt;
  return SeccompFilter{std::string(body.substr(header.key_bytes)), header.flags, header.wants_listener != 0};
}

bool is_ours_alone(int fd, mode_t kind) {
  struct stat status;
  if (::fstat(fd, &status) != 0) return false;
  return (status.st_mode & S_IFMT) == kind && status.st_uid == ::geteuid() && (status.st_mode & 077) == 0;
}

std::optional<SeccompFilter> find(const io::Fd& directory, const std::string& name, std::string_view key) {
  const auto file = linux::open_at(directory.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file || !is_ours_alone(file->get(), S_IFREG)) return std::nullopt;
  const auto entry = linux::read_all(file->get(), entry_bytes_max);
  if (!entry) return std::nullopt;
  return filter_of(*entry, key);
}

// Keeps the newest.
void drop_oldest(const io::Fd& directory) {
  struct Entry {
    timespec written;
    std::string name;
  };
  std::vector<Entry> entries;
  const int copy = ::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, decltype([](DIR* open) { ::closedir(open); })> list(
      copy < 0 ? nullptr : ::fdopendir(copy));
  while (const dirent* found = list ? ::readdir(list.get()) : nullptr) {
    struct stat status;
    if (::fstatat(directory.get(), found->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(status.st_mode)) entries.push_back({status.st_mtim, found->d_name});
  }
  if (entries.size() <= SeccompCache::entries_max) return;
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return a.written.tv_sec != b.written.tv_sec ? a.written.tv_sec > b.written.tv_sec
                                                : a.written.tv_nsec > b.written.tv_nsec;
  });
  for (std::size_t i = SeccompCache::entries_max; i < entries.size(); ++i) {
    ::unlinkat(directory.get(), entries[i].name.c_str(), 0);
  }
}

Result<> store(const io::Fd& directory, const std::string& name, std::string_view entry) {
  const std::string unfinished = text("{}.{}", name, ::getpid());  // what a crash leaves goes with the oldest
  const io::Fd file = TRY(
      linux::open_at(directory.get(), unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
  Result<> written = linux::write_whole(file.get(), entry);
  if (written && ::renameat(directory.get(), unfinished.c_str(), directory.get(), name.c_str()) != 0) {
    written = failed_errno(errno, "rename {}", unfinished);
  }
  if (!written) ::unlinkat(directory.get(), unfinished.c_str(), 0);
  drop_oldest(directory);
  return written;
}

}  // namespace

Result<io::Fd> SeccompCache::open_directory() const {
  if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST)
    return failed_errno(errno, "mkdir {}", directory_);
  io::Fd directory = TRY(linux::open_at(AT_FDCWD, directory_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (!is_ours_alone(directory.get(), S_IFDIR)) return denied("{} is open to others", directory_);
  return directory;
}

Result<SeccompFilter> SeccompCache::compile(const oci::Seccomp& profile, Log& log) const {
  const auto directory = open_directory();
  if (!directory) {
    log.debug("seccomp cache: {}", directory.error().message());
    return compile_seccomp(profile, log);
  }
  const std::string key = key_of(profile);
  const std::string name = text("{:x}", hash_of(key));
  if (auto found = find(*directory, name, key)) return std::move(*found);
  SeccompFilter filter = TRY(compile_seccomp(profile, log));
  const auto stored = store(*directory, name, entry_of(key, filter));
  if (!stored) log.debug("seccomp cache: {}", stored.error().message());
  return filter;
}

}  // namespace podo::runtime
