#include "base/store/log_store.h"

#include "base/io/loop.h"
#include "base/io/wait.h"

namespace podo::store {
namespace {

Task<void> make_folder_if_missing(io::Disk& disk, std::string folder) {
  Result<void> made = co_await disk.make_folder(folder).result();
  if (!made && made.error().kind() != ErrorKind::already_exists) co_await std::move(made);
}

Task<bool> is_new(io::Disk& disk, const std::string& folder) {
  for (const std::string& name : co_await disk.list(folder))
    if ((name.starts_with("base-") && !name.ends_with(".new")) || name.starts_with("segment-"))
      co_return false;
  co_return true;
}

}  // namespace

Task<void> make_store_folder(io::Disk& disk, std::string folder, BaseHeader header, History& history,
                             Sealing& sealing) {
  std::string path = text("{}/{}", folder, base_name(1));
  co_await disk.sync_folder(io::folder_of(folder));  // whoever made the folder may have failed at this
  (void)co_await disk.remove(path + ".new").result();
  std::unique_ptr<io::File> file =
      co_await disk.open(path + ".new", {.create = io::OpenOptions::Create::must_be_new});
  co_await write_base(*file, header, history, sealing);
  co_await disk.rename(path + ".new", path);
  co_await disk.sync_folder(folder);
}

Task<std::unique_ptr<LogStore>> open_log_store(LogStoreGround ground, std::string folder,
                                               LogStoreOptions options, Sealing sealing) {
  co_await make_folder_if_missing(ground.disk, folder);
  Result<std::unique_ptr<io::Lock>> free_lock = co_await ground.disk.lock(folder + "/lock").result();
  if (!free_lock && free_lock.error().kind() == ErrorKind::conflict)
    co_return conflict("the store {} is open in another process, or in this one", folder);
  std::unique_ptr<io::Lock> lock = co_await std::move(free_lock);
  if (co_await is_new(ground.disk, folder)) {
    History empty(0);
    BaseHeader header{.store = ground.random.next()};
    co_await make_store_folder(ground.disk, folder, header, empty, sealing);
  }
  auto history = std::make_unique<History>(options.store.history_bytes);
  FolderRead read = co_await read_folder(ground.disk, folder, &sealing, OnDamage::refuse, *history);
  io::Loop& loop = co_await io::this_loop();
  auto log = std::make_unique<SegmentLog>(loop, ground.disk, ground.log, std::move(folder), options.log,
                                          std::move(lock), std::move(sealing), *history, std::move(read));
  co_await log->begin();
  SegmentLog& same_log = *log;
  co_return std::make_unique<LogStore>(loop, ground, options, std::move(history), std::move(log), same_log);
}

}  // namespace podo::store
