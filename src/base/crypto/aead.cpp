#include "base/crypto/aead.h"

#include <nettle/gcm.h>
#include <nettle/memops.h>
#include <string.h>

#include <array>

#include "base/core/ensure.h"
#include "base/crypto/secret.h"

namespace podo::crypto {

namespace {

static_assert(Aead::key_size == AES256_KEY_SIZE);
static_assert(Aead::nonce_size == GCM_IV_SIZE);
static_assert(Aead::tag_size == GCM_DIGEST_SIZE);

// After so many bytes the counter of blocks, 32 bits of it, would come round (SP 800-38D, 5.2.1.1).
constexpr std::size_t message_size_max = (std::size_t{1} << 36) - 32;

const std::uint8_t* octets(const void* bytes) { return static_cast<const std::uint8_t*>(bytes); }
std::uint8_t* octets(char* bytes) { return reinterpret_cast<std::uint8_t*>(bytes); }

// Starts a message under the context's key, and feeds what is bound to it.
void begin(gcm_aes256_ctx* context, Aead::Nonce nonce, std::string_view associated) {
  gcm_aes256_set_iv(context, nonce.size(), octets(nonce.data()));
  gcm_aes256_update(context, associated.size(), octets(associated.data()));
}

}  // namespace

Aead::Aead(Key key) : context_(new gcm_aes256_ctx) { gcm_aes256_set_key(context_.get(), octets(key.data())); }

std::string Aead::seal(Nonce nonce, std::string_view associated, std::string_view plain) {
  ENSURE(plain.size() <= message_size_max);
  begin(context_.get(), nonce, associated);
  std::string sealed(plain.size() + tag_size, '\0');
  gcm_aes256_encrypt(context_.get(), plain.size(), octets(sealed.data()), octets(plain.data()));
  gcm_aes256_digest(context_.get(), tag_size, octets(sealed.data() + plain.size()));
  return sealed;
}

Result<std::string> Aead::open(Nonce nonce, std::string_view associated, std::string_view sealed) {
  if (sealed.size() < tag_size) return corrupt("sealed bytes are shorter than their tag");
  const std::string_view hidden = sealed.substr(0, sealed.size() - tag_size);
  if (hidden.size() > message_size_max) return corrupt("sealed bytes are more than one seal can give");
  begin(context_.get(), nonce, associated);
  std::string plain(hidden.size(), '\0');
  gcm_aes256_decrypt(context_.get(), hidden.size(), octets(plain.data()), octets(hidden.data()));
  std::array<std::uint8_t, tag_size> tag;
  gcm_aes256_digest(context_.get(), tag.size(), tag.data());
  // In the same time wherever they differ: else who may try often finds the tag byte by byte.
  if (memeql_sec(tag.data(), sealed.data() + hidden.size(), tag.size()) != 1) {
    wipe(plain);  // unverified bytes are nobody's to see
    return corrupt("sealed bytes were changed, or belong elsewhere");
  }
  return plain;
}

void Aead::Wipe::operator()(gcm_aes256_ctx* context) const {
  explicit_bzero(context, sizeof *context);
  delete context;
}

}  // namespace podo::crypto
