#include "cluster/node/grpc_health.h"

#include <nghttp2/nghttp2.h>

#include <array>
#include <charconv>
#include <cstring>

#include "base/io/combine.h"
#include "base/io/socket.h"

namespace podo::node {
namespace {

constexpr int grpc_unimplemented = 12, grpc_not_found = 5;
constexpr std::size_t answer_bytes_max = 4096;

std::string request_message(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    message.push_back(static_cast<char>(0x0a));
    for (std::size_t left = service.size(); left != 0 || message.size() == 1; left >>= 7)
      message.push_back(static_cast<char>((left & 0x7f) | (left > 0x7f ? 0x80 : 0)));
    message.append(service);
  }
  std::string framed(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8)
    framed.push_back(static_cast<char>(message.size() >> shift & 0xff));
  return framed + message;
}

// One call on one connection, as nghttp2 sees it.
struct Call {
  nghttp2_session* session = nullptr;
  std::string request;
  std::size_t sent = 0;
  std::string answer, message;
  int status = -1;  // grpc-status
  bool closed = false;

  Call() = default;
  Call(const Call&) = delete;
  ~Call() { nghttp2_session_del(session); }
};

Call& call_of(void* user) { return *static_cast<Call*>(user); }

ssize_t give_body(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t room, std::uint32_t* flags,
                  nghttp2_data_source*, void* user) {
  Call& call = call_of(user);
  const std::size_t count = std::min(room, call.request.size() - call.sent);
  std::memcpy(into, call.request.data() + call.sent, count);
  call.sent += count;
  if (call.sent == call.request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(count);
}

int take_data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* bytes, std::size_t size,
              void* user) {
  Call& call = call_of(user);
  if (call.answer.size() + size > answer_bytes_max) return NGHTTP2_ERR_CALLBACK_FAILURE;
  call.answer.append(reinterpret_cast<const char*>(bytes), size);
  return 0;
}

int take_field(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
               const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
  Call& call = call_of(user);
  const std::string_view key(reinterpret_cast<const char*>(name), name_size);
  const std::string_view text(reinterpret_cast<const char*>(value), value_size);
  if (key == "grpc-status") std::from_chars(text.data(), text.data() + text.size(), call.status);
  if (key == "grpc-message") call.message = http::percent_decode(text);
  return 0;
}

int note_close(nghttp2_session*, std::int32_t, std::uint32_t, void* user) {
  call_of(user).closed = true;
  return 0;
}

nghttp2_nv field(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

Result<> begin(Call& call, std::string_view authority) {
  nghttp2_session_callbacks* callbacks = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) return exhausted("no memory for an HTTP/2 session");
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, take_data);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, take_field);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, note_close);
  const int made = nghttp2_session_client_new(&call.session, callbacks, &call);
  nghttp2_session_callbacks_del(callbacks);
  if (made != 0) return exhausted("no memory for an HTTP/2 session");
  nghttp2_submit_settings(call.session, NGHTTP2_FLAG_NONE, nullptr, 0);
  const std::array fields = {field(":method", "POST"),
                             field(":scheme", "http"),
                             field(":authority", authority),
                             field(":path", "/grpc.health.v1.Health/Check"),
                             field("content-type", "application/grpc"),
                             field("te", "trailers"),
                             field("user-agent", "kube-probe/1.36")};
  nghttp2_data_provider body{.source = {.ptr = nullptr}, .read_callback = give_body};
  if (nghttp2_submit_request(call.session, nullptr, fields.data(), fields.size(), &body, nullptr) < 0)
    return internal("an HTTP/2 request was refused");
  return {};
}

Task<void> send_what_is_due(Call& call, io::Stream& stream) {
  for (;;) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t count = nghttp2_session_mem_send(call.session, &bytes);
    if (count < 0) co_await corrupt("HTTP/2: {}", nghttp2_strerror(static_cast<int>(count)));
    if (count == 0) co_return;
    co_await stream.write(std::as_bytes(std::span(bytes, static_cast<std::size_t>(count))));
  }
}

// Serving is the only state that is fine.
Outcome outcome_of(const Call& call) {
  if (call.status == grpc_unimplemented)
    return {false, false,
            "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)"};
  if (call.status != 0)
    return {false, false,
            text("error: health rpc probe failed: rpc error: code = {} desc = {}",
                 call.status == grpc_not_found ? "NotFound" : text("Code({})", call.status), call.message)};
  const bool serving = call.answer.size() == 7 && call.answer[5] == 0x08 && call.answer[6] == 0x01;
  constexpr std::array<std::string_view, 4> names = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  const std::size_t number = call.answer.size() == 7 ? static_cast<unsigned char>(call.answer[6]) : 0;
  if (serving) return {true, false, "service healthy"};
  return {false, false,
          text("service unhealthy (responded with \"{}\")", names[std::min<std::size_t>(number, 3)])};
}

Task<Outcome> check(ActionGround ground, std::string host, std::uint16_t port, std::string service) {
  const auto stream = co_await io::connect_socket(ground.loop, io::Address::tcp(host, port));
  Call call;
  call.request = request_message(service);
  co_await begin(call, text("{}:{}", host.contains(':') ? text("[{}]", host) : host, port));
  std::string piece(4096, '\0');
  for (;;) {
    co_await send_what_is_due(call, *stream);
    if (call.closed) break;
    const std::size_t count = co_await stream->read(io::writable_bytes_of(piece));
    if (count == 0) co_await unavailable("the connection was closed");
    const ssize_t taken =
        nghttp2_session_mem_recv(call.session, reinterpret_cast<const std::uint8_t*>(piece.data()), count);
    if (taken < 0) co_await corrupt("HTTP/2: {}", nghttp2_strerror(static_cast<int>(taken)));
  }
  co_return outcome_of(call);
}

}  // namespace

Task<Outcome> ask_health(ActionGround ground, std::string host, std::uint16_t port, std::string service,
                         Duration within) {
  Result<Outcome> outcome =
      co_await io::deadline(check(ground, host, port, std::move(service)), within).result();
  if (outcome) co_return *std::move(outcome);
  if (outcome.error().kind() == ErrorKind::cancelled) co_return Failure(outcome.error());
  const bool late = outcome.error().system_errno() == ETIMEDOUT;
  co_return Outcome{
      false, false,
      late
          ? text("timeout: failed to connect service \"{}:{}\" within {}: context deadline exceeded", host,
                 port, text("{}s", within.ns / 1'000'000'000))
          : text("error: failed to connect service at \"{}:{}\": {}", host, port, outcome.error().message())};
}

}  // namespace podo::node
