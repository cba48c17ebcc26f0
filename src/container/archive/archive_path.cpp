#include "container/archive/archive_path.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <vector>

#include "base/core/timestamp.h"
#include "base/linux/path.h"

namespace podo::engine {
namespace {

constexpr int links_max = 255;

std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == path.npos ? "/" : std::string(path.substr(0, slash));
}

std::vector<std::string> parts_reversed(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.rfind('/');
    const std::string_view part = slash == path.npos ? path : path.substr(slash + 1);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path = slash == path.npos ? std::string_view() : path.substr(0, slash);
  }
  return parts;
}

// "" where there is no link, or nothing at all.
std::string link_at(int root, const std::string& path) {
  const auto place = linux::open_below(root, path.c_str(), O_PATH | O_NOFOLLOW, linux::in_root);
  if (!place) return {};
  std::string target(4096, '\0');
  const ssize_t length = ::readlinkat(place->get(), "", target.data(), target.size());
  return length <= 0 ? std::string() : target.substr(0, static_cast<std::size_t>(length));
}

}  // namespace

NamedPath split_named(std::string_view path) {
  const bool folder_meant = path.ends_with('/') || path.ends_with("/.") || path == "." || path.empty();
  const std::string clean = linux::clean_path(path);
  if (clean == "/") return {"/", ".", "/"};
  const std::string last = clean.substr(clean.rfind('/') + 1);
  if (folder_meant) return {clean, ".", path.ends_with("/.") ? "." : last};
  return {parent_of(clean), last, last};
}

Result<std::string> follow_links(int root, std::string_view path) {
  std::vector<std::string> left = parts_reversed(path);
  std::string at;
  for (int links = 0; !left.empty();) {
    const std::string part = std::move(left.back());
    left.pop_back();
    if (part == "..") {
      at = at.substr(0, at.empty() ? 0 : at.rfind('/'));
      continue;
    }
    const std::string next = at + "/" + part;
    const std::string target = link_at(root, next);
    if (target.empty()) {
      at = next;
      continue;
    }
    if (++links > links_max) return failed_errno(ELOOP, "{}", path);
    if (target[0] == '/') at.clear();
    for (std::string& more : parts_reversed(target)) left.insert(left.end(), std::move(more));
  }
  return at.empty() ? "/" : at;
}

Result<io::Fd> open_inside(int root, const std::string& path, int flags) {
  return linux::open_below(root, path.c_str(), flags | O_NOFOLLOW, linux::in_root);
}

std::uint32_t go_file_mode(std::uint32_t mode) {
  std::uint32_t go = mode & 0777;
  switch (mode & S_IFMT) {
    case S_IFDIR: go |= 1u << 31; break;
    case S_IFLNK: go |= 1u << 27; break;
    case S_IFBLK: go |= 1u << 26; break;
    case S_IFCHR: go |= 1u << 26 | 1u << 21; break;
    case S_IFIFO: go |= 1u << 25; break;
    case S_IFSOCK: go |= 1u << 24; break;
    default: break;
  }
  if ((mode & S_ISUID) != 0) go |= 1u << 23;
  if ((mode & S_ISGID) != 0) go |= 1u << 22;
  if ((mode & S_ISVTX) != 0) go |= 1u << 20;
  return go;
}

Result<PathStat> stat_path(const FileView& view, const std::string& path, std::string_view container_id) {
  const NamedPath named = split_named(path);
  const auto missing = [&] {
    return not_found("Could not find the file {} in container {}", path, container_id);
  };
  const auto folder =
      linux::open_below(view.root(), named.folder.c_str(), O_PATH | O_DIRECTORY, linux::in_root);
  if (!folder && folder.error().system_errno() == ENOENT) return missing();
  if (!folder) return Failure(folder.error());
  struct stat status{};
  if (::fstatat(folder->get(), named.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? missing() : failed_errno(errno, "stat {}", path);
  PathStat result{.name = named.shown,
                  .link_target = {},
                  .size = status.st_size,
                  .mode = go_file_mode(status.st_mode),
                  .modified = rfc3339_nano({status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec})};
  if (S_ISLNK(status.st_mode)) result.link_target = TRY(follow_links(view.root(), path));
  return result;
}

}  // namespace podo::engine
