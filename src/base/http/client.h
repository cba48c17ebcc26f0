// An HTTP/1.1 client: requests to origins over connections that are kept and used again.
//
//   http::Client client(loop, connector, {});
//   http::Response answer = co_await client.send({.method = "GET", .url = "https://registry.example/v2/"});
//   std::string text = co_await read_all(*answer.body, 1 << 20);
//
// Life: made -> any number of calls, side by side -> destroyed after all answers of it. A request is repeated
// by itself only when a kept connection turned out closed before any byte of an answer, and the body can be
// given again. Redirects are the caller's (a registry must not send its token to another host); what a
// Location means, Url::resolve says. Lives on one loop.
#pragma once

#include <functional>
#include <memory>

#include "base/core/clock.h"
#include "base/http/message.h"
#include "base/io/network.h"

namespace podo::http {

// scheme://[host]:port/path?query; "unix" scheme: the host is a percent-encoded path of a socket.
struct Url {
  std::string scheme, host;  // host without the brackets of IPv6
  std::uint16_t port = 0;    // the scheme's when none was given
  std::string target = "/";  // path and query, encoded
  static Result<Url> parse(std::string_view text);
  std::string origin() const;     // "https://host:port"
  std::string authority() const;  // "host", "host:port": what a Host field says
  std::string to_text() const;
  // What a Location field of an answer from here means: an absolute URL, or one that is relative to this one.
  Result<Url> resolve(std::string_view reference) const;
};

// Where connections come from: name resolution, TCP or unix sockets, and TLS.
class Connector {
 public:
  virtual ~Connector() = default;
  virtual Task<std::unique_ptr<io::Stream>> connect(const Url& url) = 0;
};

struct Request {
  std::string method = "GET";
  std::string url;
  Headers headers = {};
  std::string body = {};
  // A body that is produced while it is sent; it takes the place of `body`. With `body_size` it goes with a
  // Content-Length, else chunked. An answer may come before all of it was sent: it must live until the
  // answer's body has been read to its end or dropped, or the call has failed. Its failure is the call's, or
  // the answer's body's.
  Body* streamed_body = nullptr;
  std::optional<std::uint64_t> body_size = {};
};

struct Response {
  int status = 0;
  Headers headers;
  std::unique_ptr<Body> body;  // dropped before its end: the connection is closed, not kept
};

struct ClientLimits {
  std::size_t head = 64 << 10;
  std::size_t kept_connections = 8;  // an origin
  Duration kept_for = seconds(30);
  Duration connect_within = seconds(15);
  Duration answer_within = seconds(0);  // from the end of the request to the head; 0: as long as it takes
  Duration read_within = seconds(0);    // a body that brings no byte for so long has stalled: unavailable
};

class Client {
 public:
  Client(io::Loop& loop, Connector& connector, ClientLimits limits);
  ~Client();
  Task<Response> send(Request request);

  // A request whose connection becomes the caller's (101, or 200 with a raw stream as old daemons answer).
  struct Upgraded {
    Response response;                   // another status: an ordinary answer, and no stream
    std::unique_ptr<io::Stream> stream;  // with the bytes that came behind the head
  };
  Task<Upgraded> upgrade(Request request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podo::http
