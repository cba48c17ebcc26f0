#include "base/store/base_format.h"

#include <doctest/doctest.h>

#include "base/io/simulated_disk.h"
#include "base/store/base_file.h"
#include "base/store/testsuite/model.h"

namespace podo::store {
namespace {

BaseHeader some_header() {
  return {.store = 99,
          .revision = 7,
          .segment = 3,
          .number = 12,
          .previous = 0xabcdef,
          .epoch = 2,
          .flags = 1,
          .reserved_until = 20,
          .exact_from = 5,
          .wall_ns = -5};
}

std::string with_wrong_bit(std::string bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  return bytes;
}

BaseEntry some_entry() {
  return {.sealed = true,
          .key = "key",
          .value = std::string_view("\0value", 6),
          .stamp = {.created = 3, .modified = 300, .version = 70000}};
}

// A file of a base with the entries "key 1000", "key 1001"..., and the reading of one.
class Bench {
 public:
  explicit Bench(int entries, std::size_t value_bytes) {
    for (int i = 0; i < entries; ++i) {
      Stamp stamp{
          .created = 2, .modified = static_cast<Revision>(2 + i % 5), .version = 1 + std::uint64_t(i % 5)};
      std::string value(value_bytes, static_cast<char>('a' + i % 26));
      written.load(Entry(text("key {}", 1000 + i), value, stamp));
    }
    written.begin_at(7);
  }

  Result<void> write() {
    return loop_.run([](Bench& bench) -> Task<void> {
      Sealing none;
      auto file = co_await bench.disk_.open("/base", {.create = io::OpenOptions::Create::if_missing});
      co_await write_base(*file, some_header(), bench.written, none);
      bench.bytes = co_await file->read_at(0, std::size_t{1} << 30);
    }(*this));
  }

  Result<BaseRead> read(std::string bytes_, History& into) {
    return loop_.run([](Bench& bench, std::string bytes__, History& into_) -> Task<BaseRead> {
      (void)co_await bench.disk_.remove("/copy").result();
      auto file = co_await bench.disk_.open("/copy", {.create = io::OpenOptions::Create::if_missing});
      co_await file->write_at(0, std::move(bytes__));
      co_return co_await read_base(*file, nullptr, OnDamage::refuse, into_);
    }(*this, std::move(bytes_), into));
  }

  History written{1 << 20};
  std::string bytes;

 private:
  io::SimulatedLoop loop_{1};
  io::SimulatedDisk disk_{loop_};
};

}  // namespace

TEST_CASE("the header of a base says what was encoded, and is corrupt with a wrong bit") {
  BaseHeader header = some_header();
  std::string bytes = encode(header);
  CHECK(bytes.size() == BaseHeader::size);
  Result<BaseHeader> found = decode_base_header(bytes + "more");
  REQUIRE(found.has_value());
  CHECK(found->store == header.store);
  CHECK(found->revision == header.revision);
  CHECK(found->segment == header.segment);
  CHECK(found->number == header.number);
  CHECK(found->previous == header.previous);
  CHECK(found->epoch == header.epoch);
  CHECK(found->flags == header.flags);
  CHECK(found->reserved_until == header.reserved_until);
  CHECK(found->exact_from == header.exact_from);
  CHECK(found->wall_ns == header.wall_ns);
  CHECK(found->checksum == header.checksum);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE(decode_base_header(std::string_view(bytes).substr(0, size)).error().kind() == ErrorKind::corrupt);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit)
    REQUIRE(decode_base_header(with_wrong_bit(bytes, bit)).error().kind() == ErrorKind::corrupt);
}

TEST_CASE("a base of a newer format is not read") {
  BaseHeader header = some_header();
  header.format = 2;
  CHECK(decode_base_header(encode(header)).error().kind() == ErrorKind::unsupported);
}

TEST_CASE("an entry says what was encoded, and one that is cut off is corrupt") {
  std::string bytes;
  encode(some_entry(), bytes);
  WireReader in(bytes);
  Result<BaseEntry> found = decode_base_entry(in);
  REQUIRE(found.has_value());
  CHECK(found->sealed);
  CHECK(found->key == some_entry().key);
  CHECK(found->value == some_entry().value);
  CHECK(found->stamp == some_entry().stamp);
  CHECK(in.at_end());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    WireReader part(std::string_view(bytes).substr(0, size));
    CHECK(decode_base_entry(part).error().kind() == ErrorKind::corrupt);
  }
}

TEST_CASE("a block counts only whole, in its base, at its place") {
  for (std::size_t value_bytes : {std::size_t{0}, std::size_t{5000}}) {
    BaseHeader base = some_header();
    (void)encode(base);
    std::string entries(value_bytes, 'v'), name = "name";
    encode(BaseEntry{.key = name, .value = std::string(value_bytes, 'v'), .stamp = some_entry().stamp},
           entries);
    BlockHeader header{.entries = 1};
    std::string block = encode_block(header, entries, base, 4);
    CHECK(block_is_good(block, base, 4));
    Result<std::string> found = entries_of_block(block);
    REQUIRE(found.has_value());
    CHECK(*found == entries);
    CHECK(!block_is_good(block, base, 5));
    BaseHeader other = some_header();
    other.store = 100;
    (void)encode(other);
    CHECK(!block_is_good(block, other, 4));
    for (std::size_t bit = 0; bit < block.size() * 8; ++bit)
      REQUIRE(!block_is_good(with_wrong_bit(block, bit), base, 4));
  }
}

TEST_CASE("a trailer ends only the blocks it was made for") {
  std::vector<std::uint64_t> checksums{1, 2, 3};
  std::string bytes = encode(BaseTrailer{.blocks = 3, .entries = 10}, checksums);
  CHECK(is_trailer(bytes));
  REQUIRE(decode_trailer(bytes, checksums).has_value());
  CHECK(decode_trailer(bytes, checksums)->entries == 10);
  for (const std::vector<std::uint64_t>& others :
       {std::vector<std::uint64_t>{1, 2}, {1, 2, 4}, {2, 1, 3}, {1, 2, 3, 4}, {}})
    CHECK(decode_trailer(bytes, others).error().kind() == ErrorKind::corrupt);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit)
    REQUIRE(decode_trailer(with_wrong_bit(bytes, bit), checksums).error().kind() == ErrorKind::corrupt);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE(!decode_trailer(std::string_view(bytes).substr(0, size), checksums).has_value());
}

TEST_CASE("a base that was written is read as it was") {
  for (auto [entries, value_bytes] : {std::pair(0, 0), {1, 10}, {3000, 300}, {3, 2'000'000}}) {
    CAPTURE(entries);
    Bench bench(entries, static_cast<std::size_t>(value_bytes));
    REQUIRE(bench.write().has_value());
    History found(1 << 20);
    Result<BaseRead> read = bench.read(bench.bytes, found);
    REQUIRE(read.has_value());
    CHECK(read->entries == static_cast<std::uint64_t>(entries));
    CHECK(read->bytes == bench.bytes.size());
    CHECK(found.shown() == 7);
    CHECK(found.oldest() == 7);
    CHECK(difference(bench.written.range(Range::prefix(""), 0, 0)->entries,
                     found.range(Range::prefix(""), 0, 0)->entries) == "");
  }
}

TEST_CASE("a base that is cut off, or has a wrong byte, is corrupt") {
  Bench bench(20, 5);
  REQUIRE(bench.write().has_value());
  for (std::size_t size = 0; size < bench.bytes.size(); ++size) {
    CAPTURE(size);
    History found(1 << 20);
    CHECK(bench.read(bench.bytes.substr(0, size), found).error().kind() == ErrorKind::corrupt);
  }
  for (std::size_t byte = 0; byte < bench.bytes.size(); ++byte) {
    CAPTURE(byte);
    History found(1 << 20);
    Result<BaseRead> read = bench.read(with_wrong_bit(bench.bytes, byte * 8 + byte % 8), found);
    REQUIRE(!read.has_value());
    CHECK(read.error().kind() == ErrorKind::corrupt);
  }
}

}  // namespace podo::store
