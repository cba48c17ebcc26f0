#include "cluster/apiserver/log_socket.h"

#include "base/format/base64.h"
#include "base/http/websocket.h"
#include "base/io/combine.h"
#include "base/io/timer.h"
#include "cluster/audit/audit.h"

namespace podo::apiserver {
namespace {

constexpr std::string_view binary = "binary.k8s.io", base64_ = "base64.binary.k8s.io";
constexpr std::size_t piece_bytes = 32 << 10;
constexpr Duration goodbye_within = seconds(5);

Result<std::string_view> protocol_of(Request& request) {
  const auto offered = http::offered_subprotocols(request.exchange.headers());
  for (const std::string_view each : offered)
    if (each == binary || each == base64_) return each == binary ? binary : base64_;
  if (offered.empty()) return std::string_view();
  return request.refuse(
      kube::bad_request(text("the server supports the protocols {} and {}", binary, base64_)));
}

Task<void> send_log(http::WebSocket& socket, http::Body& log, bool as_text) {
  co_await socket.send(as_text, "");
  std::string piece(piece_bytes, '\0');
  while (const std::size_t count = co_await log.read(io::writable_bytes_of(piece))) {
    const std::string_view bytes = std::string_view(piece).substr(0, count);
    if (as_text) co_await socket.send(true, base64::encode(bytes));
    else co_await socket.send(false, bytes);
  }
  socket.say_goodbye(1000);
  co_await socket.flushed();
}

// What a client says is passed over; its goodbye ends it.
Task<void> hear(http::WebSocket& socket) {
  while (co_await socket.receive()) continue;
}

Task<void> send_then_wait(http::WebSocket& socket, http::Body& log, bool as_text) {
  co_await send_log(socket, log, as_text);
  co_await io::sleep(goodbye_within);  // the client has so long to say its own
}

}  // namespace

Task<void> pass_log_as_messages(Request& request, http::Body& log) {
  const std::string_view protocol = co_await protocol_of(request);
  const auto socket = co_await http::accept_websocket(request.exchange, protocol);
  request.status = 101;
  if (request.trail) request.trail->started(101);
  const auto ended =
      co_await io::first(send_then_wait(*socket, log, protocol == base64_), hear(*socket)).result();
  if (!ended && ended.error().kind() == ErrorKind::cancelled) co_await Result<void>(ended);
}

}  // namespace podo::apiserver
