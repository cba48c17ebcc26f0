#include "base/crypto/aead.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/core/ensure.h"

namespace podo::crypto {

namespace {

constexpr std::size_t part_size_max = std::size_t{1} << 30;  // libcrypto counts in int

const unsigned char* octets(const void* bytes) { return static_cast<const unsigned char*>(bytes); }
unsigned char* octets(char* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

// Starts a message under the context's key, and feeds what is bound to it.
void begin(EVP_CIPHER_CTX* context, Aead::Nonce nonce, std::string_view associated) {
  ENSURE(associated.size() <= part_size_max);
  int ignored = 0;
  ENSURE(EVP_CipherInit_ex2(context, nullptr, nullptr, octets(nonce.data()), -1, nullptr) == 1);
  ENSURE(EVP_CipherUpdate(context, nullptr, &ignored, octets(associated.data()),
                          static_cast<int>(associated.size())) == 1);
}

void transform(EVP_CIPHER_CTX* context, std::string_view in, char* out) {
  ENSURE(in.size() <= part_size_max);
  int written = 0;
  ENSURE(EVP_CipherUpdate(context, octets(out), &written, octets(in.data()), static_cast<int>(in.size())) ==
         1);
  ENSURE(static_cast<std::size_t>(written) == in.size());
}

}  // namespace

Aead::Aead(Key key) : sealer_(make(key, Direction::seal)), opener_(make(key, Direction::open)) {}

// libcrypto's configuration file on the host can load modules and change what a cipher is: it is not
// read. Nor is anything left for the end of the process to tidy up.
Aead::Context Aead::make(Key key, Direction direction) {
  ENSURE(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr) == 1);
  EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  ENSURE(cipher != nullptr);
  Context context(EVP_CIPHER_CTX_new());
  ENSURE(context != nullptr);
  ENSURE(EVP_CipherInit_ex2(context.get(), cipher, octets(key.data()), nullptr, static_cast<int>(direction),
                            nullptr) == 1);
  EVP_CIPHER_free(cipher);  // the context holds it
  return context;
}

std::string Aead::seal(Nonce nonce, std::string_view associated, std::string_view plain) {
  begin(sealer_.get(), nonce, associated);
  std::string sealed(plain.size() + tag_size, '\0');
  char* const tag = sealed.data() + plain.size();
  transform(sealer_.get(), plain, sealed.data());
  int ignored = 0;
  ENSURE(EVP_CipherFinal_ex(sealer_.get(), octets(tag), &ignored) == 1);
  ENSURE(EVP_CIPHER_CTX_ctrl(sealer_.get(), EVP_CTRL_AEAD_GET_TAG, tag_size, tag) == 1);
  return sealed;
}

Result<std::string> Aead::open(Nonce nonce, std::string_view associated, std::string_view sealed) {
  if (sealed.size() < tag_size) return corrupt("sealed bytes are shorter than their tag");
  const std::string_view hidden = sealed.substr(0, sealed.size() - tag_size);
  std::string tag(sealed.substr(hidden.size()));
  begin(opener_.get(), nonce, associated);
  std::string plain(hidden.size(), '\0');
  transform(opener_.get(), hidden, plain.data());
  ENSURE(EVP_CIPHER_CTX_ctrl(opener_.get(), EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()) == 1);
  int ignored = 0;
  if (EVP_CipherFinal_ex(opener_.get(), octets(tag.data()), &ignored) != 1) {
    OPENSSL_cleanse(plain.data(), plain.size());  // unverified bytes are nobody's to see
    return corrupt("sealed bytes were changed, or belong elsewhere");
  }
  return plain;
}

void Aead::Free::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

}  // namespace podo::crypto
