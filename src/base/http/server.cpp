#include "base/http/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/http/connection.h"
#include "base/http/h2_connection.h"
#include "base/io/combine.h"
#include "base/io/condition.h"

namespace podo::http {
namespace {

constexpr Duration pause_without_descriptors = milliseconds(100);

std::string address_text(const sockaddr_storage& address) {
  char host[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
    return text("{}:{}", host, ntohs(v4.sin_port));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
  return text("[{}]:{}", host, ntohs(v6.sin6_port));
}

Peer peer_of(const io::Socket& socket) {
  Peer peer;
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) < 0) return peer;
  if (address.ss_family == AF_INET || address.ss_family == AF_INET6) {
    peer.address = address_text(address);
  } else if (Result<io::Socket::Peer> credentials = socket.peer()) {
    peer.uid = credentials->uid;
    peer.pid = static_cast<std::uint32_t>(credentials->pid);
  }
  return peer;
}

}  // namespace

struct Server::State {
  Handler& handler;
  Log& log;
  ServerLimits limits;
  DateField date;
  std::size_t connections = 0;
  io::Condition fewer = io::Condition("fewer connections");
};

// One connection among those at once.
struct Server::Counted {
  explicit Counted(State& of) : state(of) { ++state.connections; }
  Counted(const Counted&) = delete;
  ~Counted() {
    --state.connections;
    state.fewer.notify_one();
  }
  State& state;
};

namespace {

// The next connection; while there are no descriptors for it, others go on.
template <class Accept>
auto accept_when_possible(Accept accept, Log& log) -> decltype(accept()) {
  for (;;) {
    auto accepted = co_await accept().result();
    if (accepted) co_return *std::move(accepted);
    if (accepted.error().kind() != ErrorKind::exhausted) co_return Failure(std::move(accepted).error());
    log.warn("a connection waits: {}", accepted.error().message());
    co_await io::sleep(pause_without_descriptors);
  }
}

}  // namespace

Server::Server(io::Loop& loop, Handler& handler, Log& log, ServerLimits limits)
    : state_(new State{handler, log, limits, DateField(loop.clock())}) {}
Server::~Server() = default;

Task<void> Server::serve_connection(std::unique_ptr<io::Stream> stream, Peer peer) {
  return serve_counted(std::make_unique<Counted>(*state_), std::move(stream), std::move(peer));
}

Task<void> Server::serve_counted(std::unique_ptr<Counted>, std::unique_ptr<io::Stream> stream, Peer peer,
                                 io::Socket* socket) {
  Connection connection(co_await io::this_loop(),
                        {state_->handler, state_->log, state_->limits, state_->date}, std::move(stream),
                        std::move(peer), socket);
  Result<void> ended = co_await connection.serve().result();
  if (!ended) state_->log.debug("a connection broke: {}", ended.error().message());
}

Task<void> Server::serve_secure(std::unique_ptr<Counted> counted, std::unique_ptr<io::Stream> stream,
                                Peer peer, const tls::Context* tls) {
  Result<std::unique_ptr<tls::Connection>> secure =
      co_await io::deadline(tls::accept(*tls, std::move(stream)), state_->limits.head_within).result();
  if (!secure) {
    state_->log.debug("{}: {}", peer.address, secure.error().message());
    co_return;
  }
  peer.certificate_name = (*secure)->peer_name();
  peer.certificate = (*secure)->peer_certificate();
  peer.certificate_problem = (*secure)->peer_certificate_problem();
  if ((*secure)->protocol() != "h2")
    co_return co_await serve_counted(std::move(counted), *std::move(secure), std::move(peer));
  H2Connection connection(co_await io::this_loop(),
                          {state_->handler, state_->log, state_->limits, state_->date}, *std::move(secure),
                          std::move(peer));
  Result<void> ended = co_await connection.serve().result();
  if (!ended) state_->log.debug("a connection broke: {}", ended.error().message());
}

Task<void> Server::serve(io::Listener& listener) {
  io::TaskGroup group(co_await io::this_loop());
  for (;;) {
    while (state_->connections >= state_->limits.connections) co_await state_->fewer.wait();
    auto stream = co_await accept_when_possible([&] { return listener.accept(); }, state_->log);
    group.spawn(serve_connection(std::move(stream), {}), "http connection");
  }
}

Task<void> Server::serve(io::SocketListener& listener, const tls::Context* tls) {
  io::TaskGroup group(co_await io::this_loop());
  for (;;) {
    while (state_->connections >= state_->limits.connections) co_await state_->fewer.wait();
    auto socket = co_await accept_when_possible([&] { return listener.accept_socket(); }, state_->log);
    Peer peer = peer_of(*socket);
    auto counted = std::make_unique<Counted>(*state_);
    io::Socket* plain = socket.get();
    Task<void> serving = tls != nullptr
                             ? serve_secure(std::move(counted), std::move(socket), std::move(peer), tls)
                             : serve_counted(std::move(counted), std::move(socket), std::move(peer), plain);
    group.spawn(std::move(serving), "http connection");
  }
}

}  // namespace podo::http
