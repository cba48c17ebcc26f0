// Folders that RUN --mount=type=cache keeps: DATA/build/mounts/NUMBER, one or, of the exclusive kind, several
// for an id.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "base/io/timer.h"
#include "container/builder/local_cache.h"
#include "container/image/tree.h"

namespace podo::builder {
namespace {

// A RUN that is followed by another with the same folder: it is measured once, after both.
constexpr Duration measured_after = milliseconds(500);

bool is_empty(const std::string& path) {
  const auto folder = image::open_folder(AT_FDCWD, path.c_str());
  const auto names = folder ? image::list_folder(folder->get()) : std::vector<image::NamedKind>();
  return names && names->empty();
}

}  // namespace

class LocalCache::LocalMount final : public Mount {
 public:
  LocalMount(LocalCache& cache, std::uint64_t number, bool is_new)
      : cache_(cache), number_(number), path_(cache.folder_of(number)), is_new_(is_new) {}
  ~LocalMount() override { cache_.give_back(number_); }
  const std::string& path() const override { return path_; }
  bool is_new() const override { return is_new_; }

 private:
  LocalCache& cache_;
  std::uint64_t number_;
  std::string path_;
  bool is_new_;
};

std::string LocalCache::folder_of(std::uint64_t number) const {
  return text("{}/mounts/{}", folder_, number);
}

// One that can be had now. `wait`: there is one that will be given back.
LocalCache::Folder* LocalCache::find_folder(std::string_view id, Sharing sharing, std::uint64_t& number,
                                            bool& wait) {
  for (auto& [each, folder] : mounts_) {
    if (folder.record.id != id) continue;
    const bool free = sharing == Sharing::shared ? !folder.alone : folder.users == 0;
    if (free) {
      number = each;
      return &folder;
    }
    if (sharing == Sharing::locked || folder.locked) {
      wait = true;
      return nullptr;
    }
  }
  return nullptr;
}

Task<std::unique_ptr<Cache::Mount>> LocalCache::mount(std::string id, Sharing sharing) {
  std::uint64_t number = 0;
  for (;;) {
    bool wait = false;
    if (find_folder(id, sharing, number, wait) != nullptr) break;
    if (!wait) {
      number = co_await add_folder(id);
      break;
    }
    co_await given_back_.wait();
  }
  Folder& folder = mounts_.at(number);
  ++folder.users;
  folder.alone = sharing != Sharing::shared;
  folder.locked = sharing == Sharing::locked;
  folder.record.used = ground_.clock.wall();
  ++folder.record.uses;
  auto mount = std::make_unique<LocalMount>(*this, number, is_empty(folder_of(number)));
  co_await record({store::put(text("{}{}", keys::mount, number), encode(folder.record))});
  co_return std::move(mount);
}

// The folder first: a record without one is dropped on opening, and so is a folder without a record.
Result<std::uint64_t> LocalCache::add_folder(std::string id) {
  const std::uint64_t number = numbers_ + 1;
  const std::string path = folder_of(number);
  if (::mkdir(path.c_str(), 0755) != 0) return failed_errno(errno, "mkdir {}", path);
  numbers_ = number;
  mounts_[number].record = {.id = std::move(id), .created = ground_.clock.wall(), .used = {}};
  return number;
}

void LocalCache::give_back(std::uint64_t number) {
  Folder& folder = mounts_.at(number);
  if (--folder.users == 0) folder.alone = folder.locked = false;
  folder.record.used = ground_.clock.wall();
  given_back_.notify_all();
  if (std::exchange(folder.measured, false)) spawn(measure(number), "measure a cache mount");
}

// Its bytes are known a little later; until then they are what they were.
Task<void> LocalCache::measure(std::uint64_t number) {
  co_await io::sleep(measured_after);
  auto folder = mounts_.find(number);
  if (folder == mounts_.end()) co_return;
  folder->second.measured = true;  // whoever gives it back from now on has it measured again
  const auto bytes =
      co_await ground_.pool.run([path = folder_of(number)] { return image::tree_bytes(path); }).result();
  folder = mounts_.find(number);
  if (folder == mounts_.end()) co_return;
  // Something may have gone meanwhile: what is known now stands.
  if (bytes) folder->second.record.bytes = *bytes;
  trim_soon();
  co_await record({store::put(text("{}{}", keys::mount, number), encode(folder->second.record))});
}

Task<void> LocalCache::clear_folders() {
  for (const char* name : {"/mounts", "/trash"}) co_await image::make_folders(folder_ + name, 0711);
  const io::Fd trash = co_await image::open_folder(AT_FDCWD, (folder_ + "/trash").c_str());
  for (const image::NamedKind& left : co_await image::list_folder(trash.get())) {
    std::uint64_t number = 0;
    std::from_chars(left.name.data(), left.name.data() + left.name.size(), number);
    trashed_ = std::max(trashed_, number);
    spawn(remove_in_background(folder_ + "/trash/" + left.name), "empty the trash");
  }
  std::set<std::string, std::less<>> there;
  const io::Fd mounts = co_await image::open_folder(AT_FDCWD, (folder_ + "/mounts").c_str());
  for (const image::NamedKind& each : co_await image::list_folder(mounts.get())) there.insert(each.name);
  std::vector<store::Operation> lost;
  std::erase_if(mounts_, [&](const auto& each) {
    if (there.erase(text("{}", each.first)) == 1) return false;
    lost.push_back(store::erase(store::Range::key(text("{}{}", keys::mount, each.first))));
    return true;
  });
  for (const std::string& name : there) discard(folder_ + "/mounts/" + name);
  co_await record(std::move(lost));
}

void LocalCache::discard(const std::string& path) {
  std::string trash = text("{}/trash/{}", folder_, ++trashed_);
  if (::rename(path.c_str(), trash.c_str()) == 0)
    spawn(remove_in_background(std::move(trash)), "remove a folder");
  else if (errno != ENOENT) ground_.log.warn("move {} to the trash: {}", path, describe_errno(errno));
}

Task<void> LocalCache::remove_in_background(std::string path) {
  co_await ground_.pool.run([path] { return image::remove_tree(path); });
}

}  // namespace podo::builder
