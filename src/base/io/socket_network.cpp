// Sockets are bound, listened on, accepted and connected.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/io/socket.h"

namespace podo::io {
namespace {

constexpr int backlog = 4096;  // the kernel lowers it to net.core.somaxconn

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

Result<SocketAddress> unix_address(const std::string& path) {
  SocketAddress out;
  auto& address = reinterpret_cast<sockaddr_un&>(out.storage);
  address.sun_family = AF_UNIX;
  bool abstract = path.starts_with('@');
  if (path.empty() || path.size() + (abstract ? 0 : 1) > sizeof address.sun_path)
    return invalid("the unix path {} is empty or longer than {} bytes", path, sizeof address.sun_path - 1);
  std::memcpy(address.sun_path, path.data(), path.size());
  if (abstract) address.sun_path[0] = '\0';
  out.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
  return out;
}

Result<SocketAddress> socket_address(const Address& from) {
  if (from.kind == Address::Kind::unix_path) return unix_address(from.host);
  SocketAddress out;
  auto& v4 = reinterpret_cast<sockaddr_in&>(out.storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(out.storage);
  if (::inet_pton(AF_INET, from.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(from.port);
    out.size = sizeof v4;
  } else if (::inet_pton(AF_INET6, from.host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(from.port);
    out.size = sizeof v6;
  } else {
    return invalid("{} is not a numeric IP address", from.host);
  }
  return out;
}

Result<Fd> open_socket(int family) {
  Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return failed_errno(errno, "open a socket");
  return fd;
}

void send_small_writes_at_once(int fd) {
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // refused by unix sockets, which need it not
}

// A socket file whose listener is gone refuses connections. So does a file of another kind, which is not ours
// to remove.
bool nobody_listens(const std::string& path, const SocketAddress& address) {
  struct stat file{};
  if (::lstat(path.c_str(), &file) < 0 || !S_ISSOCK(file.st_mode)) return false;
  Result<Fd> probe = open_socket(AF_UNIX);
  return probe && ::connect(probe->get(), address.get(), address.size) < 0 && errno == ECONNREFUSED;
}

Result<void> bind(int fd, const SocketAddress& address, const Address& named) {
  if (::bind(fd, address.get(), address.size) == 0) return {};
  int error = errno;
  if (error != EADDRINUSE) return failed_errno(error, "bind {}", named.to_text());
  bool stale = named.kind == Address::Kind::unix_path && !named.host.starts_with('@') &&
               nobody_listens(named.host, address) && ::unlink(named.host.c_str()) == 0;
  if (stale && ::bind(fd, address.get(), address.size) == 0) return {};
  return already_exists("{} is taken", named.to_text());
}

std::uint16_t bound_port(int fd) {
  SocketAddress bound;
  bound.size = sizeof bound.storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound.storage), &bound.size);
  return ntohs(bound.family() == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound.storage).sin6_port
                                          : reinterpret_cast<sockaddr_in&>(bound.storage).sin_port);
}

// The kernel has no event for "the backlog has room again": unix sockets answer EAGAIN at once.
Task<void> connect_when_backlog_has_room(int fd, const SocketAddress& address, const Address& named) {
  for (Duration pause = microseconds(200);; pause = std::min(pause * 2, milliseconds(50))) {
    if (::connect(fd, address.get(), address.size) == 0) co_return;
    if (errno != EAGAIN && errno != EINTR) co_await failed_errno(errno, "connect to {}", named.to_text());
    co_await sleep(pause);
  }
}

Task<void> connect_tcp(EpollLoop& loop, int fd, const SocketAddress& address, const Address& named) {
  if (::connect(fd, address.get(), address.size) == 0) co_return;
  if (errno != EINPROGRESS && errno != EINTR) co_await failed_errno(errno, "connect to {}", named.to_text());
  Readiness connected(loop, fd);
  co_await connected.writable();
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) co_await failed_errno(error, "connect to {}", named.to_text());
}

}  // namespace

SocketListener::SocketListener(EpollLoop& loop, Fd listening, Address address)
    : fd_(std::move(listening)), ready_(loop, fd_.get()), address_(std::move(address)) {}

Task<std::unique_ptr<Socket>> SocketListener::accept_socket() {
  co_await checkpoint();
  for (;;) {
    Fd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd) {
      if (address_.kind == Address::Kind::tcp) send_small_writes_at_once(fd.get());
      co_return std::make_unique<Socket>(ready_.loop(), std::move(fd));
    }
    if (errno == EAGAIN) co_await ready_.readable();
    else if (errno != EINTR && errno != ECONNABORTED)
      co_return failed_errno(errno, "accept on {}", address_.to_text());
  }
}

Task<std::unique_ptr<Stream>> SocketListener::accept() { co_return co_await accept_socket(); }

Task<std::unique_ptr<SocketListener>> listen_socket(EpollLoop& loop, Address address) {
  SocketAddress where = co_await socket_address(address);
  Fd fd = co_await open_socket(where.family());
  int on = 1;
  if (address.kind == Address::Kind::tcp) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  co_await bind(fd.get(), where, address);
  if (::listen(fd.get(), backlog) < 0) co_return failed_errno(errno, "listen on {}", address.to_text());
  if (address.kind == Address::Kind::tcp) address.port = bound_port(fd.get());
  co_return std::make_unique<SocketListener>(loop, std::move(fd), std::move(address));
}

Task<std::unique_ptr<Socket>> connect_socket(EpollLoop& loop, Address address) {
  co_await checkpoint();
  SocketAddress where = co_await socket_address(address);
  Fd fd = co_await open_socket(where.family());
  if (address.kind == Address::Kind::tcp) {
    co_await connect_tcp(loop, fd.get(), where, address);
    send_small_writes_at_once(fd.get());
  } else {
    co_await connect_when_backlog_has_room(fd.get(), where, address);
  }
  co_return std::make_unique<Socket>(loop, std::move(fd));
}

Task<std::unique_ptr<NetworkListener>> SystemNetwork::listen(Address address) {
  co_return co_await listen_socket(loop_, std::move(address));
}
Task<std::unique_ptr<Stream>> SystemNetwork::connect(Address address) {
  co_return co_await connect_socket(loop_, std::move(address));
}

}  // namespace podo::io
