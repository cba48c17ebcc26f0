// Aead: bytes that only the holder of a key can read, and that nobody without it can change unseen.
// AES-256-GCM (NIST SP 800-38D): sealing hides `plain`, and binds it to `associated`, which is neither hidden
// nor stored.
//
//   Aead aead(key);
//   std::string sealed = aead.seal(nonce, "pods/a", "value");           // ciphertext tag:16
//   Result<std::string> plain = aead.open(nonce, "pods/a", sealed);
//
// The nonce is the caller's burden: with one key, no nonce may ever seal twice, or what both sealed can be
// read and forged. Random nonces are safe for 2^32 seals a key.
//
// Each object holds the key's schedule, which is wiped with it, and no copy of the key. One thread at a time;
// objects of the same key on several threads are fine. Parts of up to a gigabyte.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/core/error.h"

struct evp_cipher_ctx_st;

namespace podo::crypto {

class Aead {
 public:
  static constexpr std::size_t key_size = 32;
  static constexpr std::size_t nonce_size = 12;
  static constexpr std::size_t tag_size = 16;
  using Key = std::span<const std::byte, key_size>;
  using Nonce = std::span<const std::byte, nonce_size>;

  explicit Aead(Key key);

  std::string seal(Nonce nonce, std::string_view associated, std::string_view plain);

  // Corrupt when the key, the nonce, `associated` or any byte of `sealed` is not that of the seal.
  Result<std::string> open(Nonce nonce, std::string_view associated, std::string_view sealed);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_cipher_ctx_st, Free>;
  enum class Direction : bool { open = false, seal = true };

  static Context make(Key key, Direction direction);

  Context sealer_;
  Context opener_;
};

}  // namespace podo::crypto
