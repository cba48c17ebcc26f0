#include "cluster/node_api/port_pairs.h"

#include "base/core/number.h"

namespace podo::node_api {
namespace {

Result<std::uint16_t> port_of(std::string_view text) {
  const auto port = whole_number<std::uint16_t>(text);
  if (!port || *port == 0) return invalid("\"{}\" is no port", text);
  return *port;
}

// The error stream of a connection comes first; its data stream has the next id.
std::string key_of(const http::SpdyStream& stream, bool is_data) {
  if (const auto id = stream.headers().find("requestID")) return std::string(*id);
  return text("#{}", stream.id() - (is_data ? 2 : 0));
}

}  // namespace

Result<std::optional<PortPair>> PortPairs::add(std::unique_ptr<http::SpdyStream> stream) {
  const std::string_view type = stream->headers().get("streamType");
  if (type != "error" && type != "data") return invalid("invalid stream type \"{}\"", type);
  const std::uint16_t port = TRY(port_of(stream->headers().get("port")));
  const std::string key = key_of(*stream, type == "data");
  PortPair& pair = begun_[key];
  auto& place = type == "error" ? pair.error : pair.data;
  if (place || (pair.port != 0 && pair.port != port))
    return invalid("two {} streams of request {}", type, key);
  pair.port = port;
  place = std::move(stream);
  place->reply();
  newest_ = key;
  if (!pair.error || !pair.data) return std::nullopt;
  PortPair whole = std::move(pair);
  begun_.erase(key);
  return whole;
}

}  // namespace podo::node_api
