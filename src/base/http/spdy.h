// SPDY/3.1 on a connection that was upgraded to it, as its server: streams that the client opens, each with
// headers and bytes in both directions. HTTP is not spoken on them; Kubernetes' clients use them as channels.
//
//   SpdyConnection connection(loop, co_await exchange.upgrade(101, {{"Upgrade", "SPDY/3.1"}}));
//   while (auto stream = co_await connection.accept()) { stream->headers(); stream->reply(); ... }
//   co_await io::deadline(connection.goodbye(), seconds(5));
//
// Life: made of a stream -> accept() until null: the client has gone, or broke the protocol -> destroyed, its
// streams first. A stream that is destroyed before both directions have ended is reset. All live on one loop.
//
// Memory: a writer waits while 64 KB wait to be sent; while `unread` bytes wait for readers, no more are
// taken from the connection - so who reads one stream slowly holds up the others of the connection, as
// SPDY's clients that know no windows would have it.
#pragma once

#include "base/http/spdy_session.h"
#include "base/io/group.h"

namespace podo::http {

class SpdyStream : public io::Stream {
 public:
  // read() fails with unavailable when the stream was reset or the connection ended before its FIN.
  virtual std::uint32_t id() const = 0;
  virtual const Headers& headers() const = 0;
  virtual void reply() = 0;  // SYN_REPLY; comes by itself with the first bytes
  virtual void reset(SpdyReset status) = 0;
};

class SpdyConnection {
 public:
  SpdyConnection(io::Loop& loop, std::unique_ptr<io::Stream> stream, SpdyLimits limits = {});
  ~SpdyConnection();

  Task<std::unique_ptr<SpdyStream>> accept();  // null: no more will come
  Task<void> gone();                           // until the client has gone; one may wait
  // No more streams; returns when the client has closed the connection, which it should do now.
  Task<void> goodbye();
  Task<void> flushed();  // until all that was written is with the kernel, or cannot be

 private:
  struct State;
  class Open;
  std::shared_ptr<State> state_;
  io::TaskGroup strands_;  // receiving, sending
};

}  // namespace podo::http
