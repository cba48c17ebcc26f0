#include "base/store/log_reader.h"

#include <doctest/doctest.h>

#include "base/core/log.h"
#include "base/io/simulated_disk.h"
#include "base/store/log_store.h"
#include "base/store/testsuite/model.h"

namespace podo::store {
namespace {

using Files = std::map<std::string, std::string>;  // by name

Task<Files> files_of(io::Disk& disk) {
  Files files;
  for (const std::string& name : co_await disk.list("/store"))
    files[name] = co_await io::read_file(disk, "/store/" + name, 1 << 30);
  co_return files;
}

Task<void> write_some(io::Disk& disk, int writes, Durability durability, bool closes) {
  SystemRandom random;
  SilentLog log;
  LogStoreOptions options;
  options.log = {.segment_bytes = 4096, .flush_after = seconds(100), .compress = false};
  auto store = co_await open_log_store({.disk = disk, .random = random, .log = log}, "/store", options);
  for (int i = 0; i < writes; ++i) {
    std::string value = text("{} {}", i, std::string(static_cast<std::size_t>(i * 37 % 300), 'x'));
    co_await write(*store, text("key {}", i % 7), std::move(value), durability);
  }
  if (closes) co_await store->close();
}

// The folder after so many durable writes, and then so many relaxed ones that nobody synced.
Files folder_after(int durable_writes, int relaxed_writes = 0) {
  io::SimulatedLoop loop(1);
  io::SimulatedDisk disk(loop);
  REQUIRE(loop.run(write_some(disk, durable_writes, Durability::durable, false)).has_value());
  if (relaxed_writes > 0)
    REQUIRE(loop.run(write_some(disk, relaxed_writes, Durability::relaxed, false)).has_value());
  return loop.run(files_of(disk)).value();
}

struct Reading {
  Result<FolderRead> folder = internal("not read");
  std::vector<Entry> entries = {};
  Revision revision = 0;

  ErrorKind kind() const { return folder ? ErrorKind::internal : folder.error().kind(); }
  std::string message() const { return folder ? "" : folder.error().message(); }
};

Task<FolderRead> put_and_read(io::Disk& disk, Files files, OnDamage on_damage, History& into) {
  co_await disk.make_folder("/store");
  for (auto& [name, bytes] : files) {
    auto file = co_await disk.open("/store/" + name, {.create = io::OpenOptions::Create::if_missing});
    co_await file->write_at(0, std::move(bytes));
    co_await file->sync();
  }
  co_await disk.sync_folder("/store");
  co_await disk.sync_folder("/");
  co_return co_await read_folder(disk, "/store", nullptr, on_damage, into);
}

Reading reading_of(Files files, OnDamage on_damage = OnDamage::refuse) {
  io::SimulatedLoop loop(1);
  io::SimulatedDisk disk(loop);
  History history(1 << 20);
  Reading reading{.folder = loop.run(put_and_read(disk, std::move(files), on_damage, history))};
  if (reading.folder) reading.entries = history.range(Range::prefix(""), 0, 0)->entries;
  if (reading.folder) reading.revision = history.shown();
  return reading;
}

struct Written {  // a batch
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  BatchHeader header;
};

std::vector<Written> batches_of(const Files& files) {
  std::uint64_t store = decode_base_header(files.at(base_name(1)))->store;
  std::vector<Written> batches;
  for (std::uint64_t number = 1; number < 100; ++number) {
    if (!files.contains(segment_name(number))) continue;  // it was given another number
    const std::string& bytes = files.at(segment_name(number));
    Place at{.store = store, .segment = number, .offset = SegmentHeader::size};
    for (auto batch = batch_at(bytes, at); batch; batch = batch_at(bytes, at)) {
      std::uint64_t size = encoded_size(batch->payload.size());
      batches.push_back(
          {.file = segment_name(number), .offset = at.offset, .size = size, .header = batch->header});
      at.offset += size;
    }
  }
  return batches;
}

void spoil(Files& files, const Written& batch, std::uint64_t byte) {
  char& spoiled = files[batch.file][batch.offset + byte];
  spoiled = static_cast<char>(spoiled ^ 0x10);
}

}  // namespace

TEST_CASE("a folder is read to its end") {
  Files files = folder_after(60);
  std::vector<Written> batches = batches_of(files);
  CHECK(batches.size() == 60);
  CHECK(batches.back().file >= segment_name(3));
  Reading reading = reading_of(files);
  REQUIRE(reading.folder.has_value());
  CHECK(reading.revision == 61);
  CHECK(reading.entries.size() == 7);
  CHECK(reading.folder->batches == 60);
  CHECK(reading.folder->torn_bytes == 0);
  CHECK(reading.folder->end.number == 60);
  CHECK(segment_name(reading.folder->end.segment) == batches.back().file);
  CHECK(reading.folder->end.offset == batches.back().offset + batches.back().size);
}

TEST_CASE("a damaged batch that was synced is refused, and the last one, of which nobody knows, is dropped") {
  const Files files = folder_after(60);
  const std::vector<Written> batches = batches_of(files);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    for (std::uint64_t byte : {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{17}, std::uint64_t{89}}) {
      CAPTURE(i);
      CAPTURE(byte);
      Files damaged = files;
      spoil(damaged, batches[i], byte);
      Reading reading = reading_of(damaged);
      if (i + 1 == batches.size()) {
        REQUIRE(reading.folder.has_value());
        CHECK(reading.revision == 60);
        continue;
      }
      CHECK(reading.kind() == ErrorKind::corrupt);
      std::string lost = text("one batch of changes after revision {} and up to revision {} are lost",
                              batches[i].header.before, batches[i].header.last);
      CHECK(reading.message().contains(lost));
      CHECK(reading.message().contains(batches[i].file));
      CHECK(reading.message().contains("podo store repair /store"));
    }
  }
}

TEST_CASE("before the damage, or also behind it, everything is read when that is asked for") {
  const Files files = folder_after(60);
  const std::vector<Written> batches = batches_of(files);
  for (std::size_t i = 0; i + 1 < batches.size(); i += 5) {
    CAPTURE(i);
    Files damaged = files;
    spoil(damaged, batches[i], 3);
    Reading before = reading_of(damaged, OnDamage::stop_before);
    REQUIRE(before.folder.has_value());
    CHECK(before.revision == batches[i].header.before);
    CHECK(before.folder->damages.size() == 1);
    Reading skipped = reading_of(damaged, OnDamage::skip);
    REQUIRE(skipped.folder.has_value());
    CHECK(skipped.revision == 61);
    CHECK(skipped.folder->damages.size() == 1);
    CHECK(skipped.folder->batches == 59);
  }
}

TEST_CASE("a damaged batch that was never synced ends the log there") {
  const Files files = folder_after(20, 15);
  const std::vector<Written> batches = batches_of(files);
  REQUIRE(batches.size() >= 35);
  // The first relaxed one was synced: it reserved revisions for those after it.
  const std::size_t first_unsynced = batches.back().header.synced_through;
  REQUIRE(first_unsynced < batches.size() - 5);
  for (std::size_t i = first_unsynced; i < batches.size(); ++i) {
    CAPTURE(i);
    Files damaged = files;
    spoil(damaged, batches[i], BatchHeader::size + 2);
    Reading reading = reading_of(damaged);
    REQUIRE(reading.folder.has_value());
    CHECK(reading.revision == batches[i].header.before);
    CHECK(reading.folder->end.number == batches[i].header.number - 1);
    CHECK((reading.folder->torn_bytes > 0 || batches[i].offset == SegmentHeader::size));
  }
  Files damaged = files;
  spoil(damaged, batches[first_unsynced - 1], 20);
  CHECK(reading_of(damaged).kind() == ErrorKind::corrupt);
}

TEST_CASE("a last segment that is cut off anywhere holds what came before") {
  const Files files = folder_after(45);
  const std::vector<Written> batches = batches_of(files);
  const std::string last = batches.back().file;
  for (std::uint64_t size = 0; size <= batches.back().offset + batches.back().size; size += 7) {
    CAPTURE(size);
    Files cut = files;
    cut[last].resize(size);
    for (auto name = cut.upper_bound(last); name != cut.end() && name->first.starts_with("segment-");)
      name = cut.erase(name);
    Reading reading = reading_of(cut);
    REQUIRE(reading.folder.has_value());
    Revision expected = 1;
    for (const Written& batch : batches)
      if (batch.file < last || batch.offset + BatchHeader::size + batch.header.payload_size <= size)
        expected = batch.header.last;
    CHECK(reading.revision == expected);
  }
}

TEST_CASE("a segment that is missing is a hole, unless none follows") {
  const Files files = folder_after(60);
  const std::string last = batches_of(files).back().file;
  for (std::uint64_t number = 1; segment_name(number) < last; ++number) {
    CAPTURE(number);
    Files some = files;
    some.erase(segment_name(number));
    Reading reading = reading_of(some);
    CHECK(reading.kind() == ErrorKind::corrupt);
    CHECK(reading.message().contains("are lost"));
  }
}

TEST_CASE("without its base a folder holds no store, with two the newer one counts") {
  Files files = folder_after(5);
  Files no_base = files;
  no_base.erase(base_name(1));
  CHECK(reading_of(no_base).kind() == ErrorKind::not_found);
  CHECK(reading_of(no_base).message().contains("the base is missing"));
  CHECK(reading_of({}).kind() == ErrorKind::not_found);
  Files two = files;
  two[base_name(2)] = two[base_name(1)];
  two["base-0000000000000003.new"] = "half of a base";
  two["notes.txt"] = "not of a store";
  Reading reading = reading_of(two);
  REQUIRE(reading.folder.has_value());
  CHECK(reading.folder->base_file == 2);
  CHECK(reading.folder->leftovers == std::vector<std::string>{"base-0000000000000003.new", base_name(1)});
  CHECK(reading.revision == 6);
}

TEST_CASE("a batch that follows another one than the last is none of the log") {
  const Files files = folder_after(10);
  const Written last = batches_of(files).back();
  auto with = [&](auto spoil_header) {
    BatchHeader next = last.header;
    next.number += 1;
    next.previous = last.header.checksum;
    next.synced_through = last.header.number - 1;
    next.before = last.header.last;
    next.last = next.reserved_until = next.before + 1;
    spoil_header(next);
    std::string payload;
    encode(LoggedTransaction{.revision = next.before + 1, .changes = 1}, payload);
    LoggedChange change;
    change.key = change.value = "new";
    encode(change, payload);
    Place place{.store = decode_base_header(files.at(base_name(1)))->store,
                .segment = 0,
                .offset = last.offset + last.size};
    while (segment_name(place.segment) != last.file) ++place.segment;
    Files longer = files;
    std::string bytes = encode_batch(next, payload, place);
    longer[last.file].replace(place.offset, bytes.size(), bytes);
    return reading_of(longer).revision;
  };
  CHECK(with([](BatchHeader&) {}) == 12);
  CHECK(with([](BatchHeader& header) { header.previous ^= 1; }) == 11);
  CHECK(with([](BatchHeader& header) { header.before += 1; }) == 11);
  CHECK(with([](BatchHeader& header) { header.number += 1; }) == 11);
}

TEST_CASE("an opening clears what a crash left of a batch behind the last one") {
  Files files = folder_after(10);
  const Written last = batches_of(files).back();
  const std::size_t end = last.offset + last.size;
  files[last.file].replace(end, 200, std::string(200, 'x'));
  io::SimulatedLoop loop(1);
  io::SimulatedDisk disk(loop);
  History history(1 << 20);
  REQUIRE(loop.run(put_and_read(disk, files, OnDamage::refuse, history)).has_value());
  REQUIRE(loop.run(write_some(disk, 0, Durability::durable, false)).has_value());
  disk.crash();
  std::string cleared = loop.run(files_of(disk)).value().at(last.file).substr(end, BatchHeader::size);
  CHECK(cleared == std::string(BatchHeader::size, '\0'));
}

TEST_CASE("segments of another store do not count") {
  const Files files = folder_after(60);
  Files others = folder_after(60);
  for (std::uint64_t number = 1; number <= 2; ++number) {
    Files mixed = files;
    mixed[segment_name(number)] = others[segment_name(number)];
    CHECK(reading_of(mixed).kind() == ErrorKind::corrupt);
  }
  Files appended = files;
  std::string next = segment_name(9);
  appended[next] = others[segment_name(2)];
  Reading reading = reading_of(appended);
  REQUIRE(reading.folder.has_value());
  CHECK(reading.revision == 61);
}

TEST_CASE("a folder of a newer format is not read") {
  Files files = folder_after(5);
  Files newer_base = files, newer_segment = files;
  BaseHeader base = *decode_base_header(files[base_name(1)]);
  SegmentHeader segment = *decode_segment_header(files[segment_name(1)]);
  base.format = segment.format = format_version + 1;
  newer_base[base_name(1)].replace(0, BaseHeader::size, encode(base));
  newer_segment[segment_name(1)].replace(0, SegmentHeader::size, encode(segment));
  CHECK(reading_of(newer_base).kind() == ErrorKind::unsupported);
  CHECK(reading_of(newer_segment).kind() == ErrorKind::unsupported);
}

}  // namespace podo::store
