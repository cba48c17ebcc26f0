// OpenSSL's objects as values with owners, and its errors as words: for the rooms that are built on it.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::crypto {

template <auto free>
struct FreeBy {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using MemoryBio = std::unique_ptr<BIO, FreeBy<BIO_free>>;
using Certificate = std::unique_ptr<X509, FreeBy<X509_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;

// Before anything else of OpenSSL, as often as one likes: neither the system's openssl.cnf, whose engines a
// static program cannot load, nor work at exit.
void set_up_openssl();

// Of the oldest error this thread's OpenSSL calls left, which are forgotten: "wrong version number".
std::string take_openssl_error();

MemoryBio reader_of(std::string_view bytes);  // views them
std::string take_text(BIO* memory);           // what was written to it

// No passphrase is ever asked for: a daemon has nobody to ask.
Result<KeyHandle> read_private_key(std::string_view pem);
std::string public_key_pem(EVP_PKEY* key);
std::string public_key_der(EVP_PKEY* key);  // SubjectPublicKeyInfo

}  // namespace podo::crypto
