// A TCP connection to the loopback of a sandbox. The socket is made inside, which is where it stays; the
// rest is done here.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/io/socket.h"
#include "base/linux/namespaces.h"
#include "container/sandbox/sandboxes.h"

namespace podo::engine {
namespace {

struct Connecting {
  io::Fd socket;
  bool done = false;
};

Result<Connecting> begin_to_connect(int family, std::uint16_t port) {
  Connecting connecting{.socket = io::Fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
  if (!connecting.socket) return failed_errno(errno, "open a socket");
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_addr = in6addr_loopback;
  const auto* address =
      family == AF_INET ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  const int done = ::connect(connecting.socket.get(), address, family == AF_INET ? sizeof v4 : sizeof v6);
  connecting.done = done == 0;
  if (done != 0 && errno != EINPROGRESS) return failed_errno(errno, "connect to localhost:{}", port);
  return connecting;
}

Result<Connecting> begin_inside(const std::string& network, int family, std::uint16_t port) {
  if (network.empty()) return begin_to_connect(family, port);
  const io::Fd inside = TRY(linux::open_pinned_namespace(network));
  const auto visit = TRY(linux::NetworkNamespaceVisit::enter(inside));
  return begin_to_connect(family, port);
}

Task<std::unique_ptr<io::Stream>> connect_by(const SandboxesGround& ground, std::string network, int family,
                                             std::uint16_t port) {
  Connecting connecting =
      co_await ground.pool.run([network, family, port] { return begin_inside(network, family, port); });
  if (!connecting.done) {
    io::Readiness ready(ground.loop, connecting.socket.get());
    co_await ready.writable();
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(connecting.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) co_await failed_errno(error, "connect to localhost:{}", port);
  }
  const int at_once = 1;
  ::setsockopt(connecting.socket.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  co_return std::make_unique<io::Socket>(ground.loop, std::move(connecting.socket));
}

}  // namespace

Task<std::unique_ptr<io::Stream>> Sandboxes::connect(std::string id, std::uint16_t port) {
  const SandboxPtr sandbox = find(id);
  if (sandbox == nullptr) co_return not_found("No such sandbox: {}", id);
  if (sandbox->lost) co_return conflict("the sandbox {} has no network any more", id);
  const std::string network = paths_of(sandbox->wish, options_.run_folder).network;
  auto first = co_await connect_by(ground_, network, AF_INET, port).result();
  if (first || first.error().kind() == ErrorKind::cancelled) co_return first;
  auto second = co_await connect_by(ground_, network, AF_INET6, port).result();
  if (second) co_return second;
  co_return Failure(Error(first.error()).within(text("sandbox {}", id)));
}

}  // namespace podo::engine
