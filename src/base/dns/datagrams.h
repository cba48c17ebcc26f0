// A UDP socket on a loop. One strand may wait for datagrams at a time.
#pragma once

#include <sys/socket.h>

#include <string>

#include "base/core/ip_address.h"
#include "base/io/epoll_loop.h"
#include "base/io/fd.h"

namespace podo::dns {

struct Peer {  // an address and a port, as the kernel has it
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  Peer() = default;
  Peer(const IpAddress& address, std::uint16_t port);
  IpAddress address() const;
  std::uint16_t port() const;
};

class Datagrams {
 public:
  Datagrams(io::EpollLoop& loop, io::Fd socket) : socket_(std::move(socket)), ready_(loop, socket_.get()) {}
  // From a port the kernel chooses, to this peer only.
  static Result<io::Fd> connected_to(const Peer& peer);

  struct Datagram {
    std::string bytes;
    Peer from;
  };
  io::Task<Datagram> receive(std::size_t bytes_max = 4096);    // what is longer is cut
  Result<> send(std::string_view bytes);                       // to the connected peer
  Result<> send_to(std::string_view bytes, const Peer& peer);  // lost when the buffer is full, as on the wire

 private:
  io::Fd socket_;
  io::Readiness ready_;
};

}  // namespace podo::dns
