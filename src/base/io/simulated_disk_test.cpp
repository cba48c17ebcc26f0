#include "base/io/simulated_disk.h"

#include <doctest/doctest.h>

#include "base/io/testsuite/disk_suite.h"

namespace podo::io {
namespace {

constexpr std::uint64_t seeds = 300;

std::string version_bytes(int version) {
  return text("{}:", version) + std::string(2000, static_cast<char>('a' + version % 26));
}

Task<void> write_carelessly(Disk& disk, std::string path, std::string bytes) {  // no sync before the rename
  {
    auto file = co_await disk.open(path + ".new", create_it);
    co_await file->truncate(0);
    co_await file->append(std::move(bytes));
  }
  co_await disk.rename(path + ".new", path);
  co_await disk.sync_folder(folder_of(path));
}

Task<void> write_versions(Disk& disk, bool careless, int& done) {
  for (int version = 0;; ++version) {
    if (careless) co_await write_carelessly(disk, "/state", version_bytes(version));
    else co_await write_file_atomically(disk, "/state", version_bytes(version));
    done = version;
  }
}

// The power goes while a state file is written again and again. True when afterwards the file is whole: the
// version that was done last, or the next one.
bool whole_after_crash(std::uint64_t seed, bool careless) {
  SimulatedLoop loop(seed);
  SimulatedDisk disk(loop);
  int done = -1;
  auto run = [&]() -> Task<std::string> {
    TaskGroup writer(co_await this_loop());
    writer.spawn(write_versions(disk, careless, done));
    co_await sleep(microseconds(static_cast<std::int64_t>(loop.random().below(20'000))));
    disk.crash();
    while (writer.size() > 0) co_await sleep(milliseconds(1));  // the writer fails by itself
    co_return co_await read_file(disk, "/state", 1 << 20);
  };
  Result<std::string> after = loop.run(run());
  if (!after) return done < 0 && after.error().kind() == ErrorKind::not_found;
  return (done >= 0 && *after == version_bytes(done)) || *after == version_bytes(done + 1);
}

struct Left {
  int nothing = 0, everything = 0, torn = 0;
};

// 4 sectors are synced, 6 more are not, and the power goes.
void crash_with_unsynced_tail(std::uint64_t seed, Left& left) {
  SimulatedLoop loop(seed);
  SimulatedDisk disk(loop);
  const std::string head(4 * SimulatedDisk::sector_bytes, 'h'), tail(6 * SimulatedDisk::sector_bytes, 't');
  auto run = [&]() -> Task<void> {
    auto file = co_await disk.open("/log", create_it);
    co_await disk.sync_folder("/");
    co_await file->append(head);
    co_await file->sync();
    co_await file->append(tail);
    disk.crash();
    CHECK_EQ((co_await file->append("x").result()).error().kind(), ErrorKind::unavailable);
    std::string after = co_await read_file(disk, "/log", 1 << 20);
    CHECK(after.starts_with(head));
    for (std::size_t at = head.size(); at < after.size(); at += SimulatedDisk::sector_bytes) {
      std::string sector = after.substr(at, SimulatedDisk::sector_bytes);
      CHECK((sector == std::string(SimulatedDisk::sector_bytes, 't') ||
             sector == std::string(SimulatedDisk::sector_bytes, '\0')));
    }
    if (after == head) ++left.nothing;
    else if (after == head + tail) ++left.everything;
    else ++left.torn;
  };
  CHECK(loop.run(run()).has_value());
}

}  // namespace

TEST_CASE("the simulated disk keeps the Disk contract") {
  verify_disk([](DiskProperty property) {
    SimulatedLoop loop(11);
    SimulatedDisk disk(loop);
    DiskWorld world{disk, "/folder"};
    auto run = [&]() -> Task<void> {
      co_await disk.make_folder("/folder");
      co_await property(world);
    };
    Result<void> ran = loop.run(run());
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  });
}

TEST_CASE("a crash keeps synced bytes, and loses or tears the others by whole sectors") {
  Left left;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) crash_with_unsynced_tail(seed, left);
  CHECK_GT(left.nothing, 20);
  CHECK_GT(left.everything, 20);
  CHECK_GT(left.torn, 20);
}

TEST_CASE("an atomic write survives a crash at any point; one that forgets to sync does not") {
  int careless_broken = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    CHECK(whole_after_crash(seed, false));
    if (!whole_after_crash(seed, true)) ++careless_broken;
  }
  CHECK_GT(careless_broken, 20);
}

TEST_CASE("names that were not synced may be lost, in the order of their making; synced ones stay") {
  int first_lost = 0, both_kept = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SimulatedLoop loop(seed);
    SimulatedDisk disk(loop);
    auto run = [&]() -> Task<void> {
      co_await disk.make_folder("/kept");
      co_await disk.sync_folder("/");
      co_await disk.open("/first", create_it);
      co_await disk.open("/second", create_it);
      disk.crash();
      std::vector<std::string> names = co_await disk.list("/");
      CHECK_EQ(names.back() == "second", names.size() == 3);  // the second never without the first
      CHECK((std::find(names.begin(), names.end(), "kept") != names.end()));
      if (names.size() == 1) ++first_lost;
      if (names.size() == 3) ++both_kept;
    };
    CHECK(loop.run(run()).has_value());
  }
  CHECK_GT(first_lost, 20);
  CHECK_GT(both_kept, 20);
}

TEST_CASE("a file in a folder whose own name was not synced may go with it") {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimulatedLoop loop(seed);
    SimulatedDisk disk(loop);
    auto run = [&]() -> Task<void> {
      co_await disk.make_folder("/inner");
      co_await write_file_atomically(disk, "/inner/file", "x");  // syncs /inner, nobody syncs /
      disk.crash();
      if (!co_await read_file(disk, "/inner/file", 10).result()) ++lost;
    };
    CHECK(loop.run(run()).has_value());
  }
  CHECK_GT(lost, 5);
}

TEST_CASE("a disk that fails says so: errors, short writes, no space") {
  using Call = SimulatedDisk::Call;
  SimulatedLoop loop(5);
  SimulatedDisk disk(loop);
  auto run = [&]() -> Task<void> {
    auto file = co_await disk.open("/a", create_it);
    disk.fail_next(Call::append, EIO);
    CHECK_EQ((co_await file->append(std::string(1000, 'x')).result()).error().system_errno(), EIO);
    CHECK_LT(co_await file->size(), 1000);
    co_await file->truncate(0);
    disk.limit_bytes(600);
    CHECK_EQ((co_await file->append(std::string(1000, 'x')).result()).error().kind(), ErrorKind::exhausted);
    CHECK_EQ(co_await file->size(), 600);
    disk.limit_bytes(UINT64_MAX);
    disk.fail_sometimes(Call::read, 500'000);
    int failed = 0;
    for (int i = 0; i < 100; ++i)
      if (!co_await file->read_at(0, 1).result()) ++failed;
    CHECK((failed > 20 && failed < 80));
  };
  CHECK(loop.run(run()).has_value());
}

TEST_CASE("bytes of a failed sync are lost although a later sync succeeds") {
  SimulatedLoop loop(5);
  SimulatedDisk disk(loop);
  auto run = [&]() -> Task<void> {
    auto file = co_await disk.open("/a", create_it);
    co_await disk.sync_folder("/");
    co_await file->append("dirty");
    disk.fail_next(SimulatedDisk::Call::sync, EIO);
    CHECK_FALSE((co_await file->sync().result()).has_value());
    CHECK_EQ(co_await file->read_at(0, 100), "dirty");
    co_await file->append("clean");
    co_await file->sync();
    disk.crash();
    CHECK_EQ(co_await read_file(disk, "/a", 100), std::string(5, '\0') + "clean");
  };
  CHECK(loop.run(run()).has_value());
}

TEST_CASE("an atomic write that meets errors keeps the old bytes and says what failed") {
  using Call = SimulatedDisk::Call;
  for (Call call : {Call::open, Call::append, Call::sync, Call::rename}) {
    SimulatedLoop loop(5);
    SimulatedDisk disk(loop);
    auto run = [&]() -> Task<void> {
      co_await write_file_atomically(disk, "/state", "old");
      disk.fail_next(call, ENOSPC);
      CHECK_EQ((co_await write_file_atomically(disk, "/state", "new").result()).error().kind(),
               ErrorKind::exhausted);
      CHECK_EQ(co_await read_file(disk, "/state", 10), "old");
      CHECK_EQ(co_await disk.list("/"), std::vector<std::string>{"state"});
    };
    CHECK(loop.run(run()).has_value());
  }
}

}  // namespace podo::io
