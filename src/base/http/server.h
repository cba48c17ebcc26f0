// An HTTP server on a Listener: HTTP/1.1 (RFC 9112), one strand a connection, requests in order; and over
// TLS, where ALPN agrees on "h2", HTTP/2 (RFC 9113), one strand a request. Handlers need not know which.
//
//   http::Server server(loop, handler, log, {});
//   co_await server.serve(*listener);              // until it is cancelled or the listener fails
//   co_await server.serve(*tcp, &tls_context);     // the same with TLS
//
// Life: made -> serve() any number of listeners -> cancel the serving Task: idle connections close at once,
// those in a handler are cancelled. A handler sees one Exchange and ends it; one that returns without having
// answered is answered for with 500, one that fails with what to_status() makes of its Error, when the head
// has not been sent yet, as JSON {"message": "..."}. A peer that went away shows when something is written to
// it, or to a handler that awaits peer_gone(); nothing else cancels a handler. (In HTTP/2 a peer may go away
// from one request; the others go on.) Lives on one loop.
#pragma once

#include <memory>

#include "base/core/log.h"
#include "base/http/message.h"
#include "base/io/group.h"
#include "base/io/socket.h"
#include "base/tls/tls.h"

namespace podo::http {

// Who is at the other end.
struct Peer {
  std::optional<std::uint32_t> uid = {}, pid = {};  // unix sockets
  std::string address = {};                         // "10.0.0.1:4711", or "" for a unix socket
  std::string certificate_name = {};                // common name of a verified client certificate
  // All of it, when it was verified: that was when the connection was made, so mind not_after. Null: none.
  std::shared_ptr<const crypto::CertificateFacts> certificate = {};
  std::string certificate_problem = {};  // why the one that was shown is not believed: "x509: ..."; or ""
};

// One request and its answer.
//
//   exchange.method(), path(), query(), headers(), body()
//   co_await exchange.respond(200, headers, "whole body");                 // Content-Length
// or
//   co_await exchange.begin(200, headers); co_await exchange.write(...); ... co_await exchange.end();
// or
//   auto stream = co_await exchange.upgrade(101, headers);                 // the connection is the handler's
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual std::string_view method() const = 0;
  virtual std::string_view path() const = 0;  // percent-encoded, as it came, without the query
  virtual const Query& query() const = 0;
  virtual const Headers& headers() const = 0;
  virtual const Peer& peer() const = 0;
  virtual Body& body() = 0;

  virtual Task<void> respond(int status, Headers headers, std::string body) = 0;

  // begin() sends the head at once. Content-Length among the headers: so many bytes follow, and the head goes
  // with the first of them; otherwise chunked (to an HTTP/1.0 client: until the connection closes). write()
  // returns when the bytes are with the kernel; in HTTP/2, when the peer's windows have let them go.
  virtual Task<void> begin(int status, Headers headers) = 0;
  virtual Task<void> write(std::string_view bytes) = 0;
  virtual Task<void> end() = 0;
  // write() of bytes of an open file; to a socket without TLS, from the kernel's cache without a copy.
  virtual Task<void> send_file(int file, std::uint64_t offset, std::uint64_t count);

  // Sends the head and gives the connection away, with the bytes that came behind the request. The exchange
  // then is over. finish() on the stream is a half-close.
  virtual Task<std::unique_ptr<io::Stream>> upgrade(int status, Headers headers) = 0;

  // Returns when the peer has gone (for answers that wait long and write seldom). One at a time; not before
  // the body has been read. Of a peer that has sent much of its next requests already, it is never told.
  virtual Task<void> peer_gone() = 0;

  virtual bool head_sent() const = 0;
};

class Handler {
 public:
  virtual ~Handler() = default;
  virtual Task<void> handle(Exchange& exchange) = 0;
};

// Bytes, unless said otherwise.
struct ServerLimits {
  std::size_t head = 64 << 10;           // request line and fields
  std::size_t fields = 256;              // number of them
  std::size_t connections = 16'384;      // at once; more wait in the kernel's queue
  Duration head_within = seconds(30);    // from the first byte of a request to the end of its head
  Duration idle_after = seconds(120);    // a connection without a request is closed
  Duration write_within = seconds(300);  // a peer that takes no byte for so long is gone
  // HTTP/2: requests at once on a connection, and bytes of bodies no handler has read yet.
  std::uint32_t streams = 250;
  std::int32_t stream_window = 256 << 10, connection_window = 4 << 20;
};

class Server {
 public:
  Server(io::Loop& loop, Handler& handler, Log& log, ServerLimits limits);
  ~Server();
  Task<void> serve(io::Listener& listener);
  // The kernel's sockets: handlers learn who is at the other end. With `tls`, connections are encrypted.
  Task<void> serve(io::SocketListener& listener, const tls::Context* tls = nullptr);
  // One connection of HTTP/1.1, from whatever made it (a socket pair in a test, an in-process client).
  Task<void> serve_connection(std::unique_ptr<io::Stream> stream, Peer peer);

 private:
  struct State;
  struct Counted;
  Task<void> serve_counted(std::unique_ptr<Counted> counted, std::unique_ptr<io::Stream> stream, Peer peer,
                           io::Socket* socket = nullptr);
  Task<void> serve_secure(std::unique_ptr<Counted> counted, std::unique_ptr<io::Stream> stream, Peer peer,
                          const tls::Context* tls);
  std::unique_ptr<State> state_;
};

int to_status(
    ErrorKind kind);  // not_found 404, already_exists and conflict 409, invalid 400, denied 403, ...

}  // namespace podo::http
