#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/linux/file.h"
#include "container/runtime/state.h"

namespace podo::runtime {
namespace {

constexpr std::size_t file_bytes_max = 16u << 20;

struct flock whole_file(short kind) {
  struct flock lock{};
  lock.l_type = kind;
  lock.l_whence = SEEK_SET;
  return lock;
}

Result<> make_directories(const std::string& path) {
  struct stat entry;
  if (::stat(path.c_str(), &entry) == 0) return {};
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST)
      return failed_errno(errno, "make directory {}", part);
    if (end == std::string::npos) return {};
  }
}

Result<> write_new(int directory, const char* name, std::string_view content) {
  const io::Fd file = TRY(linux::open_at(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
  while (!content.empty()) {
    const ssize_t count = ::write(file.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "write {}", name);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<> replace(int directory, const char* name, const char* temporary, std::string_view content) {
  TRY(write_new(directory, temporary, content));
  if (::renameat(directory, temporary, directory, name) != 0) return failed_errno(errno, "rename {}", name);
  return {};
}

// The names in a directory, without "." and "..".
Result<std::vector<std::string>> read_names(int directory) {
  io::Fd own = TRY(linux::open_at(directory, ".", O_RDONLY | O_DIRECTORY));
  DIR* stream = ::fdopendir(own.get());
  if (stream == nullptr) return failed_errno(errno, "read directory");
  own.release();  // the stream's now
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(stream);
  return names;
}

Result<> empty_directory(int directory) {
  for (const std::string& name : TRY(read_names(directory))) {
    if (::unlinkat(directory, name.c_str(), 0) != 0 && errno != ENOENT)
      return failed_errno(errno, "remove {}", name);
  }
  return {};
}

}  // namespace

Result<StateDirectory> StateDirectory::create(const std::string& root, const std::string& id) {
  TRY(check_container_id(id));
  StateDirectory made(text("{}/{}", root, id), id);
  TRY(make_directories(root));
  if (::mkdir(made.path_.c_str(), 0700) != 0) {
    if (errno == EEXIST) return already_exists("container {} already exists", id);
    return failed_errno(errno, "make directory {}", made.path_);
  }
  made.directory_ = TRY(linux::open_at(AT_FDCWD, made.path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY(made.take_lock());
  return made;
}

Result<StateDirectory> StateDirectory::open(const std::string& root, const std::string& id, Lock lock) {
  TRY(check_container_id(id));
  StateDirectory found(text("{}/{}", root, id), id);
  auto directory = linux::open_at(AT_FDCWD, found.path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!directory && directory.error().kind() == ErrorKind::not_found)
    return not_found("container {} does not exist", id);
  found.directory_ = TRY(std::move(directory));
  if (lock == Lock::exclusive) TRY(found.take_lock());
  return found;
}

bool StateDirectory::was_removed() const {
  struct stat named, opened;
  return ::stat(path_.c_str(), &named) != 0 || ::fstat(directory_.get(), &opened) != 0 ||
         named.st_ino != opened.st_ino || named.st_dev != opened.st_dev;
}

Result<> StateDirectory::take_lock() {
  lock_ = TRY(linux::open_at(directory_.get(), "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  const SystemClock clock;
  const Monotonic deadline = clock.now() + lock_wait;
  struct flock wanted = whole_file(F_WRLCK);
  for (int pause_ms = 1; ::fcntl(lock_.get(), F_SETLK, &wanted) != 0; pause_ms = std::min(2 * pause_ms, 20)) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR)
      return failed_errno(errno, "lock container {}", id_);
    if (clock.now() > deadline) {
      struct flock holder = whole_file(F_WRLCK);
      (void)::fcntl(lock_.get(), F_GETLK, &holder);
      return conflict("container {} is being changed by process {}", id_, holder.l_pid);
    }
    ::poll(nullptr, 0, pause_ms);
  }
  if (was_removed()) return not_found("container {} does not exist: it was deleted just now", id_);
  return {};
}

bool StateDirectory::is_being_changed() const {
  const auto file = linux::open_at(directory_.get(), "lock", O_RDONLY | O_NOFOLLOW);
  struct flock holder = whole_file(F_WRLCK);
  return file && ::fcntl(file->get(), F_GETLK, &holder) == 0 && holder.l_type != F_UNLCK;
}

Result<ContainerState> StateDirectory::load() const {
  auto bytes = linux::read_file(directory_.get(), "state.json", file_bytes_max);
  if (!bytes && bytes.error().system_errno() == ENOENT) {
    return not_found("container {} does not exist: its creation did not finish", id_);
  }
  auto state = bytes.and_then([](std::string& read) { return decode_state(std::move(read)); });
  if (state && state->id == id_) return state;
  const std::string why = state ? text("it is that of container {}", state->id) : state.error().message();
  return corrupt("the state of container {} is damaged: {}: {} (delete --force removes it)", id_,
                 path_ + "/state.json", why);
}

Result<> StateDirectory::save(const ContainerState& state) const {
  TRY_IN(path_, replace(directory_.get(), "state.json", "state.json.new", encode_state(state)));
  return {};
}

Result<std::string> StateDirectory::config() const {
  return TRY_IN(path_, linux::read_file(directory_.get(), "config.json", file_bytes_max));
}

Result<> StateDirectory::save_config(std::string_view text) const {
  TRY_IN(path_, write_new(directory_.get(), "config.json", text));
  return {};
}

Result<> StateDirectory::mark_cgroups(const CgroupMark& mark) const {
  const char* manager = mark.scope.manager == SystemdManager::user ? "user" : "system";
  TRY_IN(path_, write_new(directory_.get(), "cgroups",
                          mark.scope ? text("{}\n{}\n{}\n", manager, mark.scope.unit, mark.path) : ""));
  return {};
}

Result<std::optional<CgroupMark>> StateDirectory::find_cgroups() const {
  auto words = linux::read_file(directory_.get(), "cgroups", file_bytes_max);
  if (!words && words.error().kind() == ErrorKind::not_found) return std::nullopt;
  CgroupMark mark;
  if (!words) return Failure(std::move(words).error().within(path_));
  if (words->empty()) return mark;
  const auto first = words->find('\n'), second = words->find('\n', first + 1);
  if (first == words->npos || second == words->npos || !words->ends_with('\n'))
    return corrupt("{}/cgroups is damaged", path_);
  mark.scope.manager = words->starts_with("user\n") ? SystemdManager::user : SystemdManager::system;
  mark.scope.unit = words->substr(first + 1, second - first - 1);
  mark.path = words->substr(second + 1, words->size() - second - 2);
  if (!is_scope_unit(mark.scope.unit))
    return corrupt("{}/cgroups: \"{}\" is no scope", path_, mark.scope.unit);
  return mark;
}

Result<> StateDirectory::remove() {
  struct stat self;
  if (::fstat(directory_.get(), &self) != 0) return failed_errno(errno, "state of {}", path_);
  const std::string leaving = text("{}/~{}", path_.substr(0, path_.size() - id_.size() - 1), self.st_ino);
  if (::rename(path_.c_str(), leaving.c_str()) != 0) return failed_errno(errno, "rename {}", path_);
  TRY_IN(leaving, empty_directory(directory_.get()));
  if (::rmdir(leaving.c_str()) != 0) return failed_errno(errno, "remove {}", leaving);
  return {};
}

Result<std::vector<std::string>> list_containers(const std::string& root) {
  const auto directory = linux::open_at(AT_FDCWD, root.c_str(), O_RDONLY | O_DIRECTORY);
  if (!directory && directory.error().kind() == ErrorKind::not_found) return std::vector<std::string>{};
  if (!directory) return Failure(directory.error());
  std::vector<std::string> ids = TRY_IN(root, read_names(directory->get()));
  std::erase_if(ids, [&](const std::string& id) {
    struct stat entry;
    return !check_container_id(id) ||
           ::fstatat(directory->get(), id.c_str(), &entry, AT_SYMLINK_NOFOLLOW) != 0 ||
           !S_ISDIR(entry.st_mode);
  });
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace podo::runtime
