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

// Opens a log of two sectors and changes it in every way there is. `synced` are the bytes of the last sync
// that was told to have succeeded, `newest` those of the last call, begun or done.
struct Log {
  std::string synced, newest;
};
Task<void> change_log(Disk& disk, Log& log) {
  auto lock = co_await disk.lock("/lock");
  auto file = co_await disk.open("/new", create_it);
  auto sync = [&]() -> Task<void> {
    co_await file->sync();
    log.synced = log.newest;
  };
  co_await disk.rename("/new", "/log");
  co_await disk.sync_folder("/");
  log.newest = std::string(1024, 'a');
  co_await file->append(log.newest);
  co_await sync();
  log.newest.replace(500, 24, std::string(24, 'b'));
  co_await file->write_at_and_sync(500, std::string(24, 'b'));
  log.synced = log.newest;
  log.newest.replace(600, 100, std::string(100, 'c'));
  co_await file->write_at(600, std::string(100, 'c'));
}

// Of one run that is cut at the n-th point (0: never): how many points there were.
std::uint64_t run_to_point(std::uint64_t n, std::uint64_t fates_seed) {
  SimulatedLoop loop(3);
  SimulatedDisk disk(loop, {.fates_seed = fates_seed});
  Log log;
  std::uint64_t points = 0;
  auto run = [&]() -> Task<void> {
    if (n > 0) disk.crash_after(n);
    Result<void> changed = co_await change_log(disk, log).result();
    CHECK_EQ(changed.has_value(), n == 0);
    if (!changed) CHECK_EQ(changed.error().kind(), ErrorKind::unavailable);
    points = disk.points();
    CHECK_EQ(disk.powered(), n == 0);
    if (n > 0) CHECK_EQ((co_await disk.list("/").result()).error().kind(), ErrorKind::unavailable);
    disk.crash();
    CHECK((co_await disk.lock("/lock").result()).has_value());
    Result<std::string> after = co_await read_file(disk, "/log", 1 << 20).result();
    if (log.synced.empty()) co_return;
    REQUIRE(after.has_value());
    REQUIRE_EQ(after->size(), log.synced.size());
    for (std::size_t i = 0; i < log.synced.size(); ++i)
      if (log.synced[i] == log.newest[i]) CHECK_EQ((*after)[i], log.synced[i]);
  };
  Result<void> ran = loop.run(run());
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  return points;
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

TEST_CASE("a run can be cut at each of its points, and keeps what was synced before") {
  std::uint64_t points = run_to_point(0, 1);
  CHECK_EQ(points, 2 * 9);  // lock, open, rename, sync_folder, append, sync, write + sync, write
  for (std::uint64_t point = 1; point <= points; ++point)
    for (std::uint64_t fates = 0; fates < 20; ++fates) {
      CAPTURE(point);
      CAPTURE(fates);
      CHECK_EQ(run_to_point(point, fates), point);
    }
}

TEST_CASE("what is under way when the power goes fails, and so do files opened before") {
  SimulatedLoop loop(5);
  SimulatedDisk disk(loop);
  auto run = [&]() -> Task<void> {
    auto one = co_await disk.open("/one", create_it);
    auto two = co_await disk.open("/two", create_it);
    co_await disk.sync_folder("/");
    disk.crash_after(3);
    auto fails = [](std::unique_ptr<File>& file) -> Task<bool> {
      for (int i = 0; i < 100; ++i) {
        Result<void> written = co_await file->append("x").result();
        if (!written) co_return written.error().kind() == ErrorKind::unavailable;
      }
      co_return false;
    };
    auto [one_failed, two_failed] = co_await all(fails(one), fails(two));
    CHECK((one_failed && two_failed));
    disk.crash();
    CHECK(co_await fails(one));
    one = co_await disk.open("/one");
    co_await one->append("again");
  };
  Result<void> ran = loop.run(run());
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

TEST_CASE("a crash releases locks, and what is left of them then releases nothing") {
  SimulatedLoop loop(5);
  SimulatedDisk disk(loop);
  auto run = [&]() -> Task<void> {
    auto before = co_await disk.lock("/lock");
    disk.crash();
    auto after = co_await disk.lock("/lock");
    before.reset();
    CHECK_EQ((co_await disk.lock("/lock").result()).error().kind(), ErrorKind::conflict);
  };
  CHECK(loop.run(run()).has_value());
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
    co_await file->write_at(100, std::string(500, 'y'));  // takes no room
    CHECK_EQ((co_await file->write_at(500, std::string(101, 'z')).result()).error().kind(),
             ErrorKind::exhausted);
    CHECK_EQ(co_await file->read_at(499, 200), "y" + std::string(100, 'z'));
    disk.limit_bytes(UINT64_MAX);
    disk.fail_next(Call::write, EIO);
    CHECK_EQ((co_await file->write_at_and_sync(0, std::string(600, 'w')).result()).error().system_errno(),
             EIO);
    std::string written = co_await file->read_at(0, 600);
    CHECK_LT(written.find_last_of('w'), 599);  // a short write
    disk.fail_sometimes(Call::read, 500'000);
    int failed = 0;
    for (int i = 0; i < 100; ++i)
      if (!co_await file->read_at(0, 1).result()) ++failed;
    CHECK((failed > 20 && failed < 80));
  };
  CHECK(loop.run(run()).has_value());
}

TEST_CASE("bytes of a failed sync may be lost although a later sync succeeds") {
  int lost = 0, kept = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedLoop loop(seed);
    SimulatedDisk disk(loop);
    auto run = [&]() -> Task<void> {
      auto file = co_await disk.open("/a", create_it);
      co_await disk.sync_folder("/");
      co_await file->append("dirty");
      disk.fail_next(SimulatedDisk::Call::sync, EIO);
      CHECK_FALSE((co_await file->sync().result()).has_value());
      CHECK_EQ(co_await file->read_at(0, 100), "dirty");
      co_await file->write_at_and_sync(5, "clean");
      disk.crash();
      std::string after = co_await read_file(disk, "/a", 100);
      CHECK_EQ(after.substr(5), "clean");
      ++(after.starts_with("dirty") ? kept : lost);
    };
    CHECK(loop.run(run()).has_value());
  }
  CHECK_GT(lost, 20);
  CHECK_GT(kept, 20);
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
