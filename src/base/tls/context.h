// What a tls::Context holds, and OpenSSL's objects as values with owners. Private to base/tls.
#pragma once

#include <openssl/ssl.h>

#include "base/tls/tls.h"

namespace podo::tls {

template <auto free>
struct FreeBy {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using SslContext = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, FreeBy<SSL_free>>;
using MemoryBio = std::unique_ptr<BIO, FreeBy<BIO_free>>;
using Certificate = std::unique_ptr<X509, FreeBy<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;

struct Context::State {
  SslContext ssl;
  bool verify = false;
  std::unique_ptr<std::string> protocols;  // what a server's callback chooses from
};

// Of the oldest error this thread's OpenSSL calls left, which are forgotten: "wrong version number".
std::string take_openssl_error();

// The length-prefixed list of RFC 7301.
std::string protocol_list(const std::vector<std::string>& protocols);

}  // namespace podo::tls
