#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/linux/file.h"
#include "container/image/local_images.h"
#include "container/image/overlay.h"
#include "container/image/tree.h"

namespace podo::image {

Task<std::unique_ptr<Images>> Images::open(const ImagesGround& ground, ImagesOptions options) {
  auto images = std::make_unique<LocalImages>(ground, std::move(options));
  co_await images->open();
  co_return std::move(images);
}

LocalImages::LocalImages(const ImagesGround& ground, ImagesOptions options)
    : ground_(ground), options_(std::move(options)), folders_{options_.folder}, background_(ground.loop) {}

Task<void> LocalImages::open() {
  for (std::string_view name :
       {"blobs/sha256", "blobs/sha512", "partial", "layers", "snapshots", "work", "trash", "empty"})
    co_await make_folders(folders_.root + "/" + std::string(name), 0711);
  boot_ = co_await linux::read_file("/proc/sys/kernel/random/boot_id", 100);
  while (boot_.ends_with('\n')) boot_.pop_back();
  copies_ = options_.snapshots == ImagesOptions::Snapshots::copy;
  if (options_.snapshots == ImagesOptions::Snapshots::choose)
    if (const auto tried = try_overlay(folders_); !tried) {
      copies_ = true;
      ground_.log.warn(
          "every container will be a whole copy of its image, since overlayfs does not work in {}: {}",
          folders_.root, tried.error().message());
    }
  co_await read_records();
  co_await recover();
  co_await load_images();
  co_await clear_leftovers();
}

Task<void> LocalImages::read_records() {
  store::Pages pages(ground_.store, store::Range::prefix(keys::all));
  while (std::optional<store::Page> page = co_await pages.next())
    for (const store::Entry& entry : page->entries) read_record(entry.key(), entry.value());
}

void LocalImages::read_record(std::string_view key, std::string_view value) {
  auto keep = [&](std::string_view prefix, auto& map, auto decoded) {
    if (decoded) map.emplace(key.substr(prefix.size()), *std::move(decoded));
    else ground_.log.warn("{}: {}", key, decoded.error().message());
  };
  if (key.starts_with(keys::blob)) keep(keys::blob, blobs_, decode_blob(value));
  else if (key.starts_with(keys::layer)) keep(keys::layer, layers_, decode_layer(value));
  else if (key.starts_with(keys::config)) keep(keys::config, configs_, decode_config(value));
  else if (key.starts_with(keys::reference)) keep(keys::reference, references_, decode_reference(value));
  else if (key.starts_with(keys::snapshot)) keep(keys::snapshot, snapshots_, decode_snapshot(value));
}

// Folders and files no record speaks of: what a crash interrupted. Blobs on their way are kept, to go on
// with.
Task<void> LocalImages::clear_leftovers() {
  struct Known {
    std::set<std::string> layers, blobs, snapshots;
  } known;
  for (const auto& [chain_id, layer] : layers_) known.layers.insert(chain_id.substr(chain_id.find(':') + 1));
  for (const auto& [digest, blob] : blobs_) known.blobs.insert(digest.substr(digest.find(':') + 1));
  for (const auto& [container, snapshot] : snapshots_) known.snapshots.insert(container);
  std::vector<std::string> left;
  auto look = [&](const std::string& folder, const std::set<std::string>& wanted) -> Result<> {
    io::Fd opened = TRY(open_folder(AT_FDCWD, folder.c_str()));
    for (const NamedKind& child : TRY(list_folder(opened.get())))
      if (!wanted.contains(child.name)) left.push_back(folder + "/" + child.name);
    return {};
  };
  co_await look(folders_.trash(), {});  // first: discard() fills it
  for (const std::string& path : std::exchange(left, {})) background_.spawn(remove_in_background(path));
  co_await look(folders_.work(), {});
  co_await look(folders_.layers(), known.layers);
  co_await look(folders_.root + "/snapshots", known.snapshots);
  co_await look(folders_.blobs() + "/sha256", known.blobs);
  co_await look(folders_.blobs() + "/sha512", known.blobs);
  works_ = static_cast<std::uint64_t>(ground_.clock.wall().ns);  // names that no earlier life has used
  for (std::string& path : left) discard(std::move(path));
}

Task<void> LocalImages::record(store::Transaction transaction) {
  transaction.durability = store::Durability::relaxed;
  co_await ground_.store.commit(std::move(transaction));
}

void LocalImages::discard(std::string path) {
  const std::string trash = text("{}/{}", folders_.trash(), ++works_);
  if (::rename(path.c_str(), trash.c_str()) == 0) background_.spawn(remove_in_background(trash));
  else if (errno != ENOENT) ground_.log.warn("move {} to the trash: {}", path, describe_errno(errno));
}

Task<void> LocalImages::remove_in_background(std::string path) {
  auto removed = co_await ground_.pool.run([path] { return remove_tree(path); }).result();
  // The process of a build that an earlier daemon began still writes there, until the engine ends it.
  for (int more = 5; more > 0 && !removed && removed.error().system_errno() == ENOTEMPTY; --more) {
    co_await io::sleep(seconds(1));
    removed = co_await ground_.pool.run([path] { return remove_tree(path); }).result();
  }
  if (!removed && removed.error().kind() != ErrorKind::cancelled)
    ground_.log.warn("remove {}: {}", path, removed.error().message());
}

void LocalImages::settle_soon() {
  if (std::exchange(settling_, true)) return;
  background_.spawn(settle());
}

// What was unsettled before the flush is settled after it.
Task<void> LocalImages::settle() {
  for (;;) {
    co_await io::sleep(options_.settle_after);
    if (!claimed_.empty()) continue;  // more is coming
    std::vector<std::string> blobs, chain_ids;
    for (const auto& [digest, blob] : blobs_)
      if (!blob.boot.empty()) blobs.push_back(digest);
    for (const auto& [chain_id, layer] : layers_)
      if (!layer.boot.empty()) chain_ids.push_back(chain_id);
    if (blobs.empty() && chain_ids.empty()) break;
    auto flushed = co_await ground_.pool
                       .run([root = folders_.root]() -> Result<> {
                         io::Fd folder = TRY(open_folder(AT_FDCWD, root.c_str()));
                         if (syncfs(folder.get()) != 0) return failed_errno(errno, "syncfs {}", root);
                         return {};
                       })
                       .result();
    if (!flushed) {
      ground_.log.warn("{}", flushed.error().message());
      break;
    }
    std::vector<store::Operation> puts;
    for (const std::string& digest : blobs) {
      auto at = blobs_.find(digest);
      if (at == blobs_.end()) continue;
      at->second.boot.clear();
      puts.push_back(store::put(std::string(keys::blob) + digest, encode(at->second)));
    }
    for (const std::string& chain_id : chain_ids) {
      auto at = layers_.find(chain_id);
      if (at == layers_.end()) continue;
      at->second.boot.clear();
      puts.push_back(store::put(std::string(keys::layer) + chain_id, encode(at->second)));
    }
    constexpr std::size_t at_once = 1000;
    for (std::size_t i = 0; i < puts.size(); i += at_once) {
      store::Transaction transaction;
      for (std::size_t k = i; k < std::min(puts.size(), i + at_once); ++k)
        transaction.then.push_back(puts[k]);
      static_cast<void>(co_await record(std::move(transaction)).result());
    }
  }
  settling_ = false;
}

}  // namespace podo::image
