#include "base/crypto/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/core/ensure.h"

namespace podo::crypto {

void set_up_openssl() { OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr); }

std::string take_openssl_error() {
  unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason != nullptr ? reason : "unknown error";
}

MemoryBio reader_of(std::string_view bytes) {
  return MemoryBio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

std::string take_text(BIO* memory) {
  char* bytes = nullptr;
  long size = BIO_get_mem_data(memory, &bytes);
  return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : std::string();
}

Result<KeyHandle> read_private_key(std::string_view pem) {
  set_up_openssl();
  auto no_passphrase = [](char*, int, int, void*) { return 0; };
  KeyHandle key(PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr) return invalid("the private key cannot be read: {}", take_openssl_error());
  return key;
}

std::string public_key_pem(EVP_PKEY* key) {
  MemoryBio out(BIO_new(BIO_s_mem()));
  ENSURE(PEM_write_bio_PUBKEY(out.get(), key) == 1);
  return take_text(out.get());
}

std::string public_key_der(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  int size = i2d_PUBKEY(key, &der);
  ENSURE(size > 0);
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

}  // namespace podo::crypto
