// WebSocket (RFC 6455): messages in both directions over a connection that began as HTTP/1.1.
//
//   if (wants_websocket(exchange.headers())) {
//     auto socket = co_await accept_websocket(exchange, "v5.channel.k8s.io");
//     while (auto piece = co_await socket->receive()) { ... co_await socket->send(false, "...") ... }
//     co_await io::deadline(socket->close(1000), seconds(5));
//   }
//
// Life: made by a handshake -> receive() until nothing: the peer said goodbye -> close(). Messages come in
// pieces, so none is too long, and who reads slowly holds the peer back. Pings are answered inside receive();
// send() waits while 64 KB wait to be sent. One strand receives; any may send. Lives on one loop.
#pragma once

#include <memory>

#include "base/core/random.h"
#include "base/http/outbox.h"
#include "base/http/server.h"
#include "base/http/websocket_frames.h"
#include "base/io/group.h"
#include "base/io/receive_buffer.h"

namespace podo::http {

class WebSocket {
 public:
  // `random`: for a client's masks; a server needs none.
  WebSocket(io::Loop& loop, std::unique_ptr<io::Stream> stream, Random* random = nullptr);

  struct Piece {
    bool text = false, begins = false, ends = false;
    std::string_view bytes;  // until the next receive()
  };
  // Nothing: the peer closed. Fails with corrupt when it broke the protocol (it is told so), with unavailable
  // when it went away without a word.
  Task<std::optional<Piece>> receive();
  Task<void> send(bool text, std::string_view message);
  // Says goodbye and returns when the peer did, too, or has gone. What it still sends is passed over.
  Task<void> close(std::uint16_t code, std::string reason = {});
  void say_goodbye(std::uint16_t code, std::string_view reason = {});  // the first half of close()
  Task<void> flushed() { return outbox_.flushed(); }

 private:
  void put(WebSocketOpcode opcode, std::string_view payload);

  std::unique_ptr<io::Stream> stream_;
  Random* random_;
  WebSocketParser parser_;
  io::ReceiveBuffer buffer_;
  std::span<std::byte> fed_;  // what of buffer_ the parser has not taken yet
  Outbox outbox_;
  bool said_goodbye_ = false, over_ = false;
  io::TaskGroup strands_;  // sending; dies first
};

// --- the handshake (4.2) ---
bool wants_websocket(const Headers& headers);
std::vector<std::string_view> offered_subprotocols(const Headers& headers);  // as the client prefers them
std::string websocket_accept(std::string_view key);                          // Sec-WebSocket-Accept
// `subprotocol` "": none is agreed on. invalid when the request is no proper handshake: not yet answered
// then.
Task<std::unique_ptr<WebSocket>> accept_websocket(Exchange& exchange, std::string_view subprotocol);

// The bytes of messages as a stream: what is written goes as binary messages, finish() says goodbye.
std::unique_ptr<io::Stream> stream_of_messages(std::unique_ptr<WebSocket> socket);

}  // namespace podo::http
