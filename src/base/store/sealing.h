// Sealing: how values under chosen prefixes lie on the disk. In memory they are plain; keys and revisions
// are plain everywhere. It wards off who reads the disk or a backup, and whoever changes a sealed value,
// or puts it under another name or at another revision.
//
//   sealed     := key_id:le32 nonce:12 ciphertext tag:16            32 bytes more than the value
//   associated := key_size:le32 key modified:le64
//
// AES-256-GCM with the newest key of a Keyring; each value has a random nonce, which is safe for 2^32
// values sealed with one key: a store that writes a hundred such values a second rotates its keys once a
// year. Every time one is written counts, by compactions and backups too. What an older key sealed stays so
// until it is written again.
//
// Made once, never changed; one thread at a time. Another thread has one of its own of the same Keyring,
// which need not outlive them. `random` must.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "base/core/random.h"
#include "base/crypto/aead.h"
#include "base/store/entry.h"
#include "base/store/keyring.h"

namespace podo::store {

class Sealing {
 public:
  static constexpr std::size_t overhead = 4 + crypto::Aead::nonce_size + crypto::Aead::tag_size;

  Sealing() = default;  // without keys: covers nothing and opens nothing
  Sealing(const Keyring& keyring, std::vector<std::string> prefixes, Random& random);

  bool covers(std::string_view key) const;  // its values have to be sealed; "" among the prefixes is all keys

  std::string seal(std::string_view key, Revision modified, std::string_view value);  // needs keys

  // Denied when the key file lacks the key, or there is none; corrupt when the bytes are not what was
  // sealed for this key at this revision.
  Result<std::string> open(std::string_view key, Revision modified, std::string_view sealed);

 private:
  struct Lock {
    KeyId id;
    crypto::Aead aead;
  };
  std::vector<Lock> locks_;  // newest first
  std::vector<std::string> prefixes_;
  Random* random_ = nullptr;
};

KeyId key_id_of(std::string_view sealed);  // 0, which no key has, when it is too short to have one

}  // namespace podo::store
