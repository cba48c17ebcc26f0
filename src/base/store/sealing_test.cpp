#include "base/store/sealing.h"

#include <doctest/doctest.h>

#include <set>

#include "base/core/text.h"
#include "base/format/base64.h"

using namespace podo;
using store::Keyring;
using store::Sealing;

namespace {

// A ring of these numbers, the newest first; the key's bytes follow from its number.
Keyring ring_of(std::initializer_list<store::KeyId> ids) {
  std::string lines;
  for (const store::KeyId id : ids)
    lines += text("{} {}\n", id, base64::encode(std::string(32, static_cast<char>(id))));
  auto ring = Keyring::parse(lines, "keys");
  REQUIRE(ring);
  return std::move(*ring);
}

Error problem_of(Result<std::string> opened) {
  REQUIRE_FALSE(opened);
  return opened.error();
}

}  // namespace

TEST_CASE("a value comes back under its name and revision, from another object of the same keys") {
  SeededRandom random(1);
  Sealing sealer(ring_of({1}), {"secrets/"}, random), opener(ring_of({1}), {}, random);
  for (const std::size_t size : {0U, 1U, 15U, 16U, 2048U, 1U << 20}) {
    const std::string value(size, 'v');
    const std::string sealed = sealer.seal("secrets/a", 7, value);
    CHECK(sealed.size() == size + Sealing::overhead);
    CHECK(sealed.starts_with(std::string_view("\1\0\0\0", 4)));
    CHECK(opener.open("secrets/a", 7, sealed) == value);
    if (size >= 15) CHECK(sealed.find(value.substr(0, 15)) == std::string::npos);
  }
}

TEST_CASE("the layout does not change: bytes sealed once open for ever") {
  SeededRandom random(1);
  Sealing sealing(ring_of({258}), {""}, random);
  const auto sealed = base64::decode("AgEAAMUQxw9tr/Kz6kw2R/i4a8JyP8fCeNTBHZgCjJ7Tr26t+Q==");
  REQUIRE(sealed);
  CHECK(store::key_id_of(*sealed) == 258);
  CHECK(sealing.open("k", 3, *sealed) == "value");
}

TEST_CASE("the prefixes say what is covered") {
  SeededRandom random(1);
  const Sealing some(ring_of({1}), {"secrets/", "tokens"}, random);
  for (const char* key : {"secrets/", "secrets/a", "tokens", "tokens-of/b"}) CHECK(some.covers(key));
  for (const char* key : {"", "secret", "secrets", "a/secrets/", "Tokens"}) CHECK_FALSE(some.covers(key));
  CHECK_FALSE(Sealing(ring_of({1}), {}, random).covers("secrets/a"));
  CHECK(Sealing(ring_of({1}), {""}, random).covers("x"));
  CHECK_FALSE(Sealing().covers("secrets/a"));
}

TEST_CASE("the same value seals differently each time") {
  SystemRandom random;
  Sealing sealing(ring_of({1}), {""}, random);
  std::set<std::string> nonces;
  for (int i = 0; i < 1000; ++i) CHECK(nonces.insert(sealing.seal("k", 1, "v").substr(4, 12)).second);
}

TEST_CASE("under another name or revision, or with any bit changed, a value is corrupt") {
  SeededRandom random(1);
  Sealing sealing(ring_of({1}), {""}, random);
  std::string sealed = sealing.seal("secrets/a", 7, "value");
  CHECK(problem_of(sealing.open("secrets/b", 7, sealed)).kind() == ErrorKind::corrupt);
  CHECK(problem_of(sealing.open("secrets/", 7, sealed)).kind() == ErrorKind::corrupt);
  const Error moved = problem_of(sealing.open("secrets/a", 8, sealed));
  CHECK(moved.kind() == ErrorKind::corrupt);
  CHECK(moved.message() ==
        "the encrypted value of secrets/a is not what was sealed with key 1 at revision 8");
  for (std::size_t bit = 32; bit < sealed.size() * 8; ++bit) {
    const char mask = static_cast<char>(1 << (bit % 8));
    sealed[bit / 8] ^= mask;
    CHECK(problem_of(sealing.open("secrets/a", 7, sealed)).kind() == ErrorKind::corrupt);
    sealed[bit / 8] ^= mask;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    CHECK(problem_of(sealing.open("secrets/a", 7, sealed.substr(0, size))).kind() == ErrorKind::corrupt);
  CHECK(sealing.open("secrets/a", 7, sealed) == "value");
}

TEST_CASE("after a rotation old values open, and new ones need the new key") {
  SeededRandom random(1);
  Sealing before(ring_of({1}), {""}, random), after(ring_of({2, 1}), {""}, random);
  const std::string old = before.seal("k", 1, "old"), young = after.seal("k", 2, "new");
  CHECK(after.open("k", 1, old) == "old");
  CHECK(after.open("k", 2, young) == "new");
  CHECK(store::key_id_of(old) == 1);
  CHECK(store::key_id_of(young) == 2);
  const Error lacking = problem_of(before.open("k", 2, young));
  CHECK(lacking.kind() == ErrorKind::denied);
  CHECK(lacking.message() == "the value of k is sealed with key 2, which the key file does not have");
}

TEST_CASE("without keys nothing opens, and the error asks for the key file") {
  SeededRandom random(1);
  const std::string sealed = Sealing(ring_of({1}), {""}, random).seal("k", 1, "v");
  const Error problem = problem_of(Sealing().open("k", 1, sealed));
  CHECK(problem.kind() == ErrorKind::denied);
  CHECK(problem.message() == "this store has encrypted values: give its key file");
}

TEST_CASE("too few bytes have no key's number") {
  CHECK(store::key_id_of("") == 0);
  CHECK(store::key_id_of("\1\1\1") == 0);
  CHECK(store::key_id_of("\1\2\3\4") == 0x04030201);
}
