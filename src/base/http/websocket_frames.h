// The frames of WebSocket (RFC 6455, section 5): what an end receives, synchronous, so that a fuzz target can
// feed it; and how frames are written. Private to base/http; websocket.h is the face.
//
//   frame   := fin:1 rsv:3 opcode:4 masked:1 size:7 [ size:16 | size:64 ] [ mask:32 ] payload
//              rsv = 0 (no extensions); size 126: 16 bits follow, 127: 64; the shortest form that fits
//   opcode  := 0 continuation | 1 text | 2 binary | 8 close | 9 ping | 10 pong
//   message := (text | binary) continuation*            the last one has fin; control frames come in between
//   close   := [ code:16 reason ]
//
// Clients mask what they send, servers do not. Frames of control have fin and at most 125 bytes. A message
// has no limit: it comes in pieces, as its bytes arrive, and nothing of it is kept here. Text is not looked
// at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::http {

enum class WebSocketRole : std::uint8_t { server, client };
enum class WebSocketOpcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

struct WebSocketEvent {
  enum class Kind : std::uint8_t { piece, ping, pong, close } kind = Kind::piece;
  // A piece of a message: whether it is text, and whether the message begins or ends with it. A piece may be
  // empty; views what was fed, or for control frames the parser, until the next call.
  bool text = false, begins = false, ends = false;
  std::string_view bytes = {};
  std::uint16_t close_code = 0;  // 1005: none was sent
};

class WebSocketParser {
 public:
  explicit WebSocketParser(WebSocketRole role) : role_(role) {}
  // Takes bytes off the front of `fed`, unmasking them in place, until there is something to tell; nothing:
  // all of it was taken. Fails with corrupt (the code 1002 of a close) when the peer breaks the protocol.
  Result<std::optional<WebSocketEvent>> next(std::span<std::byte>& fed);

 private:
  Result<> begin_frame();
  std::size_t head_size() const;
  WebSocketEvent piece(std::span<std::byte> bytes);
  Result<WebSocketEvent> control();
  void unmask(std::span<std::byte> bytes);

  WebSocketRole role_;
  std::string head_, control_;
  std::uint64_t left_ = 0;  // of the frame's payload
  std::uint8_t mask_[4] = {};
  std::size_t mask_at_ = 0;
  WebSocketOpcode opcode_ = WebSocketOpcode::continuation;
  bool in_frame_ = false, fin_ = false, masked_ = false;
  bool in_message_ = false, text_ = false, begins_ = false;
};

// Appends one frame; `mask`: of a client, four bytes nobody can foretell.
void append_websocket_frame(std::string& out, WebSocketOpcode opcode, bool fin, std::string_view payload,
                            std::optional<std::uint32_t> mask);
std::string websocket_close_payload(std::uint16_t code, std::string_view reason);

}  // namespace podo::http
