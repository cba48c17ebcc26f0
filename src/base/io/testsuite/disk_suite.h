// The contract of Disk, as named properties. `run` is called once a property, with an empty folder of a disk
// made anew.
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
  CHECK_EQ(co_await file->read_at(6, 3), "sec");
  CHECK_EQ(co_await file->read_at(50, 3), "");
  CHECK_EQ(co_await file->size(), 12);
  auto again = co_await world.disk.open(world.at("log"));
  co_await again->append("!");
  CHECK_EQ(co_await file->read_at(10, 100), "nd!");
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

inline void verify_disk(std::function<void(DiskProperty)> run) {
  SUBCASE("appended bytes read back") { run(appended_bytes_read_back); }
  SUBCASE("large files are whole") { run(large_files_are_whole); }
  SUBCASE("what is missing is not found") { run(what_is_missing_is_not_found); }
  SUBCASE("a new file must be new") { run(a_new_file_must_be_new); }
  SUBCASE("truncation only shortens") { run(truncation_only_shortens); }
  SUBCASE("rename replaces") { run(rename_replaces); }
  SUBCASE("an open file outlives its name") { run(an_open_file_outlives_its_name); }
  SUBCASE("folders hold names") { run(folders_hold_names); }
  SUBCASE("atomic writes replace, and leave nothing beside") { run(atomic_writes_replace_and_leave_nothing); }
}

}  // namespace podo::io
