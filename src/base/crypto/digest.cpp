// The older names of libcrypto are used on purpose: they are plain functions on plain memory, while the newer
// ones search a provider, take locks and allocate (half a millisecond at the first use).
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/crypto/digest.h"

#include <openssl/sha.h>

#include <cstring>

#include "base/core/ensure.h"

namespace podo::crypto {
namespace {

// The state lies in the Digest, whose header need not know libcrypto's; both structs are plain memory.
SHA256_CTX& sha256(std::byte* state) { return *reinterpret_cast<SHA256_CTX*>(state); }
SHA512_CTX& sha512(std::byte* state) { return *reinterpret_cast<SHA512_CTX*>(state); }

}  // namespace

Digest::Digest(DigestAlgorithm algorithm) : algorithm_(algorithm) {
  static_assert(sizeof(SHA256_CTX) <= sizeof state_ && sizeof(SHA512_CTX) <= sizeof state_);
  if (algorithm == DigestAlgorithm::sha256) SHA256_Init(&sha256(state_));
  else SHA512_Init(&sha512(state_));
}

void Digest::add(std::string_view bytes) {
  if (algorithm_ == DigestAlgorithm::sha256) SHA256_Update(&sha256(state_), bytes.data(), bytes.size());
  else SHA512_Update(&sha512(state_), bytes.data(), bytes.size());
}

std::string Digest::bytes() const {
  Digest copy = *this;  // finishing destroys a state
  unsigned char out[SHA512_DIGEST_LENGTH];
  if (algorithm_ == DigestAlgorithm::sha256) SHA256_Final(out, &sha256(copy.state_));
  else SHA512_Final(out, &sha512(copy.state_));
  return {reinterpret_cast<const char*>(out), algorithm_ == DigestAlgorithm::sha256 ? 32u : 64u};
}

std::string Digest::text() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text = algorithm_ == DigestAlgorithm::sha256 ? "sha256:" : "sha512:";
  for (char c : bytes()) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[c & 15];
  }
  return text;
}

std::string digest_of(std::string_view bytes, DigestAlgorithm algorithm) {
  Digest digest(algorithm);
  digest.add(bytes);
  return digest.text();
}

Result<DigestAlgorithm> algorithm_of(std::string_view digest) {
  if (digest.starts_with("sha256:")) return DigestAlgorithm::sha256;
  if (digest.starts_with("sha512:")) return DigestAlgorithm::sha512;
  return unsupported("unsupported digest algorithm in {}", digest);
}

}  // namespace podo::crypto
