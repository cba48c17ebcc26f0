// What a tls::Context holds, and what stands between OpenSSL and a stream. Private to base/tls.
#pragma once

#include <openssl/ssl.h>

#include <span>

#include "base/crypto/openssl.h"
#include "base/tls/tls.h"

namespace podo::tls {

using crypto::Certificate;
using crypto::FreeBy;
using crypto::KeyHandle;
using crypto::MemoryBio;
using crypto::reader_of;
using crypto::take_openssl_error;
using SslContext = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, FreeBy<SSL_free>>;
using WireMethod = std::unique_ptr<BIO_METHOD, FreeBy<BIO_meth_free>>;

struct Context::State {
  SslContext ssl;
  WireMethod wire;
  bool verify = false;    // peers' certificates, if they show any
  std::string protocols;  // what a server's callback chooses from
};

// Where OpenSSL reads and writes: bytes that came, and bytes that will be sent.
struct Wire {
  std::span<const std::byte> incoming;
  std::string outgoing;
};
WireMethod wire_method();
BIO* new_wire(const BIO_METHOD* method, Wire& wire);

// The length-prefixed list of RFC 7301.
std::string protocol_list(const std::vector<std::string>& protocols);

}  // namespace podo::tls
