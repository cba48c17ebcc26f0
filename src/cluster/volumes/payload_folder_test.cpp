#include "cluster/volumes/payload_folder.h"

#include <atomic>
#include <thread>

#include "cluster/volumes/volumes_testing.h"

namespace podo::volumes {
namespace {

constexpr Wall noon{1'764'000'000'123'000'000};

Payload payload_of(std::vector<std::pair<std::string, std::string>> files) {
  Payload payload;
  for (auto& [path, bytes] : files) payload[path] = {.bytes = bytes};
  return payload;
}

std::string link_at(const std::string& path) {
  char target[256];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  return size < 0 ? "" : std::string(target, static_cast<std::size_t>(size));
}

std::string listing(const std::string& folder) {
  const auto names = names_in(folder);
  REQUIRE(names.has_value());
  std::string all;
  for (const std::string& name : *names) all.append(all.empty() ? "" : " ").append(name);
  return all;
}

TEST_CASE("the files lie in a folder with a time for a name, and are reached through ..data") {
  const Scratch scratch;
  REQUIRE(*write_payload(scratch.path, payload_of({{"a", "1"}, {"d/e", "2"}}), {}, noon));
  CHECK(link_at(scratch.path + "/..data") == "..2025_11_24_16_00_00.123000000");
  CHECK(link_at(scratch.path + "/a") == "..data/a");
  CHECK(link_at(scratch.path + "/d") == "..data/d");
  CHECK(image::content_of(scratch.path + "/d/e") == "2");
  CHECK(listing(scratch.path) == "..2025_11_24_16_00_00.123000000 ..data a d");
}

TEST_CASE("what is the same is left alone; what is gone goes with its link") {
  const Scratch scratch;
  REQUIRE(*write_payload(scratch.path, payload_of({{"a", "1"}, {"b", "2"}}), {}, noon));
  const auto before = status_of(scratch.path + "/..data/a").st_ino;
  CHECK_FALSE(*write_payload(scratch.path, payload_of({{"a", "1"}, {"b", "2"}}), {}, {noon.ns + 9}));
  CHECK(status_of(scratch.path + "/..data/a").st_ino == before);
  CHECK(*write_payload(scratch.path, payload_of({{"a", "1"}}), {}, noon));  // the same instant
  CHECK(listing(scratch.path) == "..2025_11_24_16_00_00.123000001 ..data a");
  CHECK(*write_payload(scratch.path, {}, {}, noon));
  CHECK(listing(scratch.path) == "..2025_11_24_16_00_00.123000000 ..data");
}

TEST_CASE("a reader sees all of one state, however often it changes") {
  const Scratch scratch;
  const auto state = [](int n) {
    return payload_of({{"one", text("{}", n)}, {"two", text("{}", n) + std::string(20'000, ' ')}});
  };
  REQUIRE(write_payload(scratch.path, state(0), {}, noon));
  std::atomic<bool> over = false;
  std::atomic<int> torn = 0, seen = 0;
  std::thread reader([&] {
    while (!over) {
      const auto folder =
          podo::linux::open_at(AT_FDCWD, (scratch.path + "/..data").c_str(), O_PATH | O_DIRECTORY);
      if (!folder) continue;  // replaced, and removed, between the link and what it named
      const auto one = podo::linux::read_file(folder->get(), "one", 100),
                 two = podo::linux::read_file(folder->get(), "two", 1 << 20);
      if (!one || !two) continue;  // or since it was opened
      torn += !two->starts_with(*one + " ") || two->size() != one->size() + 20'000;
      ++seen;
    }
  });
  for (int n = 1; n <= 400; ++n) CHECK(*write_payload(scratch.path, state(n), {}, {noon.ns + n}));
  over = true;
  reader.join();
  CHECK(torn == 0);
  CHECK(seen > 0);
}

TEST_CASE("what a crash left is put right: half folders, links that lack or are too many") {
  const Scratch scratch;
  const Payload payload = payload_of({{"a", "1"}, {"b", "2"}});
  image::write_to(scratch.path + "/stale", "");
  REQUIRE(::mkdir((scratch.path + "/..2025_01_01_00_00_00.000000000").c_str(), 0700) == 0);
  image::write_to(scratch.path + "/..2025_01_01_00_00_00.000000000/a", "half");
  REQUIRE(::symlink("..2025_01_01_00_00_00.000000000", (scratch.path + "/..data_tmp").c_str()) == 0);
  REQUIRE(write_payload(scratch.path, payload, {}, noon));
  const std::string whole = "..2025_11_24_16_00_00.123000000 ..data a b";
  CHECK(listing(scratch.path) == whole);
  // Between the rename of ..data and the links.
  REQUIRE(::unlink((scratch.path + "/b").c_str()) == 0);
  CHECK_FALSE(*write_payload(scratch.path, payload, {}, noon));
  CHECK(listing(scratch.path) == whole);
  // A folder that lost a file (or got one) is no longer the same.
  REQUIRE(::unlink((scratch.path + "/..data/b").c_str()) == 0);
  CHECK(*write_payload(scratch.path, payload, {}, {noon.ns + 1}));
  CHECK(image::content_of(scratch.path + "/b") == "2");
  // ..data that leads elsewhere is not believed.
  REQUIRE(::unlink((scratch.path + "/..data").c_str()) == 0);
  REQUIRE(::symlink("/etc", (scratch.path + "/..data").c_str()) == 0);
  CHECK(*write_payload(scratch.path, payload, {}, {noon.ns + 2}));
  CHECK(image::content_of(scratch.path + "/b") == "2");
}

TEST_CASE("modes, the group's right to read, and whose a file is") {
  const Scratch scratch;
  Payload payload;
  payload["plain"] = {.bytes = "1", .mode = 0400};
  payload["in/token"] = {.bytes = "2", .mode = 0600, .owner = 1234};
  REQUIRE(write_payload(scratch.path, payload, {}, noon));
  CHECK(mode_at(scratch.path + "/..data/plain") == 0400);
  CHECK(mode_at(scratch.path + "/..data/in") == 0755);
  CHECK(mode_at(scratch.path + "/..data/.") == 0755);
  CHECK(status_of(scratch.path + "/..data/in/token").st_uid == 1234);
  payload["more"] = {};
  REQUIRE(write_payload(scratch.path, payload, Group{.gid = 77}, noon));
  CHECK(mode_at(scratch.path + "/..data/plain") == 0440);
  CHECK(mode_at(scratch.path + "/..data/in/token") == 0640);
  CHECK(mode_at(scratch.path + "/..data/in") == 02755);
  CHECK(status_of(scratch.path + "/..data/plain").st_gid == 77);
  CHECK(status_of(scratch.path + "/..data/in").st_gid == 77);
}

TEST_CASE("a file is read back by its path, and nothing outside") {
  const Scratch scratch;
  REQUIRE(write_payload(scratch.path, payload_of({{"a/b", "token"}}), {}, noon));
  CHECK(read_payload_file(scratch.path, "a/b", 100) == "token");
  CHECK_FALSE(read_payload_file(scratch.path, "a/b", 3));
  CHECK_FALSE(read_payload_file(scratch.path, "../../../../etc/passwd", 1 << 20));
  CHECK_FALSE(read_payload_file(scratch.path + "/none", "a", 100));
}

}  // namespace
}  // namespace podo::volumes
