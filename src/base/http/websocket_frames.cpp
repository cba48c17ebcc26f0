#include "base/http/websocket_frames.h"

#include <algorithm>

namespace podo::http {
namespace {

using Kind = WebSocketEvent::Kind;

constexpr std::size_t control_max = 125;
constexpr std::uint16_t no_code = 1005;

std::uint64_t be(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

void append_be(std::string& out, std::uint64_t number, int bytes) {
  while (bytes-- > 0) out += static_cast<char>(number >> (bytes * 8) & 0xff);
}

bool is_control(WebSocketOpcode opcode) { return (static_cast<std::uint8_t>(opcode) & 8) != 0; }

bool is_known(std::uint8_t opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

// Codes that may stand in a frame (7.4).
bool may_be_sent(std::uint64_t code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

// How long the head is, as far as its first two bytes are known.
std::size_t WebSocketParser::head_size() const {
  if (head_.size() < 2) return 2;
  const auto second = static_cast<unsigned char>(head_[1]);
  const std::size_t size = second & 0x7f, more = size == 126 ? 2 : size == 127 ? 8 : 0;
  return 2 + more + ((second & 0x80) != 0 ? 4 : 0);
}

Result<> WebSocketParser::begin_frame() {
  const auto first = static_cast<std::uint8_t>(head_[0]), second = static_cast<std::uint8_t>(head_[1]);
  masked_ = (second & 0x80) != 0;
  fin_ = (first & 0x80) != 0;
  if ((first & 0x70) != 0) return corrupt("WebSocket: a reserved bit is set");
  if (!is_known(first & 0x0f)) return corrupt("WebSocket: unknown opcode {}", first & 0x0f);
  if (masked_ != (role_ == WebSocketRole::server))
    return corrupt("WebSocket: masked: {}, by the wrong side", masked_);
  opcode_ = static_cast<WebSocketOpcode>(first & 0x0f);
  const std::size_t mask_size = masked_ ? 4 : 0;
  const std::string_view size = std::string_view(head_).substr(2, head_.size() - 2 - mask_size);
  left_ = size.empty() ? second & 0x7f : be(size);
  if ((size.size() == 2 && left_ < 126) || (size.size() == 8 && (left_ >> 16 == 0 || left_ >> 63 != 0)))
    return corrupt("WebSocket: a size of {} bytes in {} bytes", left_, size.size());
  for (std::size_t i = 0; i < mask_size; ++i)
    mask_[i] = static_cast<std::uint8_t>(head_[head_.size() - 4 + i]);
  mask_at_ = 0;
  if (is_control(opcode_)) {
    if (!fin_ || left_ > control_max) return corrupt("WebSocket: a control frame of {} bytes", left_);
    control_.clear();
  } else if (in_message_ != (opcode_ == WebSocketOpcode::continuation)) {
    return corrupt("WebSocket: opcode {}; within a message: {}", first & 0x0f, in_message_);
  } else if (!in_message_) {
    in_message_ = begins_ = true;
    text_ = opcode_ == WebSocketOpcode::text;
  }
  in_frame_ = true;
  head_.clear();
  return {};
}

void WebSocketParser::unmask(std::span<std::byte> bytes) {
  if (!masked_) return;
  for (std::byte& byte : bytes) byte ^= static_cast<std::byte>(mask_[mask_at_++ & 3]);
}

WebSocketEvent WebSocketParser::piece(std::span<std::byte> bytes) {
  const bool ends = left_ == 0 && fin_;
  if (left_ == 0) in_frame_ = false;
  if (ends) in_message_ = false;
  return {.kind = Kind::piece,
          .text = text_,
          .begins = std::exchange(begins_, false),
          .ends = ends,
          .bytes = text_of(bytes)};
}

Result<WebSocketEvent> WebSocketParser::control() {
  in_frame_ = false;
  if (opcode_ == WebSocketOpcode::ping) return WebSocketEvent{.kind = Kind::ping, .bytes = control_};
  if (opcode_ == WebSocketOpcode::pong) return WebSocketEvent{.kind = Kind::pong, .bytes = control_};
  WebSocketEvent close{.kind = Kind::close, .close_code = no_code};
  if (control_.empty()) return close;
  const std::uint64_t code = be(std::string_view(control_).substr(0, 2));
  if (control_.size() < 2 || !may_be_sent(code)) return corrupt("WebSocket: a close with the code {}", code);
  close.close_code = static_cast<std::uint16_t>(code);
  close.bytes = std::string_view(control_).substr(2);
  return close;
}

Result<std::optional<WebSocketEvent>> WebSocketParser::next(std::span<std::byte>& fed) {
  for (;;) {
    if (!in_frame_) {
      while (head_.size() < head_size() && !fed.empty()) {
        head_ += static_cast<char>(fed.front());
        fed = fed.subspan(1);
      }
      if (head_.size() < 2 || head_.size() < head_size()) return std::nullopt;
      TRY(begin_frame());
    }
    const std::size_t count = std::min<std::uint64_t>(fed.size(), left_);
    if (count == 0 && left_ != 0) return std::nullopt;
    const std::span<std::byte> bytes = fed.first(count);
    fed = fed.subspan(count);
    left_ -= count;
    unmask(bytes);
    if (!is_control(opcode_)) return piece(bytes);
    control_ += text_of(bytes);
    if (left_ == 0) return TRY(control());
  }
}

void append_websocket_frame(std::string& out, WebSocketOpcode opcode, bool fin, std::string_view payload,
                            std::optional<std::uint32_t> mask) {
  const std::uint8_t masked = mask ? 0x80 : 0;
  out += static_cast<char>((fin ? 0x80 : 0) | static_cast<std::uint8_t>(opcode));
  if (payload.size() < 126) {
    out += static_cast<char>(masked | payload.size());
  } else if (payload.size() <= 0xffff) {
    out += static_cast<char>(masked | 126);
    append_be(out, payload.size(), 2);
  } else {
    out += static_cast<char>(masked | 127);
    append_be(out, payload.size(), 8);
  }
  if (!mask) {
    out += payload;
    return;
  }
  append_be(out, *mask, 4);
  for (std::size_t i = 0; i < payload.size(); ++i)
    out += static_cast<char>(payload[i] ^ static_cast<char>(*mask >> (24 - 8 * (i & 3)) & 0xff));
}

std::string websocket_close_payload(std::uint16_t code, std::string_view reason) {
  std::string out;
  append_be(out, code, 2);
  return out.append(reason.substr(0, control_max - 2));
}

}  // namespace podo::http
