#include "base/tls/context.h"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace podo::tls {
namespace {

Certificate read_certificate(BIO* pem) {
  return Certificate(PEM_read_bio_X509(pem, nullptr, nullptr, nullptr));
}

Result<void> use_identity(SSL_CTX* ssl, const Identity& identity) {
  MemoryBio pem = reader_of(identity.certificates);
  Certificate own = read_certificate(pem.get());
  if (own == nullptr || SSL_CTX_use_certificate(ssl, own.get()) != 1)
    return invalid("the certificate cannot be used: {}", take_openssl_error());
  while (Certificate next = read_certificate(pem.get())) {
    if (SSL_CTX_add0_chain_cert(ssl, next.get()) != 1)
      return invalid("a certificate of the chain cannot be used: {}", take_openssl_error());
    next.release();  // the context's now
  }
  ERR_clear_error();
  KeyHandle key = TRY(crypto::read_private_key(identity.key));
  if (SSL_CTX_use_PrivateKey(ssl, key.get()) != 1)
    return invalid("the private key is not the certificate's: {}", take_openssl_error());
  return {};
}

Result<void> trust(SSL_CTX* ssl, const std::string& authorities) {
  MemoryBio pem = reader_of(authorities);
  X509_STORE* store = SSL_CTX_get_cert_store(ssl);
  int count = 0;
  while (Certificate next = read_certificate(pem.get())) {
    if (X509_STORE_add_cert(store, next.get()) != 1)
      return invalid("an authority's certificate cannot be used: {}", take_openssl_error());
    ++count;
  }
  ERR_clear_error();
  if (count == 0) return invalid("there is no certificate among the authorities");
  return {};
}

bool has_links_by_hash(const char* folder) {
  DIR* entries = ::opendir(folder);
  if (entries == nullptr) return false;
  bool found = false;
  while (const dirent* entry = found ? nullptr : ::readdir(entries)) {
    std::string_view name = entry->d_name;
    constexpr std::string_view hex = "0123456789abcdef";
    found = name.size() == 10 && name.ends_with(".0") && name.find_first_not_of(hex) == 8;
  }
  ::closedir(entries);
  return found;
}

// Reading the whole bundle takes some 20 ms: a folder by hash is read one authority at a time.
void trust_system(SSL_CTX* ssl) {
  const char *file = ::getenv("SSL_CERT_FILE"), *folder = ::getenv("SSL_CERT_DIR");
  if (file != nullptr || folder != nullptr) {
    if (file != nullptr) SSL_CTX_load_verify_file(ssl, file);
    if (folder != nullptr) SSL_CTX_load_verify_dir(ssl, folder);
  } else if (has_links_by_hash("/etc/ssl/certs")) {
    SSL_CTX_load_verify_dir(ssl, "/etc/ssl/certs");
  } else {
    for (const char* bundle : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                               "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"})
      if (::access(bundle, R_OK) == 0 && SSL_CTX_load_verify_file(ssl, bundle) == 1) break;
  }
  ERR_clear_error();  // without authorities nothing will verify, which says it all
}

// Of whom a certificate is asked, and whether there must be one that is believed.
Result<void> ask_for_certificates(SSL_CTX* ssl, const ServerOptions& options) {
  TRY(trust(ssl, options.client_authorities));
  MemoryBio pem = reader_of(options.client_authorities);
  while (Certificate next = read_certificate(pem.get())) SSL_CTX_add_client_CA(ssl, next.get());
  ERR_clear_error();
  if (options.client_certificates == ClientCertificates::required)
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  else  // the outcome is kept for whoever asks
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  return {};
}

Result<SslContext> new_context(const SSL_METHOD* method) {
  crypto::set_up_openssl();
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr);
  SslContext ssl(SSL_CTX_new(method));
  if (ssl == nullptr) return internal("OpenSSL: {}", take_openssl_error());
  SSL_CTX_set_min_proto_version(ssl.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(ssl.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(ssl.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
  return ssl;
}

// The server takes the first of its own protocols that the client speaks too.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned in_size, void* own) {
  const std::string& list = *static_cast<std::string*>(own);
  unsigned char* chosen = nullptr;
  int outcome = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(list.data()),
                                      static_cast<unsigned>(list.size()), in, in_size);
  *out = chosen;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

std::string protocol_list(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& protocol : protocols) {
    list += static_cast<char>(protocol.size());
    list += protocol;
  }
  return list;
}

Context::Context(std::shared_ptr<const State> state) : state_(std::move(state)) {}
Context::Context(Context&&) noexcept = default;
Context& Context::operator=(Context&&) noexcept = default;
Context::~Context() = default;

Result<Context> client_context(const ClientOptions& options) {
  SslContext ssl = TRY(new_context(TLS_client_method()));
  SSL_CTX_set_verify(ssl.get(), options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (options.verify && options.trust_system) trust_system(ssl.get());
  if (!options.authorities.empty()) TRY(trust(ssl.get(), options.authorities));
  if (options.identity) TRY(use_identity(ssl.get(), *options.identity));
  std::string list = protocol_list(options.protocols);
  SSL_CTX_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(list.data()),
                          static_cast<unsigned>(list.size()));
  return Context(std::shared_ptr<const Context::State>(
      new Context::State{std::move(ssl), wire_method(), options.verify, std::string()}));
}

Result<Context> server_context(const ServerOptions& options) {
  SslContext ssl = TRY(new_context(TLS_server_method()));
  TRY(use_identity(ssl.get(), options.identity));
  const bool asks = !options.client_authorities.empty();
  if (asks) TRY(ask_for_certificates(ssl.get(), options));
  // Tickets hold all there is to a session: nothing of those that ended stays here.
  SSL_CTX_set_session_cache_mode(ssl.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(ssl.get(), reinterpret_cast<const unsigned char*>("podo"), 4);
  SSL_CTX_set_num_tickets(ssl.get(), 1);
  auto state = std::shared_ptr<Context::State>(
      new Context::State{std::move(ssl), wire_method(), asks, protocol_list(options.protocols)});
  if (!state->protocols.empty())
    SSL_CTX_set_alpn_select_cb(state->ssl.get(), choose_protocol, &state->protocols);
  return Context(std::move(state));
}

}  // namespace podo::tls
