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
// Each object holds what nettle makes of the key (4.4 KB), wiped with it. One thread at a time; objects of
// the same key on several threads are fine. `plain` is at most 64 GiB less 32 bytes. On a processor without
// instructions for AES and GHASH nettle looks both up in tables: slower, and their timing depends on the key.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/core/error.h"

struct gcm_aes256_ctx;  // nettle's

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
  struct Wipe {
    void operator()(gcm_aes256_ctx* context) const;
  };

  std::unique_ptr<gcm_aes256_ctx, Wipe> context_;
};

}  // namespace podo::crypto
