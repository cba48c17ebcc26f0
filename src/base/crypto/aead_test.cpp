#include "base/crypto/aead.h"

#include <doctest/doctest.h>

#include "base/core/random.h"

using namespace podo;
using crypto::Aead;

namespace {

std::string unhex(std::string_view digits) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<char>(value(digits[i]) << 4 | value(digits[i + 1])));
  return bytes;
}

template <std::size_t N>
std::span<const std::byte, N> exactly(std::string_view bytes) {
  REQUIRE(bytes.size() == N);
  return std::as_bytes(std::span(bytes)).first<N>();
}
Aead::Key key_of(std::string_view bytes) { return exactly<Aead::key_size>(bytes); }
Aead::Nonce nonce_of(std::string_view bytes) { return exactly<Aead::nonce_size>(bytes); }

struct Vector {
  std::string_view key, nonce, associated, plain, hidden, tag;
};

constexpr std::string_view fe_key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
constexpr std::string_view zero_key = "0000000000000000000000000000000000000000000000000000000000000000";

// The AES-256 cases with 96-bit nonces (13 to 16) of the specification of GCM that was submitted to NIST.
const Vector vectors[] = {
    {zero_key, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {zero_key, "000000000000000000000000", "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {fe_key, "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {fe_key, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

}  // namespace

TEST_CASE("the published vectors go both ways, twice with one object") {
  for (const Vector& vector : vectors) {
    const std::string key = unhex(vector.key), nonce = unhex(vector.nonce), plain = unhex(vector.plain);
    const std::string associated = unhex(vector.associated);
    const std::string sealed = unhex(vector.hidden) + unhex(vector.tag);
    Aead aead(key_of(key));
    for (int round = 0; round < 2; ++round) {
      CHECK(aead.seal(nonce_of(nonce), associated, plain) == sealed);
      CHECK(aead.open(nonce_of(nonce), associated, sealed) == plain);
    }
  }
}

TEST_CASE("every flipped bit of every part is refused, and the object goes on") {
  const Vector& vector = vectors[3];
  std::string key = unhex(vector.key), nonce = unhex(vector.nonce), associated = unhex(vector.associated);
  std::string sealed = unhex(vector.hidden) + unhex(vector.tag);
  Aead aead(key_of(key));
  for (std::string* part : {&nonce, &associated, &sealed}) {
    for (std::size_t bit = 0; bit < part->size() * 8; ++bit) {
      const char mask = static_cast<char>(1 << (bit % 8));
      (*part)[bit / 8] ^= mask;
      const auto opened = aead.open(nonce_of(nonce), associated, sealed);
      CHECK((!opened && opened.error().kind() == ErrorKind::corrupt));
      (*part)[bit / 8] ^= mask;
    }
  }
  CHECK(aead.open(nonce_of(nonce), associated, sealed) == unhex(vector.plain));
  for (std::size_t byte = 0; byte < key.size(); ++byte) {
    key[byte] ^= 1;
    CHECK_FALSE(Aead(key_of(key)).open(nonce_of(nonce), associated, sealed));
    key[byte] ^= 1;
  }
}

TEST_CASE("what was cut short is refused at every length") {
  const Vector& vector = vectors[3];
  const std::string key = unhex(vector.key), nonce = unhex(vector.nonce),
                    associated = unhex(vector.associated);
  const std::string sealed = unhex(vector.hidden) + unhex(vector.tag);
  Aead aead(key_of(key));
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    const auto opened = aead.open(nonce_of(nonce), associated, sealed.substr(0, size));
    CHECK((!opened && opened.error().kind() == ErrorKind::corrupt));
  }
  CHECK_FALSE(aead.open(nonce_of(nonce), associated, sealed + '\0'));
  CHECK_FALSE(aead.open(nonce_of(nonce), associated.substr(1), sealed));
}

TEST_CASE("values of every size up to some blocks, and a large one, come back from another object") {
  SeededRandom random(1);
  std::string key(Aead::key_size, '\0'), nonce(Aead::nonce_size, '\0');
  random.fill(std::as_writable_bytes(std::span(key)));
  Aead sealer(key_of(key)), opener(key_of(key));
  for (std::size_t size = 0; size <= 1 << 20; size = size < 100 ? size + 1 : size * 32) {
    random.fill(std::as_writable_bytes(std::span(nonce)));
    std::string plain(size, '\0');
    random.fill(std::as_writable_bytes(std::span(plain)));
    const std::string sealed = sealer.seal(nonce_of(nonce), "name", plain);
    CHECK(sealed.size() == size + Aead::tag_size);
    CHECK(opener.open(nonce_of(nonce), "name", sealed) == plain);
    if (size >= 16) CHECK(sealed.find(plain.substr(0, 16)) == std::string::npos);
  }
}
