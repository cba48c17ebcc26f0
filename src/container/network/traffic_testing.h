// Sockets of tests: made in any namespace by the test's own thread, blocking, with a limit on every wait.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "base/core/ip_address.h"
#include "base/io/fd.h"
#include "base/linux/namespaces.h"

namespace podo::network {

struct Place {
  sockaddr_storage storage{};
  socklen_t size = 0;
  Place() : size(sizeof storage) {}
  Place(const std::string& words, std::uint16_t port) {
    const IpAddress address = *IpAddress::parse(words);
    if (address.is_v4()) {
      auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      std::memcpy(&v4.sin_addr, address.bytes().data(), 4);
      size = sizeof v4;
    } else {
      auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      std::memcpy(&v6.sin6_addr, address.bytes().data(), 16);
      size = sizeof v6;
    }
  }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  std::string address() const {
    if (storage.ss_family == AF_INET) {
      const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
      return IpAddress::from_bytes({reinterpret_cast<const char*>(&v4.sin_addr), 4}).to_text();
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    return IpAddress::from_bytes({reinterpret_cast<const char*>(&v6.sin6_addr), 16}).to_text();
  }
};

inline io::Fd socket_in(const io::Fd& where, int family, int type, int patience_ms = 400) {
  // The kernel joins the groups that IPv6 finds neighbours by in its own time; who comes first asks again
  // after a second.
  if (family == AF_INET6) patience_ms = std::max(patience_ms, 2500);
  const auto visit = *linux::NetworkNamespaceVisit::enter(where);
  io::Fd made(::socket(family, type | SOCK_CLOEXEC, 0));
  const timeval limit{.tv_sec = patience_ms / 1000, .tv_usec = patience_ms % 1000 * 1000};
  ::setsockopt(made.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(made.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  return made;
}

inline io::Fd listen_in(const io::Fd& where, const std::string& address, std::uint16_t port) {
  Place place(address, port);
  io::Fd made = socket_in(where, place.storage.ss_family, SOCK_STREAM);
  const int on = 1;
  ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(made.get(), place.get(), place.size) != 0 || ::listen(made.get(), 16) != 0) return io::Fd();
  return made;
}

// Who the listener sees when somebody connects and the two have exchanged a word; or what went wrong.
inline std::string visitor(const io::Fd& listener, const io::Fd& from, const std::string& address,
                           std::uint16_t port) {
  Place to(address, port), peer;
  const io::Fd client = socket_in(from, to.storage.ss_family, SOCK_STREAM);
  if (::connect(client.get(), to.get(), to.size) != 0) return std::strerror(errno);
  const io::Fd server(::accept4(listener.get(), peer.get(), &peer.size, SOCK_CLOEXEC));
  if (!server) return std::string("accept: ") + std::strerror(errno);
  char word[8] = {};
  if (::send(server.get(), "podo", 4, 0) != 4 || ::recv(client.get(), word, 8, 0) != 4) return "no answer";
  return peer.address();
}

inline io::Fd datagrams_in(const io::Fd& where, const std::string& address, std::uint16_t port) {
  Place place(address, port);
  io::Fd made = socket_in(where, place.storage.ss_family, SOCK_DGRAM);
  if (::bind(made.get(), place.get(), place.size) != 0) return io::Fd();
  return made;
}

// The same with datagrams.
inline std::string sender(const io::Fd& receiver, const io::Fd& from, const std::string& address,
                          std::uint16_t port) {
  Place to(address, port), peer;
  const io::Fd client = socket_in(from, to.storage.ss_family, SOCK_DGRAM);
  if (::connect(client.get(), to.get(), to.size) != 0) return std::strerror(errno);
  if (::send(client.get(), "ask", 3, 0) != 3) return std::strerror(errno);
  char word[8] = {};
  if (::recvfrom(receiver.get(), word, 8, 0, peer.get(), &peer.size) != 3) return "lost";
  if (::sendto(receiver.get(), "podo", 4, 0, peer.get(), peer.size) != 4) return std::strerror(errno);
  return ::recv(client.get(), word, 8, 0) == 4 ? peer.address() : "no answer";
}

}  // namespace podo::network
