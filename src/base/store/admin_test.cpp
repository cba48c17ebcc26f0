#include "base/store/admin.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "base/format/base64.h"
#include "base/io/combine.h"
#include "base/io/simulated_disk.h"
#include "base/store/log_store.h"

namespace podo::store {
namespace {

// A machine with a store that is closed: its log is several segments long, and was compacted.
class Machine {
 public:
  explicit Machine(std::uint64_t seed = 1) : loop(seed), disk(loop) {}

  template <class T>
  T run(Task<T> task) {
    Result<T> result = loop.run(std::move(task));
    REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().message()));
    if constexpr (!std::is_void_v<T>) return *std::move(result);
  }
  template <class T>
  Error failure(Task<T> task) {
    Result<T> result = loop.run(std::move(task));
    REQUIRE_FALSE(result.has_value());
    return result.error();
  }

  Task<std::unique_ptr<LogStore>> open(std::string folder = "/store", Sealing sealing = {}) {
    LogOptions log_options{
        .segment_bytes = 16 << 10, .log_bytes = 48 << 10, .log_per_live = 2, .compress = false};
    return open_log_store({.disk = disk, .random = random, .log = log}, std::move(folder),
                          {.store = {}, .log = log_options}, std::move(sealing));
  }
  void fill(std::string folder = "/store", Sealing sealing = {}) {
    run([](Machine& machine, std::string folder_, Sealing sealing_) -> Task<void> {
      auto store = co_await machine.open(std::move(folder_), std::move(sealing_));
      for (int i = 0; i < 200; ++i) {
        std::string value = text("{} {}", i, std::string(static_cast<std::size_t>(i * 7 % 900), 'v'));
        co_await write(*store, text("k/{}", i % 30), std::move(value));
      }
      co_await remove(*store, Range::key("k/7"));
      CHECK(store->counts().compactions > 0);
      co_await store->close();
    }(*this, std::move(folder), std::move(sealing)));
  }

  // What is in a folder or a backup, as text: equal texts are equal to the byte.
  std::string contents(std::string path, Sealing* sealing = nullptr) {
    return shown(run(read_contents(disk, std::move(path), sealing, OnDamage::refuse)));
  }
  static std::string shown(const Contents& contents) {
    std::string out = text("revision {}\n", contents.history->shown());
    Result<Page> page = contents.history->range(Range::prefix(""), 0, 0);
    for (const Entry& entry : page->entries)
      out += text("{}={} {} {} {}\n", entry.key(), entry.value(), entry.created(), entry.modified(),
                  entry.version());
    return out;
  }
  std::vector<std::string> names(std::string folder) { return run(disk.list(std::move(folder))); }

  // All files of a folder, names and bytes.
  std::string files(std::string folder) {
    std::string out;
    for (const std::string& name : names(folder))
      out += text("{}: {}\n", name, run(io::read_file(disk, text("{}/{}", folder, name), 1 << 20)));
    return out;
  }

  io::SimulatedLoop loop;
  io::SimulatedDisk disk;
  SeededRandom random{7};
  SilentLog log;
};

Task<void> put_bytes(io::Disk& disk, std::string path, std::uint64_t offset, std::string bytes) {
  std::unique_ptr<io::File> file = co_await disk.open(std::move(path));
  co_await file->write_at_and_sync(offset, std::move(bytes));
}

// Changes a byte of the payload of a batch, the n-th of the n-th segment that has batches.
BatchHeader damage(Machine& machine, std::size_t segment_index, std::size_t batch_index) {
  Contents contents = machine.run(read_contents(machine.disk, "/store", nullptr, OnDamage::refuse));
  const SegmentRead& segment = contents.read.segments.at(segment_index);
  REQUIRE(segment.used_bytes > 0);
  std::string path = "/store/" + segment_name(segment.segment);
  std::string bytes = machine.run(io::read_file(machine.disk, path, 1 << 20));
  Place place{.store = contents.read.base.store, .segment = segment.segment, .offset = SegmentHeader::size};
  std::optional<BatchView> batch = batch_at(bytes, place);
  for (std::size_t i = 0; i < batch_index; ++i) {
    place.offset += encoded_size(batch->payload.size());
    batch = batch_at(bytes, place);
    REQUIRE(batch.has_value());
  }
  std::string byte(1, static_cast<char>(batch->payload[5] ^ 1));
  machine.run(put_bytes(machine.disk, path, batch->offset + BatchHeader::size + 5, byte));
  return batch->header;
}

}  // namespace

// --- reading ----------------------------------------------------------------------------------------------

TEST_CASE("a store is read without being opened, and nothing is written") {
  Machine machine;
  machine.fill();
  std::string before = machine.files("/store");
  Contents contents = machine.run(read_contents(machine.disk, "/store", nullptr, OnDamage::refuse));
  CHECK(machine.files("/store") == before);
  CHECK(contents.history->shown() == 202);
  CHECK(contents.history->status().entries == 29);
  CHECK(contents.read.damages.empty());
  CHECK(machine.failure(read_contents(machine.disk, "/", nullptr, OnDamage::refuse)).kind() ==
        ErrorKind::not_found);
  CHECK(machine.failure(read_contents(machine.disk, "/no", nullptr, OnDamage::refuse)).kind() ==
        ErrorKind::not_found);
}

TEST_CASE("values that look like the beginnings of batches do not hold up a search for batches") {
  std::string value;
  for (std::uint32_t i = 0; i < 1 << 20; ++i) put_le32(value, 1 << 20);  // a size each, if it were believed
  SystemClock clock;
  Monotonic begun = clock.now();
  CHECK_FALSE(find_batch(value, {.store = 1, .segment = 1, .offset = 0}).has_value());
  CHECK(clock.now() - begun < seconds(10));
}

namespace {

// Writes pairs, both of one number, until it is told to stop.
Task<void> write_pairs(Store& store, std::uint64_t& told, const bool& stop) {
  std::uint64_t n = 0;
  while (!stop) {
    ++n;
    std::string value = text("{} {}", n, std::string(static_cast<std::size_t>(n * 31 % 2000), 'v'));
    co_await store.commit({.then = {put("left", value), put(text("right/{}", n % 5), value)}});
    told = n;
  }
}

Task<void> read_beside(Machine& machine, LogStore& store, const std::uint64_t& told, bool& stop) {
  for (int readings = 0; readings < 20 || store.counts().compactions < 5;) {
    std::uint64_t told_before = told;
    Result<Contents> read =
        co_await read_contents(machine.disk, "/store", nullptr, OnDamage::refuse).result();
    if (!read) CHECK_MESSAGE(read.error().kind() == ErrorKind::unavailable, read.error().message());
    if (!read) continue;
    ++readings;
    Entry left = co_await read->history->find("left", 0);
    std::uint64_t n = left ? std::strtoull(std::string(left.value()).c_str(), nullptr, 10) : 0;
    CHECK(n >= told_before);
    if (n == 0) continue;
    Entry right = co_await read->history->find(text("right/{}", n % 5), 0);
    CHECK(right.modified() == left.modified());
    CHECK(right.value() == left.value());
  }
  stop = true;
}

}  // namespace

TEST_CASE("a store is read while another process writes to it and compacts it") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Machine machine(seed);
    machine.run([](Machine& here) -> Task<void> {
      std::unique_ptr<LogStore> store = co_await here.open();
      std::uint64_t told = 0;
      bool stop = false;
      co_await io::all(write_pairs(*store, told, stop), read_beside(here, *store, told, stop));
      co_await store->close();
    }(machine));
  }
}

// --- backup and restore -----------------------------------------------------------------------------------

TEST_CASE("what is restored from a backup is the same to the byte, in a store of its own") {
  Machine machine;
  machine.fill();
  BaseWritten written = machine.run(back_up_store(machine.disk, "/store", "/backup"));
  CHECK(written.header.revision == 202);
  CHECK(written.entries == 29);
  CHECK(machine.contents("/backup") == machine.contents("/store"));
  machine.run(restore_store(machine.disk, machine.random, "/backup", "/again"));
  CHECK(machine.contents("/again") == machine.contents("/store"));
  Contents again = machine.run(read_contents(machine.disk, "/again", nullptr, OnDamage::refuse));
  Contents first = machine.run(read_contents(machine.disk, "/store", nullptr, OnDamage::refuse));
  CHECK(again.read.base.store != first.read.base.store);
  machine.run([](Machine& here) -> Task<void> {
    std::unique_ptr<LogStore> store = co_await here.open("/again");
    CHECK(co_await write(*store, "k/new", "x") == 203);
    co_await store->close();
  }(machine));
}

TEST_CASE("a backup replaces nothing, and a store is restored into nothing that is there") {
  Machine machine;
  machine.fill();
  machine.run(back_up_store(machine.disk, "/store", "/backup"));
  auto kind_of = [&](auto task) { return machine.failure(std::move(task)).kind(); };
  CHECK(kind_of(back_up_store(machine.disk, "/store", "/backup")) == ErrorKind::already_exists);
  CHECK(kind_of(back_up_store(machine.disk, "/store", "/store/x")) == ErrorKind::invalid);
  CHECK(kind_of(restore_store(machine.disk, machine.random, "/backup", "/store")) ==
        ErrorKind::already_exists);
  CHECK(kind_of(restore_store(machine.disk, machine.random, "/none", "/new")) == ErrorKind::not_found);
  std::string base = "/store/" + machine.names("/store").front();
  CHECK(kind_of(restore_store(machine.disk, machine.random, base, "/new")) == ErrorKind::invalid);
  std::string bytes = machine.run(io::read_file(machine.disk, "/backup", 1 << 20));
  machine.run(put_bytes(machine.disk, "/backup", bytes.size() / 2,
                        std::string(1, static_cast<char>(~bytes[bytes.size() / 2]))));
  CHECK(kind_of(restore_store(machine.disk, machine.random, "/backup", "/new")) == ErrorKind::corrupt);
  CHECK(kind_of(read_contents(machine.disk, "/new", nullptr, OnDamage::refuse)) == ErrorKind::not_found);
}

namespace {

// Runs `act` with a power cut at each of its points, then once more; `judge` sees what is there after the
// cut.
void with_every_cut(const std::function<void(Machine&)>& prepare,
                    const std::function<Task<void>(Machine&)>& act,
                    const std::function<void(Machine&)>& judge) {
  for (std::uint64_t cut = 1, last = 1; cut <= last; ++cut) {
    for (std::uint64_t fates = 1; fates <= 3; ++fates) {
      CAPTURE(cut);
      CAPTURE(fates);
      Machine machine(fates);
      prepare(machine);
      machine.disk.crash_after(cut);
      Result<void> done = machine.loop.run(act(machine));
      if (machine.disk.powered()) REQUIRE(done.has_value());
      else last = cut + 1;
      machine.disk.crash();
      judge(machine);
    }
  }
}

}  // namespace

TEST_CASE("a backup that a power cut meets is complete or not there") {
  int complete = 0;
  int missing = 0;
  with_every_cut(
      [](Machine& machine) { machine.fill(); },
      [](Machine& machine) -> Task<void> { co_await back_up_store(machine.disk, "/store", "/backup"); },
      [&](Machine& machine) {
        std::vector<std::string> names = machine.names("/");
        bool there = std::ranges::find(names, "backup") != names.end();
        ++(there ? complete : missing);
        if (there) CHECK(machine.contents("/backup") == machine.contents("/store"));
      });
  CHECK(complete > 0);
  CHECK(missing > 0);
}

TEST_CASE("a restoring that a power cut meets can be done again") {
  auto prepare = [](Machine& machine) {
    machine.fill();
    machine.run(back_up_store(machine.disk, "/store", "/backup"));
  };
  auto restore = [](Machine& machine) -> Task<void> {
    co_await restore_store(machine.disk, machine.random, "/backup", "/again");
  };
  int again = 0;
  with_every_cut(prepare, restore, [&](Machine& machine) {
    Result<void> done = machine.loop.run(restore(machine));
    if (done) ++again;
    else CHECK(done.error().kind() == ErrorKind::already_exists);
    CHECK(machine.contents("/again") == machine.contents("/store"));
  });
  CHECK(again > 0);
}

TEST_CASE("sealed values need no keys on their way through a backup, and are opened with them afterwards") {
  Machine machine;
  std::string key_file = text("1 {}\n", base64::encode(std::string(32, 'k')));
  Result<Keyring> keyring = Keyring::parse(key_file, "keys");
  REQUIRE(keyring.has_value());
  Sealing sealing(*keyring, {"k/1"}, machine.random);
  machine.fill("/store", Sealing(*keyring, {"k/1"}, machine.random));
  std::string plain = machine.contents("/store", &sealing);
  CHECK(plain.find("k/11=") != std::string::npos);

  Contents closed = machine.run(read_contents(machine.disk, "/store", nullptr, OnDamage::refuse));
  Result<Entry> entry = closed.history->find("k/11", 0);
  REQUIRE(entry->block()->sealed);
  CHECK(key_id_of(entry->value()) == 1);
  CHECK(Machine::shown(closed) != plain);

  machine.run(back_up_store(machine.disk, "/store", "/backup"));
  machine.run(restore_store(machine.disk, machine.random, "/backup", "/again"));
  CHECK(machine.contents("/again") == Machine::shown(closed));
  CHECK(machine.contents("/again", &sealing) == plain);
}

// --- repair -----------------------------------------------------------------------------------------------

TEST_CASE("a store without damage is not changed by a repair, and an open one is not repaired") {
  Machine machine;
  machine.fill();
  std::string before = machine.files("/store");
  Repaired repaired = machine.run(repair_store(machine.disk, "/store", OnDamage::stop_before));
  CHECK(repaired.damages.empty());
  CHECK(repaired.revision == 202);
  CHECK(repaired.entries == 29);
  CHECK(machine.files("/store") == before);
  machine.run([](Machine& here) -> Task<void> {
    std::unique_ptr<LogStore> store = co_await here.open();
    Result<Repaired> refused = co_await repair_store(here.disk, "/store", OnDamage::stop_before).result();
    CHECK((!refused && refused.error().kind() == ErrorKind::conflict));
    co_await store->close();
  }(machine));
  CHECK(machine.failure(repair_store(machine.disk, "/", OnDamage::skip)).kind() == ErrorKind::not_found);
}

TEST_CASE("a damaged store is refused, and repaired to what it was before the damage, or with what follows") {
  for (OnDamage keep : {OnDamage::stop_before, OnDamage::skip}) {
    Machine machine;
    machine.fill();
    BatchHeader lost = damage(machine, 1, 3);
    Error refused = machine.failure(machine.open());
    CHECK(refused.kind() == ErrorKind::corrupt);
    CHECK(refused.message().find("podo store repair /store") != std::string::npos);
    Contents contents = machine.run(read_contents(machine.disk, "/store", nullptr, OnDamage::skip));
    CHECK(contents.read.damages.size() == 1);
    CHECK(machine.failure(back_up_store(machine.disk, "/store", "/backup")).kind() == ErrorKind::corrupt);

    Repaired repaired = machine.run(repair_store(machine.disk, "/store", keep));
    CHECK(repaired.damages.size() == 1);
    CHECK(repaired.revision >= 202);
    CHECK(repaired.aside == "/store/damaged-1");
    CHECK(machine.names("/store/damaged-1").size() > 2);
    machine.run([](Machine& here, Revision lost_at, bool skipped) -> Task<void> {
      std::unique_ptr<LogStore> store = co_await here.open();
      Page page = co_await store->range(Range::prefix(""), 0, 0);
      Revision newest = 0;
      for (const Entry& entry : page.entries) newest = std::max(newest, entry.modified());
      CHECK((newest >= lost_at) == skipped);
      CHECK((newest == 201) == skipped);
      for (const Entry& entry : page.entries) CHECK(entry.modified() != lost_at);
      CHECK(co_await write(*store, "k/new", "x") > 202);
      co_await store->close();
    }(machine, lost.last, keep == OnDamage::skip));
    CHECK(machine.run(repair_store(machine.disk, "/store", keep)).damages.empty());
  }
}

TEST_CASE("a repair that a power cut meets leaves a store that is repaired or can be") {
  Machine whole;
  whole.fill();
  damage(whole, 1, 3);
  whole.run(repair_store(whole.disk, "/store", OnDamage::skip));
  std::string wanted = whole.contents("/store");
  int again = 0;
  with_every_cut(
      [](Machine& machine) {
        machine.fill();
        damage(machine, 1, 3);
      },
      [](Machine& machine) -> Task<void> { co_await repair_store(machine.disk, "/store", OnDamage::skip); },
      [&](Machine& machine) {
        Result<std::unique_ptr<LogStore>> opened = machine.loop.run(machine.open());
        if (opened) machine.run((*opened)->close());
        else if (++again) machine.run(repair_store(machine.disk, "/store", OnDamage::skip));
        CHECK(machine.contents("/store") == wanted);
      });
  CHECK(again > 0);
}

TEST_CASE("a base that is damaged loses the values of the damaged block and no others") {
  Machine machine;
  machine.run([](Machine& here) -> Task<void> {
    std::unique_ptr<LogStore> store = co_await here.open();
    for (int i = 0; i < 600; ++i) {
      std::string value(8000, '\0');
      here.random.fill(std::as_writable_bytes(std::span(value)));  // cannot be compressed
      co_await write(*store, i < 100 ? text("cold/{}", i) : text("hot/{}", i % 10), std::move(value),
                     Durability::relaxed);
    }
    co_await store->flush();
    co_await store->close();
  }(machine));
  Contents before = machine.run(read_contents(machine.disk, "/store", nullptr, OnDamage::refuse));
  REQUIRE(before.read.base_bytes > 400'000);
  std::string base = "/store/" + base_name(before.read.base_file);
  machine.run(put_bytes(machine.disk, base, 300'000, "damage"));
  CHECK(machine.failure(machine.open()).kind() == ErrorKind::corrupt);
  Repaired repaired = machine.run(repair_store(machine.disk, "/store", OnDamage::skip));
  CHECK(repaired.damages.size() == 1);
  CHECK(repaired.revision >= 601);
  CHECK(repaired.entries > 70);
  CHECK(repaired.entries < 80);  // a block has about 32 of these values
}

}  // namespace podo::store
