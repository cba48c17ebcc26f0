// Port forwarding over SPDY: the client opens two streams for each connection, `error` and `data`, and says
// which belong together and which port is meant. Pure, but for the streams it keeps.
//
//   streamType: error | data     port: 1..65535     requestID: any text; without one, streams follow one
// another
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/http/spdy.h"

namespace podo::node_api {

struct PortPair {
  std::uint16_t port = 0;
  std::unique_ptr<http::SpdyStream> error, data;
};

class PortPairs {
 public:
  // A whole pair, or nothing yet. invalid: what is wrong with the stream, which is reset.
  Result<std::optional<PortPair>> add(std::unique_ptr<http::SpdyStream> stream);
  // The key of the pair that the last stream began; one that is not whole by then is given up.
  const std::string& newest() const { return newest_; }
  void give_up(const std::string& key) { begun_.erase(key); }

 private:
  std::map<std::string, PortPair> begun_;
  std::string newest_;
};

}  // namespace podo::node_api
