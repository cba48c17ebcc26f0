#include "base/store/base_file.h"

#include <doctest/doctest.h>

#include "base/io/simulated_disk.h"

namespace podo::store {
namespace {

constexpr int keys = 3000;

std::string key_of(int i) { return text("key/{}", 10'000 + i); }

// A base of some blocks: its values do not compress.
Task<std::string> base_bytes(io::Disk& disk) {
  History history(0);
  Sealing sealing;
  SeededRandom random(1);
  for (int i = 0; i < keys; ++i) {
    std::string value(500, '\0');
    random.fill(std::as_writable_bytes(std::span(value)));
    history.load(Entry(key_of(i), value, {.created = 2, .modified = 2, .version = 1}));
  }
  history.begin_at(2);
  auto file = co_await disk.open("/base", {.create = io::OpenOptions::Create::if_missing});
  BaseWritten written = co_await write_base(*file, {.store = 7, .revision = 2}, history, sealing);
  CHECK_EQ(written.entries, keys);
  co_return co_await io::read_file(disk, "/base", 16 << 20);
}

struct Found {
  Result<BaseRead> read;
  std::uint64_t entries;
};

Task<Found> read_bytes(io::Disk& disk, std::string bytes, OnDamage on_damage) {
  co_await io::write_file_atomically(disk, "/copy", std::move(bytes));
  History history(0);
  auto file = co_await disk.open("/copy");
  Result<BaseRead> read = co_await read_base(*file, nullptr, on_damage, history).result();
  co_return Found{std::move(read), history.status().entries};
}

Task<void> damage_costs_one_block(io::Disk& disk, std::string bytes, std::size_t from, std::size_t count,
                                  char with) {
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), count, with);
  Found refused = co_await read_bytes(disk, bytes, OnDamage::refuse);
  CHECK_FALSE(refused.read.has_value());
  Found skipped = co_await read_bytes(disk, bytes, OnDamage::skip);
  CHECK_EQ(skipped.read->damages.size(), 1);
  CHECK_GT(skipped.entries, keys * 6 / 10);
  CHECK_LT(skipped.entries, keys);
}

Task<void> look_at_damages(io::Disk& disk) {
  std::string bytes = co_await base_bytes(disk);
  CHECK_EQ((co_await read_bytes(disk, bytes, OnDamage::refuse)).entries, keys);
  co_await damage_costs_one_block(disk, bytes, 400'000, 1, 'x');
  co_await damage_costs_one_block(disk, bytes, 400'000, 100'000, '\0');
  co_await damage_costs_one_block(disk, bytes, BaseHeader::size, BlockHeader::size, '\xff');
  Found cut = co_await read_bytes(disk, bytes.substr(0, 700'000), OnDamage::skip);
  CHECK_EQ(cut.read->damages.size(), 1);
  CHECK_NE(cut.read->damages[0].find("after key key/1"), std::string::npos);
  CHECK_GT(cut.entries, keys / 3);
}

}  // namespace

TEST_CASE("a damaged base is refused, or what is around the damage is kept") {
  io::SimulatedLoop loop(1);
  io::SimulatedDisk disk(loop);
  Result<void> ran = loop.run(look_at_damages(disk));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

}  // namespace podo::store
