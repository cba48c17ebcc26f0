// The receiving half of a connection: messages out of a stream's bytes, one after the other. What was read
// beyond a message is kept for the next one, or given out when the connection changes hands.
//
//   while (co_await incoming.wait_for_bytes()) { co_await incoming.read_head(); read_body() ... }
//
// Borrows its stream. One read at a time; one that is cancelled takes no bytes away. Lives on the stream's
// loop. Private to base/http.
#pragma once

#include "base/http/parser.h"

namespace podo::http {

class Incoming {
 public:
  Incoming(io::Stream& stream, Parser::Kind kind, Parser::Limits limits)
      : stream_(stream), parser_(kind, limits) {}

  // Until a byte of the next message is there; false: the peer's bytes have ended.
  Task<bool> wait_for_bytes();

  // The next head. `no_body`: it answers a HEAD. Fails with corrupt when the bytes end within it.
  Task<void> read_head(bool no_body = false);
  Head& head() { return parser_.head(); }
  const Head& head() const { return parser_.head(); }

  Task<std::size_t> read_body(std::span<std::byte> into);  // 0 at the end of the message
  bool message_complete() const { return parser_.message_complete(); }

  // Returns when the peer's bytes have ended or its connection broke; what comes before is kept, as long as
  // there is room for it.
  Task<void> wait_for_end();

  std::string take_rest();  // bytes behind the message

 private:
  std::span<const std::byte> rest() const { return io::bytes_of(buffer_).subspan(begin_, end_ - begin_); }
  Task<std::size_t> fill();

  io::Stream& stream_;
  Parser parser_;
  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0;  // what of the buffer is not used yet
};

// A stream that gives `first` before its own bytes: for whoever takes a connection over.
std::unique_ptr<io::Stream> resume_stream(std::unique_ptr<io::Stream> stream, std::string first);

}  // namespace podo::http
