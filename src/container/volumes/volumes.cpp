#include "container/volumes/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/linux/file.h"
#include "container/volumes/file_tree.h"
#include "container/volumes/volume_mount.h"

namespace podo::engine {
namespace {

constexpr std::string_view key_prefix = "volume/";
constexpr std::string_view removing = ".removing-";  // no volume's name begins so
constexpr std::string_view anonymous_label = "com.docker.volume.anonymous";

std::string hex_name(Random& random) {
  std::string name;
  for (int i = 0; i < 4; ++i) {
    std::string part = text("{:x}", random.next());
    part.insert(0, 16 - part.size(), '0');
    name += part;
  }
  return name;
}

Result<> make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  return failed_errno(errno, "mkdir {}", path);
}

// What a crash left half removed.
Result<> finish_removals(const std::string& folder) {
  const auto top = linux::open_at(AT_FDCWD, folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (!top) return {};
  for (const std::string& name : TRY(names_in(top->get()))) {
    if (name.starts_with(removing)) TRY(remove_tree(folder + "/" + name));
  }
  return {};
}

std::string list_of(const std::vector<std::string>& users) {
  std::string list;
  for (const std::string& user : users) list += (list.empty() ? "" : ", ") + user;
  return list;
}

}  // namespace

Task<std::unique_ptr<Volumes>> Volumes::open(store::Store& store, io::BlockingPool& pool, const Clock& clock,
                                             Random& random, std::string folder) {
  std::unique_ptr<Volumes> volumes(new Volumes(store, pool, clock, random, std::move(folder)));
  co_await make_folder(volumes->folder_, 0701);
  co_await volumes->load();
  co_await pool.run([folder = volumes->folder_] { return finish_removals(folder); });
  co_return volumes;
}

Task<void> Volumes::load() {
  store::Pages pages(store_, store::Range::prefix(key_prefix));
  while (std::optional<store::Page> page = co_await pages.next()) {
    for (const store::Entry& entry : page->entries) {
      const json::Document record = co_await json::parse(std::string(entry.value()));
      Volume volume = co_await decode_volume(record);
      auto name = volume.name;
      // A removal that a crash interrupted took the folder and left the record: it is an empty volume.
      co_await make_folder(folder_ + "/" + name, 0701);
      co_await make_folder(folder_ + "/" + name + "/_data", 0755);
      volumes_.insert_or_assign(std::move(name), std::make_shared<const Volume>(std::move(volume)));
    }
  }
}

// Finding, making the folder and entering the record are one step: nothing is awaited between them.
Task<VolumePtr> Volumes::create(VolumeWish wish, bool anonymous) {
  if (wish.name.empty()) {
    wish.name = hex_name(random_);
    anonymous = true;
    wish.labels.try_emplace(std::string(anonymous_label), "");
  }
  if (wish.driver.empty()) wish.driver = "local";
  if (wish.driver != "local") {
    co_return not_found("create {}: error looking up volume plugin {}: plugin \"{}\" not found", wish.name,
                        wish.driver, wish.driver);
  }
  co_await check_volume_name(wish.name);
  if (const auto found = volumes_.find(wish.name); found != volumes_.end()) co_return found->second;
  co_await check_volume_options(wish.name, wish.options);
  const std::string own = folder_ + "/" + wish.name;
  co_await make_folder(own, 0701);
  co_await make_folder(own + "/_data", 0755);
  const auto volume = std::make_shared<const Volume>(Volume{.name = wish.name,
                                                            .driver = wish.driver,
                                                            .mountpoint = own + "/_data",
                                                            .options = std::move(wish.options),
                                                            .labels = std::move(wish.labels),
                                                            .created = clock_.wall(),
                                                            .anonymous = anonymous});
  volumes_.emplace(volume->name, volume);
  co_await store::write(store_, std::string(key_prefix) + volume->name, encode_volume(*volume),
                        store::Durability::relaxed);
  co_return volume;
}

Result<VolumePtr> Volumes::get(std::string_view name) const {
  if (const auto found = volumes_.find(name); found != volumes_.end()) return found->second;
  return not_found("get {}: no such volume", name);
}

std::vector<VolumePtr> Volumes::list() const {
  std::vector<VolumePtr> list;
  list.reserve(volumes_.size());
  for (const auto& [name, volume] : volumes_) list.push_back(volume);
  return list;
}

// The name is free at once; the files go from a folder of another name, so that a new volume never meets
// them.
Task<void> Volumes::remove(std::string name, std::vector<std::string> users, bool force) {
  const auto found = volumes_.find(name);
  if (found == volumes_.end()) {
    if (force) co_return;
    co_await not_found("get {}: no such volume", name);
  }
  if (!users.empty()) co_await conflict("remove {}: volume is in use - [{}]", name, list_of(users));
  const VolumePtr volume = found->second;
  if (!volume->options.empty()) co_await unmount_volume(*volume);
  const std::string aside = folder_ + "/" + std::string(removing) + hex_name(random_);
  if (::rename((folder_ + "/" + name).c_str(), aside.c_str()) != 0 && errno != ENOENT)
    co_await failed_errno(errno, "remove {}", name);
  mounted_by_.erase(name);
  volumes_.erase(name);
  co_await store::remove(store_, store::Range::key(std::string(key_prefix) + name),
                         store::Durability::relaxed);
  co_await pool_.run([aside] { return remove_tree(aside); });
}

Task<std::uint64_t> Volumes::bytes(std::string name) {
  const VolumePtr volume = co_await get(name);
  co_return co_await pool_.run([path = volume->mountpoint] { return tree_bytes(path); });
}

Task<void> Volumes::mount(std::string name, std::string container_id) {
  const VolumePtr volume = co_await get(name);
  if (volume->options.empty()) co_return;
  mounted_by_[name].insert(container_id);
  const Result<void> mounted = co_await pool_.run([volume] { return mount_volume(*volume); }).result();
  if (mounted) co_return;
  mounted_by_[name].erase(container_id);
  co_await Result<void>(mounted);
}

Task<void> Volumes::unmount(std::string name, std::string container_id) {
  const auto users = mounted_by_.find(name);
  if (users == mounted_by_.end()) co_return;
  users->second.erase(container_id);
  if (!users->second.empty()) co_return;
  mounted_by_.erase(users);
  const auto volume = get(name);
  if (volume) co_await unmount_volume(**volume);  // one system call: nobody mounts it meanwhile
}

}  // namespace podo::engine
