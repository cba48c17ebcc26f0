#include "base/store/admin.h"

#include <algorithm>

#include "base/io/loop.h"
#include "base/io/wait.h"
#include "base/store/log_store.h"

namespace podo::store {
namespace {

constexpr int readings_max = 200;  // where a small log is written to all the time, most are disturbed

// --- reading ----------------------------------------------------------------------------------------------

Task<Contents> read_backup(io::Disk& disk, std::string path, Sealing* sealing, OnDamage on_damage) {
  Contents contents{.is_backup = true, .read = {}, .history = std::make_unique<History>(0)};
  std::unique_ptr<io::File> file = co_await disk.open(path);
  Result<BaseRead> read = co_await read_base(*file, sealing, on_damage, *contents.history).result();
  if (!read) co_return Failure(std::move(read).error().within(path));
  for (std::string& damage : read->damages) contents.read.damages.push_back(text("{}: {}", path, damage));
  contents.read.base = read->header;
  contents.read.base_bytes = read->bytes;
  contents.read.exact_from = read->header.exact_from;
  contents.read.end = {.last = read->header.revision, .wall_ns = read->header.wall_ns};
  co_return contents;
}

// Whatever else happens to the files of a log, a new base comes first.
Task<bool> has_newer_base(io::Disk& disk, std::string folder, std::string base) {
  for (const std::string& name : co_await disk.list(folder))
    if (name.size() == base.size() && name.starts_with("base-") && name > base) co_return true;
  co_return false;
}

// What is wrong with a reading is believed when the next one says the same: of a store in use, a disturbed
// reading of the log's end looks like damage, and has moved on by then.
Task<Contents> read_store(io::Disk& disk, std::string folder, Sealing* sealing, OnDamage on_damage) {
  std::string last_complaint;
  for (int readings = 0; readings < readings_max; ++readings) {
    Contents contents{.is_backup = false, .read = {}, .history = std::make_unique<History>(0)};
    Result<FolderRead> read =
        co_await read_folder(disk, folder, sealing, on_damage, *contents.history).result();
    std::string complaint;
    if (!read) complaint = read.error().message();
    else if (!read->damages.empty()) complaint = read->damages.front();
    bool known = !complaint.empty() && complaint == std::exchange(last_complaint, complaint);
    if (!read && known) co_return Failure(std::move(read).error());
    if (!read || (!complaint.empty() && !known)) continue;
    if (co_await has_newer_base(disk, folder, base_name(read->base_file))) continue;
    contents.read = *std::move(read);
    co_return contents;
  }
  co_return unavailable("{} changes faster than it can be read; try again", folder);
}

// --- writing ----------------------------------------------------------------------------------------------

Task<BaseWritten> write_and_name(io::Disk& disk, std::string path, BaseHeader header, History& history) {
  std::string unfinished = path + ".new";
  Sealing none;
  std::unique_ptr<io::File> file =
      co_await disk.open(unfinished, {.create = io::OpenOptions::Create::must_be_new});
  Result<BaseWritten> written = co_await write_base(*file, header, history, none).result();
  if (written) {
    Result<void> named = co_await disk.rename(unfinished, path).result();
    if (!named) written = Failure(std::move(named).error());
  }
  if (!written) (void)co_await disk.remove(unfinished).result();
  BaseWritten done = co_await std::move(written);
  co_await disk.sync_folder(io::folder_of(path));
  co_return done;
}

Task<void> must_be_free(io::Disk& disk, std::string file, std::string folder) {
  if (io::folder_of(file) == folder) co_await invalid("a backup does not belong into the store's own folder");
  for (const std::string& name : co_await disk.list(io::folder_of(file))) {
    std::string_view wanted = std::string_view(file).substr(file.rfind('/') + 1);
    if (name == wanted) co_await already_exists("{} is there already", file);
    if (name == text("{}.new", wanted))
      co_await already_exists(
          "{}.new is there: another backup is being made, or one was cut off; then remove it", file);
  }
}

// Its lock, and a file that was not finished, are all that may be in the folder.
Task<void> make_ready_for_restore(io::Disk& disk, std::string folder) {
  Result<void> made = co_await disk.make_folder(folder).result();
  if (made) co_return;
  if (made.error().kind() != ErrorKind::already_exists) co_return co_await std::move(made);
  for (const std::string& name : co_await disk.list(folder))
    if (name != "lock" && name != base_name(1) + ".new")
      co_await already_exists("{} is not empty: there is {} in it", folder, name);
}

}  // namespace

Task<Contents> read_contents(io::Disk& disk, std::string path, Sealing* sealing, OnDamage on_damage) {
  Result<std::vector<std::string>> names = co_await disk.list(path).result();
  bool is_file = !names && names.error().system_errno() == ENOTDIR;
  if (is_file) co_return co_await read_backup(disk, std::move(path), sealing, on_damage);
  (void)co_await std::move(names);
  co_return co_await read_store(disk, std::move(path), sealing, on_damage);
}

Task<BaseWritten> back_up_store(io::Disk& disk, std::string folder, std::string file) {
  co_await must_be_free(disk, file, folder);
  Contents contents = co_await read_store(disk, folder, nullptr, OnDamage::refuse);
  Revision revision = contents.history->shown();
  io::Loop& loop = co_await io::this_loop();
  BaseHeader header{.store = contents.read.base.store,
                    .revision = revision,
                    .segment = 0,
                    .reserved_until = revision,
                    .exact_from = revision + 1,
                    .wall_ns = loop.clock().wall().ns};
  co_return co_await write_and_name(disk, std::move(file), header, *contents.history);
}

Task<BaseRead> restore_store(io::Disk& disk, Random& random, std::string file, std::string folder) {
  Contents contents = co_await read_backup(disk, file, nullptr, OnDamage::refuse);
  const BaseHeader& backup = contents.read.base;
  if (backup.segment != 0)
    co_return invalid("{} is a base, a part of a store whose log goes on behind it, and not a backup", file);
  co_await make_ready_for_restore(disk, folder);
  std::unique_ptr<io::Lock> lock = co_await disk.lock(folder + "/lock");
  BaseHeader header{.store = random.next(),
                    .revision = backup.revision,
                    .reserved_until = backup.revision,
                    .exact_from = backup.revision + 1,
                    .wall_ns = backup.wall_ns};
  Sealing none;
  co_await make_store_folder(disk, folder, header, *contents.history, none);
  co_return BaseRead{.header = header,
                     .entries = contents.history->status().entries,
                     .bytes = contents.history->status().bytes,
                     .damages = {}};
}

}  // namespace podo::store
