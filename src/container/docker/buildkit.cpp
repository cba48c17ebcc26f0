// What BuildKit's clients (docker buildx) open before they build: /session and /grpc. Podo has a builder of
// its own and no BuildKit; a status alone would leave people with "unable to upgrade to h2c, received 501",
// so every call of theirs is answered, with a failure that says what to do.
//
//   connection := preface frame*                         HTTP/2 (RFC 9113), as little of it as that takes
//   frame      := length:be24 type:u8 flags:u8 stream:be32 payload
//   answer     := HEADERS { :status 200, content-type application/grpc, grpc-status, grpc-message }
#include "container/docker/handlers.h"

namespace podo::docker {
namespace {

constexpr std::string_view advice =
    "Podo has a builder of its own and no BuildKit. Use it with: DOCKER_BUILDKIT=0 docker build (or docker "
    "compose build), or: podo build";
constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t frame_head = 9, frame_max = 16384;  // the latter holds until somebody agrees on more

enum Type : std::uint8_t { headers = 1, settings = 4, ping = 6, go_away = 7 };
constexpr std::uint8_t ack = 1, end_of_stream_and_headers = 1 | 4;

void append_frame(std::string& out, Type type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload) {
  for (const int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift);
  out += payload;
}

// HPACK (RFC 7541) 5.2: a string as it is, its length with a prefix of 7 bits.
void append_string(std::string& out, std::string_view value) {
  std::size_t length = value.size();
  if (length < 127) {
    out += static_cast<char>(length);
  } else {
    out += '\x7f';
    for (length -= 127; length >= 128; length >>= 7) out += static_cast<char>(0x80 | (length & 0x7f));
    out += static_cast<char>(length);
  }
  out += value;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += '\0';  // a literal that nobody remembers
  append_string(out, name);
  append_string(out, value);
}

std::string refusal() {
  constexpr std::string_view failed_precondition = "9";
  std::string block = "\x88";  // :status 200
  append_field(block, "content-type", "application/grpc");
  append_field(block, "grpc-status", failed_precondition);
  append_field(block, "grpc-message", advice);
  return block;
}

// What one frame is answered with; "" for those that need no answer.
std::string reply_to(std::string_view head, std::string_view payload) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(head[at]); };
  const std::uint32_t stream = (byte(5) & 0x7fu) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
  std::string out;
  if (byte(3) == headers) append_frame(out, headers, end_of_stream_and_headers, stream, refusal());
  if (byte(3) == settings && (byte(4) & ack) == 0) append_frame(out, settings, ack, 0, "");
  if (byte(3) == ping && (byte(4) & ack) == 0) append_frame(out, ping, ack, 0, payload);
  return out;
}

Task<void> refuse_calls(std::unique_ptr<io::Stream> client) {
  std::string pending, piece(frame_max, '\0'), begin;
  append_frame(begin, settings, 0, 0, "");
  co_await client->write(io::bytes_of(begin));
  bool greeted = false;
  for (;;) {
    const std::size_t count = co_await client->read(io::writable_bytes_of(piece));
    if (count == 0) co_return;
    pending.append(piece, 0, count);
    if (!greeted && pending.size() < preface.size()) continue;
    if (!greeted && !pending.starts_with(preface)) co_return;
    if (!std::exchange(greeted, true)) pending.erase(0, preface.size());
    while (pending.size() >= frame_head) {
      const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(pending[at]); };
      const std::size_t length = byte(0) << 16 | byte(1) << 8 | byte(2);
      if (length > frame_max || byte(3) == go_away) co_return;
      if (pending.size() < frame_head + length) break;
      const std::string reply = reply_to(std::string_view(pending).substr(0, frame_head),
                                         std::string_view(pending).substr(frame_head, length));
      if (!reply.empty()) co_await client->write(io::bytes_of(reply));
      pending.erase(0, frame_head + length);
    }
  }
}

Task<std::unique_ptr<io::Stream>> upgrade(Call& call) {
  if (call.exchange.headers().get("Upgrade") != "h2c") co_return unsupported("{}", advice);
  http::Headers fields = call.headers();
  fields.add("Connection", "Upgrade");
  fields.add("Upgrade", "h2c");
  co_return co_await call.exchange.upgrade(101, std::move(fields));
}

}  // namespace

// Here the daemon would ask and the client answer. Nothing is asked: the build that comes beside it is
// refused.
Task<void> hold_session(Call& call) {
  const auto client = co_await upgrade(call);
  std::string piece(4096, '\0');
  while (co_await client->read(io::writable_bytes_of(piece)) != 0) {}
}

Task<void> refuse_buildkit(Call& call) {
  auto client = co_await upgrade(call);
  (void)co_await refuse_calls(std::move(client)).result();  // a client that goes away has been told
}

}  // namespace podo::docker
