// Digests: SHA-256 and SHA-512 (FIPS 180-4) of bytes that come in parts, written as "sha256:" and lower-case
// hex digits. They name content: nobody can make other bytes with the same digest.
//
//   Digest digest;
//   digest.add(bytes);
//   digest.text() -> "sha256:e3b0c44298fc1c14..."
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::crypto {

enum class DigestAlgorithm : std::uint8_t { sha256, sha512 };

// One thread at a time; a copy goes on by itself.
class Digest {
 public:
  explicit Digest(DigestAlgorithm algorithm = DigestAlgorithm::sha256);
  void add(std::string_view bytes);
  std::string text() const;   // of everything added so far; more may follow
  std::string bytes() const;  // 32 or 64 of them

 private:
  alignas(8) std::byte state_[216];
  DigestAlgorithm algorithm_;
};

std::string digest_of(std::string_view bytes, DigestAlgorithm algorithm = DigestAlgorithm::sha256);
// By which algorithm "sha256:..." was made; Unsupported for another one.
Result<DigestAlgorithm> algorithm_of(std::string_view digest);

}  // namespace podo::crypto
