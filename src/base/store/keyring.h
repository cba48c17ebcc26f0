// Keyring: the keys of a store whose values are partly encrypted. One seals, the newest; every other one
// only opens what it sealed while it was that.
//
// They lie in a text file, the newest first:
//
//   file := ( [ '#' comment | ID ' ' KEY ] newline )*
//   ID   := 1 .. 4294967295, decimal, once in the file
//   KEY  := 32 bytes in base64
//
// The file belongs to root or to the user who runs this, and only its owner may read it. Rotation puts a
// new key in front, its ID one above the highest. An old key may be taken out by hand when no value, and
// no backup, needs it any more.
//
// A value, read once at the start by blocking calls. Errors name the file and the line, never a key:
//   not_found  there is no such file       invalid  it is not of the grammar, or too large
//   denied     others may read it, or it is somebody else's, or not a plain file
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "base/core/random.h"
#include "base/crypto/aead.h"
#include "base/crypto/secret.h"

namespace podo::store {

using KeyId = std::uint32_t;

class Keyring {
 public:
  struct Key {
    KeyId id;
    crypto::Secret secret;  // of Aead::key_size
  };

  // `file` is what errors call the text.
  static Result<Keyring> parse(std::string_view text, std::string_view file);

  const Key& newest() const { return keys_.front(); }
  std::span<const Key> keys() const { return keys_; }  // newest first, one at least

 private:
  std::vector<Key> keys_;
};

Result<Keyring> load_keyring(const std::string& path);

crypto::Secret make_key(Random& random);

// Puts a new key in front of the file, or makes the file if there is none, and returns the key's ID. The
// file is replaced as a whole and synced, or left as it was; of two rotations at once, one is refused. A
// running store goes on with the keys it has read.
Result<KeyId> rotate_keyring(const std::string& path, Random& random);

}  // namespace podo::store
