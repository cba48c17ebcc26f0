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
// Connection lives on one. Errors: denied for a certificate that is not accepted, invalid for unusable
// options, corrupt for a peer that breaks the protocol.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

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

struct ServerOptions {
  Identity identity;
  std::string client_authorities = {};  // PEM; not empty: clients must show a certificate of theirs
  std::vector<std::string> protocols = {};
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
  explicit Context(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

Result<Context> client_context(const ClientOptions& options);
Result<Context> server_context(const ServerOptions& options);

class Connection : public io::Stream {
 public:
  virtual std::string peer_name() const = 0;  // common name of its verified certificate, or ""
  virtual std::string protocol() const = 0;   // what ALPN agreed on, or ""
};

// Both shake hands before they return. `server_name` is a DNS name or a numeric address.
io::Task<std::unique_ptr<Connection>> connect(const Context& context, std::unique_ptr<io::Stream> stream,
                                              std::string server_name);
io::Task<std::unique_ptr<Connection>> accept(const Context& context, std::unique_ptr<io::Stream> stream);

}  // namespace podo::tls
