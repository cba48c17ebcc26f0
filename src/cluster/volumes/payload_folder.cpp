#include "cluster/volumes/payload_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/core/timestamp.h"
#include "base/linux/file.h"
#include "base/linux/path.h"
#include "container/image/tree.h"

namespace podo::volumes {
namespace {

constexpr const char* data_link = "..data";
constexpr const char* next_link = "..data_tmp";
constexpr mode_t folder_mode = 0755;

std::string_view first_name(std::string_view path) { return path.substr(0, path.find('/')); }

std::string read_link(int folder, const char* name) {
  char target[256];
  const ssize_t size = ::readlinkat(folder, name, target, sizeof target);
  return size < 0 ? std::string() : std::string(target, static_cast<std::size_t>(size));
}

// "..2026_11_23_04_30_00.123456789", of "2026-11-23T04:30:00.123456789Z".
std::string stamp(Wall now) {
  std::string name = ".." + rfc3339(now);
  name.pop_back();
  std::ranges::replace_if(name, [](char c) { return c == '-' || c == 'T' || c == ':'; }, '_');
  return name;
}

Result<> write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "write");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

class Writer {
 public:
  Writer(int folder, const std::optional<Group>& group) : folder_(folder), group_(group) {}

  Result<> write(const std::string& path, const File& wanted) {
    for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1))
      TRY(make_folder(path.substr(0, slash)));
    const io::Fd file =
        TRY(linux::open_at(folder_, path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    TRY_IN(path, write_all(file.get(), wanted.bytes));
    return settle(file.get(), path, wanted.mode, wanted.owner, false);
  }

  Result<> settle(int file, std::string_view path, mode_t mode, std::optional<uid_t> owner, bool is_folder) {
    const uid_t uid = owner.value_or(static_cast<uid_t>(-1));
    const gid_t gid = group_ ? group_->gid : static_cast<gid_t>(-1);
    // The owner first: changing it takes set-group-ID away.
    if ((owner || group_) && ::fchown(file, uid, gid) != 0) return failed_errno(errno, "chown {}", path);
    const mode_t whole = group_ ? shared_mode(mode, is_folder, Writable::no) : mode;
    if (::fchmod(file, whole) != 0) return failed_errno(errno, "chmod {}", path);
    return {};
  }

 private:
  Result<> make_folder(const std::string& path) {
    if (::mkdirat(folder_, path.c_str(), 0700) != 0)
      return errno == EEXIST ? Result<>() : failed_errno(errno, "mkdir {}", path);
    const io::Fd made = TRY(linux::open_at(folder_, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    return settle(made.get(), path, folder_mode, {}, true);
  }

  const int folder_;
  const std::optional<Group>& group_;
};

Result<std::string> make_stamped(int folder, Wall now) {
  for (;; ++now.ns) {
    std::string name = stamp(now);
    if (::mkdirat(folder, name.c_str(), 0700) == 0) return name;
    if (errno != EEXIST) return failed_errno(errno, "mkdir {}", name);
  }
}

Result<std::size_t> count_files(const io::Fd& folder) {
  std::size_t count = 0;
  for (const image::NamedKind& child : TRY(image::list_folder(folder.get()))) {
    if (child.kind != DT_DIR) ++count;
    else count += TRY(count_files(TRY(image::open_folder(folder.get(), child.name.c_str()))));
  }
  return count;
}

bool has_bytes(int folder, const std::string& path, std::string_view bytes) {
  const auto file = linux::open_below(folder, path.c_str(), O_RDONLY | O_NONBLOCK, linux::in_one_mount);
  struct stat status{};
  if (!file || ::fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_size != static_cast<off_t>(bytes.size()))
    return false;
  const auto there = linux::read_all(file->get(), bytes.size());
  return there && *there == bytes;
}

// Modes and owners are of the pod's spec, and so are what they were.
bool holds(int folder, const std::string& name, const Payload& payload) {
  const auto data = image::open_folder(folder, name.c_str());
  if (!data) return false;
  const auto count = count_files(*data);
  return count && *count == payload.size() && std::ranges::all_of(payload, [&](const auto& entry) {
           return has_bytes(data->get(), entry.first, entry.second.bytes);
         });
}

Result<std::string> write_new(int folder, const Payload& payload, const std::optional<Group>& group,
                              Wall now) {
  std::string name = TRY(make_stamped(folder, now));
  const io::Fd data = TRY(image::open_folder(folder, name.c_str()));
  Writer writer(data.get(), group);
  for (const auto& [path, file] : payload) TRY(writer.write(path, file));
  TRY(writer.settle(data.get(), name, folder_mode, {}, true));
  if (::unlinkat(folder, next_link, 0) != 0 && errno != ENOENT)
    return failed_errno(errno, "unlink {}", next_link);
  if (::symlinkat(name.c_str(), folder, next_link) != 0) return failed_errno(errno, "symlink {}", next_link);
  if (::renameat(folder, next_link, folder, data_link) != 0)
    return failed_errno(errno, "rename {}", next_link);
  return name;
}

// The links of `payload` are there, and nothing else beside what they point to.
Result<> tidy(int folder, const Payload& payload, const std::string& current) {
  std::set<std::string_view> missing;
  for (const auto& [path, file] : payload) missing.insert(first_name(path));
  std::vector<std::string> stale;
  for (image::NamedKind& child : TRY(image::list_folder(folder))) {
    if (child.name == data_link || child.name == current || missing.erase(child.name) != 0) continue;
    stale.push_back(std::move(child.name));
  }
  for (const std::string_view name : missing) {
    const std::string link(name);
    if (::symlinkat(text("{}/{}", data_link, name).c_str(), folder, link.c_str()) != 0)
      return failed_errno(errno, "symlink {}", name);
  }
  for (const std::string& name : stale) TRY(image::remove_tree(folder, name));
  return {};
}

}  // namespace

Result<bool> write_payload(const std::string& folder, const Payload& payload,
                           const std::optional<Group>& group, Wall now) {
  TRY(check_paths(payload));
  const io::Fd top = TRY(image::open_folder(AT_FDCWD, folder.c_str()));
  std::string current = read_link(top.get(), data_link);
  const bool is_same = !current.empty() && !current.contains('/') && holds(top.get(), current, payload);
  if (!is_same) current = TRY(write_new(top.get(), payload, group, now));
  TRY(tidy(top.get(), payload, current));
  return !is_same;
}

std::optional<std::string> read_payload_file(const std::string& folder, const std::string& path,
                                             std::size_t bytes_max) {
  const auto top = image::open_folder(AT_FDCWD, folder.c_str());
  if (!top) return std::nullopt;
  const auto file = linux::open_below(top->get(), text("{}/{}", data_link, path).c_str(),
                                      O_RDONLY | O_NONBLOCK, RESOLVE_BENEATH | RESOLVE_NO_XDEV);
  auto bytes = file ? linux::read_all(file->get(), bytes_max) : Result<std::string>(Failure(file.error()));
  if (!bytes) return std::nullopt;
  return *std::move(bytes);
}

}  // namespace podo::volumes
