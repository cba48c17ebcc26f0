#include "base/store/segment_format.h"

#include <doctest/doctest.h>

#include "base/core/random.h"

namespace podo::store {
namespace {

constexpr Place place{.store = 77, .segment = 5, .offset = 512};

SegmentHeader some_header() { return {.store = 0x0123'4567'89ab'cdef, .segment = 42}; }

BatchHeader some_batch() {
  return {.flags = BatchHeader::memory_flag,
          .number = 1000,
          .previous = 0xfeed,
          .synced_through = 998,
          .epoch = 3,
          .before = 5000,
          .last = 5004,
          .reserved_until = 6000,
          .wall_ns = -1};
}

// The bytes of a segment up to the batch, and the batch.
std::string segment_with(std::string_view payload, const Place& at) {
  BatchHeader header = some_batch();
  return std::string(at.offset, '\0') + encode_batch(header, payload, at);
}

LoggedChange change(std::string_view key, std::string_view value) {
  LoggedChange change;
  change.key = key;
  change.value = value;
  return change;
}

bool equal(const LoggedChange& left, const LoggedChange& right) {
  return left.erased == right.erased && left.stamped == right.stamped && left.sealed == right.sealed &&
         left.key == right.key && left.value == right.value && left.created == right.created &&
         left.version == right.version;
}

}  // namespace

TEST_CASE("the header of a segment says what was encoded") {
  std::string bytes = encode(some_header());
  CHECK(bytes.size() == SegmentHeader::size);
  Result<SegmentHeader> header = decode_segment_header(bytes + "more");
  REQUIRE(header.has_value());
  CHECK(header->format == format_version);
  CHECK(header->store == some_header().store);
  CHECK(header->segment == 42);
}

TEST_CASE("a header of a segment that is cut off or has a wrong bit is corrupt") {
  std::string bytes = encode(some_header());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE(decode_segment_header(std::string_view(bytes).substr(0, size)).error().kind() ==
            ErrorKind::corrupt);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string wrong = bytes;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << bit % 8));
    REQUIRE(decode_segment_header(wrong).error().kind() == ErrorKind::corrupt);
  }
}

TEST_CASE("a segment of a newer format is not read") {
  SegmentHeader header = some_header();
  header.format = format_version + 1;
  CHECK(decode_segment_header(encode(header)).error().kind() == ErrorKind::unsupported);
}

TEST_CASE("a batch says what was encoded") {
  for (std::string payload : {std::string(), std::string("x"), std::string(1000, 'y')}) {
    std::string bytes = segment_with(payload, place);
    CHECK(bytes.size() == place.offset + encoded_size(payload.size()));
    std::optional<BatchView> batch = batch_at(bytes, place);
    REQUIRE(batch.has_value());
    CHECK(batch->payload == payload);
    CHECK(batch->offset == place.offset);
    BatchHeader expected = some_batch();
    CHECK(batch->header.flags == expected.flags);
    CHECK(batch->header.number == expected.number);
    CHECK(batch->header.previous == expected.previous);
    CHECK(batch->header.synced_through == expected.synced_through);
    CHECK(batch->header.epoch == expected.epoch);
    CHECK(batch->header.before == expected.before);
    CHECK(batch->header.last == expected.last);
    CHECK(batch->header.reserved_until == expected.reserved_until);
    CHECK(batch->header.wall_ns == expected.wall_ns);
  }
}

TEST_CASE("a batch that is cut off or has a wrong bit is none") {
  const std::string payload = "what it holds, of no round size";
  std::string bytes = segment_with(payload, place);
  const std::size_t end = place.offset + BatchHeader::size + payload.size();
  for (std::size_t size = 0; size < end; ++size)
    REQUIRE(!batch_at(std::string_view(bytes).substr(0, size), place).has_value());
  for (std::size_t bit = place.offset * 8; bit < end * 8; ++bit) {
    std::string wrong = bytes;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << bit % 8));
    REQUIRE(!batch_at(wrong, place).has_value());
  }
}

TEST_CASE("a batch counts only where it was written") {
  std::string bytes = segment_with("payload", place);
  CHECK(!batch_at(bytes, {.store = 78, .segment = 5, .offset = 512}).has_value());
  CHECK(!batch_at(bytes, {.store = 77, .segment = 6, .offset = 512}).has_value());
  std::string moved = std::string(8, '\0') + bytes;
  CHECK(!batch_at(moved, {.store = 77, .segment = 5, .offset = 520}).has_value());
}

TEST_CASE("the next batch is found behind damage") {
  std::string bytes = segment_with("first", place);
  Place second = place;
  second.offset = bytes.size();
  BatchHeader header = some_batch();
  bytes += encode_batch(header, "second", second);
  bytes.resize(4096);
  REQUIRE(find_batch(bytes, {.store = 77, .segment = 5, .offset = 0}).has_value());
  CHECK(find_batch(bytes, {.store = 77, .segment = 5, .offset = 0})->payload == "first");
  bytes[place.offset + 90] ^= 1;
  for (std::uint64_t from : {place.offset, place.offset + 1, second.offset}) {
    auto found = find_batch(bytes, {.store = 77, .segment = 5, .offset = from});
    REQUIRE(found.has_value());
    CHECK(found->offset == second.offset);
    CHECK(found->payload == "second");
  }
  CHECK(!find_batch(bytes, {.store = 77, .segment = 5, .offset = second.offset + 1}).has_value());
}

TEST_CASE("a change says what was encoded, and one that is cut off is corrupt") {
  LoggedChange plain = change("key", "value"), erased = change("key", ""), stamped = change("k", "");
  erased.erased = true;
  stamped.stamped = stamped.sealed = true;
  stamped.created = 300;
  stamped.version = UINT64_MAX;
  for (const LoggedChange& wanted : {plain, erased, stamped, change("k", std::string_view("\0\xff", 2))}) {
    std::string bytes;
    encode(wanted, bytes);
    WireReader in(bytes);
    Result<LoggedChange> found = decode_change(in);
    REQUIRE(found.has_value());
    CHECK(equal(*found, wanted));
    CHECK(in.at_end());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      WireReader part(std::string_view(bytes).substr(0, size));
      CHECK(decode_change(part).error().kind() == ErrorKind::corrupt);
    }
  }
}

TEST_CASE("a change of an unknown kind, without a key or without a version is corrupt") {
  for (std::string_view bytes : {std::string_view("\x08\x01k\x01v", 5), std::string_view("\x00\x00\x01v", 4),
                                 std::string_view("\x02\x01k\x01\x00\x01v", 7)}) {
    WireReader in(bytes);
    CHECK(decode_change(in).error().kind() == ErrorKind::corrupt);
  }
}

TEST_CASE("random bytes are no change that reads beyond them") {
  SeededRandom random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random.below(40), '\0');
    random.fill(std::as_writable_bytes(std::span(bytes)));
    WireReader in(bytes);
    Result<LoggedChange> found = decode_change(in);
    if (found) CHECK(found->key.size() + found->value.size() < bytes.size());
  }
}

TEST_CASE("a transaction says what was encoded, and is never of revision 0") {
  std::string bytes;
  encode(LoggedTransaction{.revision = 1234567, .changes = 3}, bytes);
  WireReader in(bytes);
  Result<LoggedTransaction> found = decode_transaction(in);
  REQUIRE(found.has_value());
  CHECK(found->revision == 1234567);
  CHECK(found->changes == 3);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    WireReader part(std::string_view(bytes).substr(0, size));
    CHECK(decode_transaction(part).error().kind() == ErrorKind::corrupt);
  }
  WireReader zero(std::string_view("\0\1", 2));
  CHECK(decode_transaction(zero).error().kind() == ErrorKind::corrupt);
}

TEST_CASE("a varint has ten bytes at most") {
  for (std::uint64_t value : {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, UINT64_MAX}) {
    std::string bytes;
    put_varint(bytes, value);
    WireReader in(bytes);
    CHECK(in.varint() == value);
    CHECK(in.good());
  }
  for (std::string bytes :
       {std::string(10, '\xff'), std::string(9, '\xff') + '\2', std::string(11, '\x80')}) {
    WireReader in(bytes);
    in.varint();
    CHECK(!in.good());
  }
}

}  // namespace podo::store
