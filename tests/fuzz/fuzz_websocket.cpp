// Any bytes as what a peer of a WebSocket sends: nothing breaks, no more is told than came, and the same
// whether they come at once or in pieces. The first byte of the input chooses the side (its lowest bit).
#include <cstddef>
#include <cstdint>

#include "base/core/ensure.h"
#include "base/http/websocket_frames.h"
#include "base/io/stream.h"

namespace podo::http {
namespace {

std::string told_of(std::string bytes, WebSocketRole role, std::size_t piece) {
  WebSocketParser parser(role);
  std::string told;
  std::size_t payload = 0;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    auto fed = io::writable_bytes_of(bytes).subspan(at, std::min(piece, bytes.size() - at));
    for (;;) {
      const auto event = parser.next(fed);
      if (!event) return told + "!";
      if (!*event) break;
      const WebSocketEvent& e = **event;
      payload += e.bytes.size();
      if (e.kind != WebSocketEvent::Kind::piece || e.begins)
        told += text("[{} {} ", static_cast<int>(e.kind), e.text);
      told += e.bytes;
      if (e.ends) told += "]";
    }
    ENSURE(fed.empty());
  }
  ENSURE(payload <= bytes.size());
  return told;
}

}  // namespace
}  // namespace podo::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo::http;
  if (size < 2) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const WebSocketRole role = (data[0] & 1) != 0 ? WebSocketRole::client : WebSocketRole::server;
  const std::string at_once = told_of(bytes, role, bytes.size());
  ENSURE(told_of(bytes, role, 1) == at_once);
  ENSURE(told_of(bytes, role, 5) == at_once);
  return 0;
}
