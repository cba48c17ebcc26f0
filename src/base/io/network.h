// Network: the door to other machines and programs. Two makers keep its contract (testsuite/network_suite.h):
// SystemNetwork (sockets) and the nodes of a SimulatedNetwork.
//
//   address := "tcp:" host ":" port | "unix:" path          host of IPv6 in brackets: tcp:[::1]:80
//
// A host is a numeric address here, and a node's name in the simulation: names are resolved elsewhere. Port 0
// lets the network choose. A path that begins with '@' is an abstract unix name.
//
// Errors: nobody listens, no way, or the peer is gone: unavailable; the address is taken: already_exists.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/io/stream.h"

namespace podo::io {

struct Address {
  enum class Kind : std::uint8_t { tcp, unix_path };
  Kind kind = Kind::tcp;
  std::string host;  // the path for Kind::unix_path
  std::uint16_t port = 0;

  static Address tcp(std::string host, std::uint16_t port) { return {Kind::tcp, std::move(host), port}; }
  static Address unix_path(std::string path) { return {Kind::unix_path, std::move(path), 0}; }
  static Result<Address> parse(std::string_view text);
  std::string to_text() const;
  bool operator==(const Address&) const = default;
};

// A Listener that knows where it listens, with the port that was chosen.
class NetworkListener : public Listener {
 public:
  virtual Address address() const = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  virtual Task<std::unique_ptr<NetworkListener>> listen(Address address) = 0;
  virtual Task<std::unique_ptr<Stream>> connect(Address address) = 0;
};

}  // namespace podo::io
