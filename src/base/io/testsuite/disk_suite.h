// The contract of Disk, as named properties. `run` is called once a property, with an empty folder.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "base/io/combine.h"
#include "base/io/disk.h"

namespace podo::io {

struct DiskWorld {
  Disk& disk;
  std::string folder;  // exists, is empty
  std::string at(std::string_view name) const { return text("{}/{}", folder, name); }
};
using DiskProperty = std::function<Task<void>(DiskWorld&)>;

inline constexpr OpenOptions create_it = {.create = OpenOptions::Create::if_missing};

inline Task<std::unique_ptr<File>> file_with(DiskWorld& world, std::string name, std::string bytes) {
  auto file = co_await world.disk.open(world.at(name), create_it);
  co_await file->append(std::move(bytes));
  co_return std::move(file);
}

inline Task<void> appended_bytes_read_back(DiskWorld& world) {
  auto file = co_await file_with(world, "log", "first ");
  co_await file->append("second");
  CHECK_EQ(co_await file->read_at(0, 100), "first second");
  CHECK_EQ(co_await file->read_at(6, 3) + co_await file->read_at(50, 3), "sec");
  CHECK_EQ(co_await file->size(), 12);
  auto again = co_await world.disk.open(world.at("log"));
  co_await again->append("!");
  CHECK_EQ(co_await file->read_at(10, 100), "nd!");
}

inline Task<void> writes_overwrite_in_place(DiskWorld& world) {
  auto file = co_await file_with(world, "log", "0123456789");
  co_await file->write_at(3, "abc");
  CHECK_EQ(co_await file->read_at(0, 100), "012abc6789");
  co_await file->write_at_and_sync(8, "xyz");
  CHECK_EQ(co_await file->read_at(0, 100), "012abc67xyz");
  co_await file->append("end");  // at the end, wherever the last write was
  CHECK_EQ(co_await file->read_at(0, 100), "012abc67xyzend");
  co_await file->write_at(14, "");
  CHECK_EQ(co_await file->size(), 14);
}

inline Task<void> a_gap_reads_as_zeros(DiskWorld& world) {
  auto file = co_await file_with(world, "a", "head");
  co_await file->write_at(6, "x");
  CHECK_EQ(co_await file->read_at(0, 100), std::string("head\0\0x", 7));
  co_await file->truncate(2);
  co_await file->write_at_and_sync(4, "y");
  CHECK_EQ(co_await file->read_at(0, 100), std::string("he\0\0y", 5));
}

inline Task<void> two_files_append_to_one_end(DiskWorld& world) {
  auto one = co_await file_with(world, "log", "1");
  auto two = co_await world.disk.open(world.at("log"));
  co_await two->append("2");
  co_await one->write_at(0, "!");
  co_await one->append("1");
  co_await two->append("2");
  CHECK_EQ(co_await two->read_at(0, 100), "!212");
}

// The same bytes go to two files, as when a log gives up a segment: they are shared, not moved away.
inline Task<void> bytes_can_be_written_again(DiskWorld& world) {
  auto one = co_await world.disk.open(world.at("one"), create_it);
  auto two = co_await world.disk.open(world.at("two"), create_it);
  SharedBytes bytes = std::string(100'000, 'b');
  co_await one->write_at(0, bytes);
  co_await two->write_at_and_sync(10, bytes);
  CHECK((co_await one->read_at(0, 200'000) == bytes.view()));
  CHECK((co_await two->read_at(10, 200'000) == bytes.view()));
}

inline Task<void> a_lock_has_one_holder(DiskWorld& world) {
  auto lock = co_await world.disk.lock(world.at("lock"));
  CHECK_EQ(co_await world.disk.list(world.folder), std::vector<std::string>{"lock"});
  CHECK_EQ((co_await world.disk.lock(world.at("lock")).result()).error().kind(), ErrorKind::conflict);
  auto other = co_await world.disk.lock(world.at("other"));
  lock.reset();
  CHECK((co_await world.disk.lock(world.at("lock")).result()).has_value());
  CHECK((co_await world.disk.lock(world.at("lock")).result()).has_value());  // the one before is gone
  CHECK_EQ((co_await world.disk.lock(world.at("no/lock")).result()).error().kind(), ErrorKind::not_found);
}

inline Task<void> large_files_are_whole(DiskWorld& world) {
  std::string bytes;
  for (int i = 0; bytes.size() < (3u << 20); ++i) bytes += text("{},", i);
  co_await write_file_atomically(world.disk, world.at("large"), bytes);
  CHECK((co_await read_file(world.disk, world.at("large"), 4 << 20)) == bytes);
}

inline Task<void> what_is_missing_is_not_found(DiskWorld& world) {
  CHECK_EQ((co_await world.disk.open(world.at("no")).result()).error().kind(), ErrorKind::not_found);
  CHECK_EQ((co_await world.disk.open(world.at("no/file"), create_it).result()).error().kind(),
           ErrorKind::not_found);
  CHECK_EQ((co_await world.disk.remove(world.at("no")).result()).error().kind(), ErrorKind::not_found);
  CHECK_EQ((co_await world.disk.rename(world.at("no"), world.at("x")).result()).error().kind(),
           ErrorKind::not_found);
  CHECK_EQ((co_await world.disk.list(world.at("no")).result()).error().kind(), ErrorKind::not_found);
  CHECK_EQ((co_await world.disk.make_folder(world.at("no/x")).result()).error().kind(), ErrorKind::not_found);
  CHECK_EQ((co_await world.disk.sync_folder(world.at("no")).result()).error().kind(), ErrorKind::not_found);
}

inline Task<void> a_new_file_must_be_new(DiskWorld& world) {
  constexpr OpenOptions fresh = {.create = OpenOptions::Create::must_be_new};
  CHECK((co_await world.disk.open(world.at("a"), fresh).result()).has_value());
  CHECK_EQ((co_await world.disk.open(world.at("a"), fresh).result()).error().kind(),
           ErrorKind::already_exists);
  CHECK_EQ((co_await world.disk.make_folder(world.at("a")).result()).error().kind(),
           ErrorKind::already_exists);
}

inline Task<void> truncation_only_shortens(DiskWorld& world) {
  auto file = co_await file_with(world, "a", "0123456789");
  co_await file->truncate(4);
  CHECK_EQ(co_await file->read_at(0, 100), "0123");
  CHECK_EQ((co_await file->truncate(5).result()).error().kind(), ErrorKind::invalid);
  co_await file->append("x");
  CHECK_EQ(co_await file->read_at(0, 100), "0123x");
}

inline Task<void> rename_replaces(DiskWorld& world) {
  co_await file_with(world, "old", "old");
  co_await file_with(world, "new", "new");
  co_await world.disk.rename(world.at("new"), world.at("old"));
  CHECK_EQ(co_await read_file(world.disk, world.at("old"), 10), "new");
  CHECK_EQ(co_await world.disk.list(world.folder), std::vector<std::string>{"old"});
}

inline Task<void> an_open_file_outlives_its_name(DiskWorld& world) {
  auto file = co_await file_with(world, "a", "still");
  co_await world.disk.remove(world.at("a"));
  co_await file->append(" here");
  CHECK_EQ(co_await file->read_at(0, 100), "still here");
  CHECK((co_await world.disk.list(world.folder)).empty());
}

inline Task<void> folders_hold_names(DiskWorld& world) {
  co_await world.disk.make_folder(world.at("inner"));
  co_await file_with(world, "inner/b", "");
  co_await file_with(world, "inner/a", "");
  co_await world.disk.sync_folder(world.at("inner"));
  CHECK_EQ(co_await world.disk.list(world.at("inner")), std::vector<std::string>{"a", "b"});
  CHECK_EQ(co_await world.disk.list(world.folder), std::vector<std::string>{"inner"});
  CHECK_EQ((co_await world.disk.remove(world.at("inner")).result()).error().kind(), ErrorKind::conflict);
  co_await world.disk.remove(world.at("inner/a"));
  co_await world.disk.remove(world.at("inner/b"));
  co_await world.disk.remove(world.at("inner"));
  CHECK((co_await world.disk.list(world.folder)).empty());
}

inline Task<void> atomic_writes_replace_and_leave_nothing(DiskWorld& world) {
  for (const char* bytes : {"one", "", "three"}) {
    co_await write_file_atomically(world.disk, world.at("state"), bytes);
    CHECK_EQ(co_await read_file(world.disk, world.at("state"), 5), bytes);
    CHECK_EQ(co_await world.disk.list(world.folder), std::vector<std::string>{"state"});
  }
  CHECK_EQ((co_await read_file(world.disk, world.at("state"), 4).result()).error().kind(),
           ErrorKind::exhausted);
  co_await world.disk.make_folder(world.at("folder"));
  co_await file_with(world, "folder/x", "");
  CHECK_FALSE((co_await write_file_atomically(world.disk, world.at("folder"), "x").result()).has_value());
  CHECK_EQ(co_await world.disk.list(world.folder), std::vector<std::string>{"folder", "state"});
}

inline Task<void> zeros_are_written(DiskWorld& world) {
  auto file = co_await file_with(world, "a", "0123456789");
  co_await file->write_zeros(2, 3);
  co_await file->write_zeros(8, 9000);
  std::string zeros(9000, '\0');
  CHECK_EQ(co_await file->read_at(0, 10'000), "01" + zeros.substr(0, 3) + "567" + zeros);
}

inline void verify_disk(std::function<void(DiskProperty)> run) {
  SUBCASE("appended bytes read back") { run(appended_bytes_read_back); }
  SUBCASE("writes overwrite in place") { run(writes_overwrite_in_place); }
  SUBCASE("a gap reads as zeros") { run(a_gap_reads_as_zeros); }
  SUBCASE("two Files append to one end") { run(two_files_append_to_one_end); }
  SUBCASE("bytes can be written again") { run(bytes_can_be_written_again); }
  SUBCASE("a lock has one holder") { run(a_lock_has_one_holder); }
  SUBCASE("large files are whole") { run(large_files_are_whole); }
  SUBCASE("what is missing is not found") { run(what_is_missing_is_not_found); }
  SUBCASE("a new file must be new") { run(a_new_file_must_be_new); }
  SUBCASE("zeros are written") { run(zeros_are_written); }
  SUBCASE("truncation only shortens") { run(truncation_only_shortens); }
  SUBCASE("rename replaces") { run(rename_replaces); }
  SUBCASE("an open file outlives its name") { run(an_open_file_outlives_its_name); }
  SUBCASE("folders hold names") { run(folders_hold_names); }
  SUBCASE("atomic writes replace, and leave nothing beside") { run(atomic_writes_replace_and_leave_nothing); }
}

}  // namespace podo::io
