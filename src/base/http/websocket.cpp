#include "base/http/websocket.h"

#include "base/crypto/sha1.h"
#include "base/format/base64.h"

namespace podo::http {
namespace {

using Kind = WebSocketEvent::Kind;

constexpr std::size_t receive_size = 32 << 10;
constexpr std::size_t waiting_max = 64 << 10;   // bytes to be sent, of writers
constexpr std::size_t control_max = 256 << 10;  // with answers to what the peer keeps sending
constexpr std::uint16_t protocol_error = 1002;

}  // namespace

WebSocket::WebSocket(io::Loop& loop, std::unique_ptr<io::Stream> stream, Random* random)
    : stream_(std::move(stream)),
      random_(random),
      parser_(random == nullptr ? WebSocketRole::server : WebSocketRole::client),
      buffer_(receive_size),
      outbox_(*stream_),
      strands_(loop) {
  strands_.spawn(outbox_.run(), "WebSocket: send");
}

void WebSocket::put(WebSocketOpcode opcode, std::string_view payload) {
  if (said_goodbye_) return;
  std::optional<std::uint32_t> mask;
  if (random_ != nullptr) mask = static_cast<std::uint32_t>(random_->next());
  std::string frame;
  append_websocket_frame(frame, opcode, true, payload, mask);
  outbox_.put(frame);
}

Task<std::optional<WebSocket::Piece>> WebSocket::receive() {
  while (!over_) {
    auto event = parser_.next(fed_);
    if (!event) {
      over_ = true;
      say_goodbye(protocol_error, event.error().message());
      co_return Failure(std::move(event).error());
    }
    if (!*event) {
      co_await outbox_.room(control_max);
      const std::span<std::byte> space = buffer_.space();
      const std::size_t count = co_await stream_->read(space);
      if (count == 0) {
        over_ = true;
        co_return unavailable("the connection was closed");
      }
      buffer_.filled(count);
      fed_ = space.first(count);
    } else if (const WebSocketEvent& told = **event; told.kind == Kind::piece) {
      co_return Piece{told.text, told.begins, told.ends, told.bytes};
    } else if (told.kind == Kind::ping) {
      put(WebSocketOpcode::pong, told.bytes);
    } else if (told.kind == Kind::close) {
      over_ = true;
      say_goodbye(told.close_code == 1005 ? 1000 : told.close_code);
    }
  }
  co_return std::nullopt;
}

Task<void> WebSocket::send(bool text, std::string_view message) {
  co_await outbox_.room(waiting_max);
  if (said_goodbye_) co_await unavailable("the connection was closed");
  put(text ? WebSocketOpcode::text : WebSocketOpcode::binary, message);
}

void WebSocket::say_goodbye(std::uint16_t code, std::string_view reason) {
  put(WebSocketOpcode::close, websocket_close_payload(code, reason));
  said_goodbye_ = true;
}

Task<void> WebSocket::close(std::uint16_t code, std::string reason) {
  say_goodbye(code, reason);
  co_await flushed();
  for (;;) {
    const auto piece = co_await receive().result();
    if (!piece || !*piece) co_return;
  }
}

// --- the handshake ----------------------------------------------------------------------------------------

bool wants_websocket(const Headers& headers) {
  return headers.has_word("Connection", "Upgrade") && headers.has_word("Upgrade", "websocket");
}

std::vector<std::string_view> offered_subprotocols(const Headers& headers) {
  return headers.words("Sec-WebSocket-Protocol");
}

std::string websocket_accept(std::string_view key) {
  return base64::encode(crypto::sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

Task<std::unique_ptr<WebSocket>> accept_websocket(Exchange& exchange, std::string_view subprotocol) {
  const Headers& headers = exchange.headers();
  const std::string_view key = headers.get("Sec-WebSocket-Key");
  const auto nonce = base64::decode(key);
  if (exchange.method() != "GET") co_return invalid("a WebSocket handshake is a GET");
  if (headers.get("Sec-WebSocket-Version") != "13") co_return invalid("unsupported WebSocket version");
  if (!nonce || nonce->size() != 16) co_return invalid("a WebSocket handshake needs a key of 16 bytes");
  Headers answer = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", websocket_accept(key)}};
  if (!subprotocol.empty()) answer.add("Sec-WebSocket-Protocol", std::string(subprotocol));
  auto stream = co_await exchange.upgrade(101, std::move(answer));
  co_return std::make_unique<WebSocket>(co_await io::this_loop(), std::move(stream));
}

// --- messages as a stream ---------------------------------------------------------------------------------

namespace {

class MessageStream final : public io::Stream {
 public:
  explicit MessageStream(std::unique_ptr<WebSocket> socket) : socket_(std::move(socket)) {}

  Task<std::size_t> read(std::span<std::byte> into) override {
    if (into.empty()) co_return std::size_t{0};
    while (rest_.empty()) {
      const auto piece = co_await socket_->receive();
      if (!piece) co_return std::size_t{0};
      rest_ = piece->bytes;
    }
    const std::size_t count = std::min(into.size(), rest_.size());
    rest_.copy(reinterpret_cast<char*>(into.data()), count);
    rest_.remove_prefix(count);
    co_return count;
  }
  Task<void> write(std::span<const std::byte> bytes) override {
    return socket_->send(false, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  Result<void> finish() override {
    socket_->say_goodbye(1000);
    return {};
  }

 private:
  std::unique_ptr<WebSocket> socket_;
  std::string_view rest_;  // of a piece; the socket's until its next receive()
};

}  // namespace

std::unique_ptr<io::Stream> stream_of_messages(std::unique_ptr<WebSocket> socket) {
  return std::make_unique<MessageStream>(std::move(socket));
}

}  // namespace podo::http
