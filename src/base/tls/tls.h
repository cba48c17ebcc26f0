// TLS 1.2 and 1.3 (RFC 8446) over any stream, for clients and servers, by OpenSSL.
//
//   tls::Context context = co_await tls::client_context({});          // once for many connections
//   auto connection = co_await tls::connect(context, std::move(stream), "registry.example");
//   co_await connection->write(...);                                  // an io::Stream like the one below it
//
// Life: a Context is made of options -> any number of connections from it; it lives until the last of them
// has shaken hands. A Connection owns the stream below it. finish() sends the farewell (close_notify) in the
// background: who destroys the connection before the peer had it cuts the peer's bytes off, which it can tell
// from their end. So does this side: bytes that end without a farewell are corrupt.
//
// A name is verified against the certificate's alternative names, an address against its addresses. Nothing
// of OpenSSL is set up before the first Context; a client that verifies reads the system's certificates then,
// from a folder with links by hash one by one as they are needed. A Context may be shared by loops; a
// Connection lives on one. A server changes its certificate by assigning a new Context to the one it serves
// with: connections that are there keep what they began with, and the tickets for resuming them end. Sessions
// are resumed by tickets only; a server remembers none.
//
// Errors: denied for a certificate that is not accepted, invalid for unusable options, corrupt for a peer
// that breaks the protocol.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/crypto/certificate.h"
#include "base/io/stream.h"

namespace podo::tls {

// A certificate (and those that vouch for it, in order) with its private key; both PEM.
struct Identity {
  std::string certificates, key;
};

struct ClientOptions {
  bool verify = true;            // false: whoever answers is believed
  bool trust_system = true;      // the system's authorities (or those of SSL_CERT_FILE, SSL_CERT_DIR)
  std::string authorities = {};  // PEM; these are trusted too
  std::optional<Identity> identity = {};    // for servers that ask who the client is
  std::vector<std::string> protocols = {};  // ALPN, such as "http/1.1"; empty: not spoken of
};

// required: who shows none that is believed is refused. optional: everybody may connect, and the connection
// tells whether a certificate was shown and is believed.
enum class ClientCertificates : std::uint8_t { required, optional };

struct ServerOptions {
  Identity identity;
  std::string client_authorities = {};  // PEM; not empty: clients are asked for a certificate of theirs
  ClientCertificates client_certificates = ClientCertificates::required;
  std::vector<std::string> protocols = {};  // ALPN, the most wanted first
};

class Context {
 public:
  Context(Context&&) noexcept;
  Context& operator=(Context&&) noexcept;
  ~Context();

 private:
  friend struct Session;
  friend Result<Context> client_context(const ClientOptions& options);
  friend Result<Context> server_context(const ServerOptions& options);
  struct State;
  explicit Context(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;  // sessions keep it
};

Result<Context> client_context(const ClientOptions& options);
Result<Context> server_context(const ServerOptions& options);

class Connection : public io::Stream {
 public:
  virtual std::string peer_name() const = 0;  // common name of its verified certificate, or ""
  virtual std::string protocol() const = 0;   // what ALPN agreed on, or ""
  // The peer's certificate if it is believed (it was when the connection or the session it resumes was made:
  // see not_after); null: none, or not believed.
  virtual std::shared_ptr<const crypto::CertificateFacts> peer_certificate() const = 0;
  // Why the one that was shown is not: "x509: certificate signed by unknown authority"; or "".
  virtual std::string peer_certificate_problem() const = 0;
};

// Both shake hands before they return. `server_name` is a DNS name or a numeric address.
io::Task<std::unique_ptr<Connection>> connect(const Context& context, std::unique_ptr<io::Stream> stream,
                                              std::string server_name);
io::Task<std::unique_ptr<Connection>> accept(const Context& context, std::unique_ptr<io::Stream> stream);

}  // namespace podo::tls
