// /portForward/NAMESPACE/POD: TCP connections to ports of a pod's loopback, side by side on one connection.
//
//   SPDY/3.1, portforward.k8s.io        a pair of streams each (port_pairs.h)
//   WebSocket, SPDY/3.1+portforward.k8s.io   the same SPDY in binary messages
//   WebSocket, v4.channel.k8s.io        the query's ports: channel 2n is data, 2n+1 errors, of the n-th port;
//                                       each begins with the port: u16, little-endian
#include <charconv>

#include "base/http/websocket.h"
#include "base/io/combine.h"
#include "base/io/pass_on.h"
#include "base/io/socket.h"
#include "cluster/node_api/carrier.h"
#include "cluster/node_api/channel_socket.h"
#include "cluster/node_api/node_call.h"
#include "cluster/node_api/port_pairs.h"

namespace podo::node_api {
namespace {

constexpr std::string_view spdy_known[] = {"portforward.k8s.io"};
constexpr std::string_view socket_known[] = {"SPDY/3.1+portforward.k8s.io", "v4.channel.k8s.io",
                                             "v4.base64.channel.k8s.io"};
constexpr std::size_t ports_max = 64;
constexpr Duration pair_within = seconds(30), farewell = seconds(5), linger = seconds(1);

struct Forwarding {
  const NodeCall& call;
  std::string sandbox;  // "": the machine's own network
  io::TaskGroup group;
};

Task<std::unique_ptr<io::Stream>> connect(const Forwarding& forwarding, std::uint16_t port) {
  if (!forwarding.sandbox.empty())
    co_return co_await forwarding.call.engine().connect_in_sandbox(forwarding.sandbox, port);
  co_return co_await io::connect_socket(forwarding.call.ground.loop, io::Address::tcp("127.0.0.1", port));
}

// When the pod has said all, that is the end: old clients close only once the error stream has ended. When
// the client has, the pod may still answer.
Task<void> copy_back(io::Stream& from, io::Stream& to, io::Stream& error, io::TaskGroup& both) {
  co_await io::pass_on(from, to, both);
  (void)error.finish();
  co_await io::sleep(linger);
  both.cancel();
}

// Whatever goes wrong is told on `error`, which ends in any case: clients read it to its end.
Task<void> forward(const Forwarding& forwarding, std::uint16_t port, io::Stream& data, io::Stream& error) {
  auto connection = co_await connect(forwarding, port).result();
  if (!connection) {
    const std::string why = text("error forwarding port {} to pod {}, uid : {}", port, forwarding.call.pod,
                                 connection.error().message());
    (void)co_await error.write(io::bytes_of(why)).result();
    (void)error.finish();
    co_return;
  }
  io::TaskGroup both(co_await io::this_loop());
  both.spawn(io::pass_on(data, **connection, both), "to the pod");
  both.spawn(copy_back(**connection, data, error, both), "from the pod");
  co_await both.join();
  (void)data.finish();
  (void)error.finish();
}

// --- SPDY -------------------------------------------------------------------------------------------------

Task<void> forward_pair(const Forwarding& forwarding, PortPair pair) {
  co_await forward(forwarding, pair.port, *pair.data, *pair.error);
}

Task<void> expire(PortPairs& pairs, std::string key) {
  co_await io::sleep(pair_within);
  pairs.give_up(key);
}

Task<void> serve_pairs(Forwarding& forwarding, http::SpdyConnection& connection) {
  PortPairs pairs;
  io::TaskGroup expiring(forwarding.call.ground.loop);
  while (auto stream = co_await connection.accept()) {
    auto pair = pairs.add(std::move(stream));
    if (!pair) forwarding.call.ground.log.debug("port-forward: {}", pair.error().message());
    else if (*pair) forwarding.group.spawn(forward_pair(forwarding, **std::move(pair)), "port-forward");
    else expiring.spawn(expire(pairs, pairs.newest()), "half a port-forward");
  }
  forwarding.group.cancel();  // the client has gone
  co_await forwarding.group.join();
}

Task<void> serve_spdy(Forwarding& forwarding, std::unique_ptr<io::Stream> stream) {
  http::SpdyConnection connection(forwarding.call.ground.loop, std::move(stream));
  co_await serve_pairs(forwarding, connection);
}

// --- channels of a WebSocket ------------------------------------------------------------------------------

Result<std::vector<std::uint16_t>> ports_of(const http::Query& query) {
  std::vector<std::uint16_t> ports;
  for (std::string_view list : query.all("port")) {
    while (!list.empty()) {
      const std::string_view word = list.substr(0, list.find(','));
      list.remove_prefix(std::min(list.size(), word.size() + 1));
      std::uint16_t port = 0;
      const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), port);
      if (problem != std::errc() || end != word.data() + word.size() || port == 0)
        return invalid("unable to parse \"{}\" as a port", word);
      ports.push_back(port);
    }
  }
  if (ports.empty()) return invalid("query parameter \"port\" is required");
  if (ports.size() > ports_max) return invalid("more than {} ports", ports_max);
  return ports;
}

Task<void> forward_channels(const Forwarding& forwarding, std::uint16_t port,
                            std::unique_ptr<io::Stream> data, std::unique_ptr<io::Stream> error) {
  const char number[] = {static_cast<char>(port & 0xff), static_cast<char>(port >> 8)};
  co_await data->write(io::bytes_of({number, 2}));
  co_await error->write(io::bytes_of({number, 2}));
  co_await forward(forwarding, port, *data, *error);
}

Task<void> forward_all(Forwarding& forwarding, ChannelSocket& socket, std::vector<std::uint16_t> ports) {
  for (std::size_t i = 0; i < ports.size(); ++i) {
    auto data = socket.open(static_cast<std::uint8_t>(2 * i));
    auto error = socket.open(static_cast<std::uint8_t>(2 * i + 1));
    forwarding.group.spawn(forward_channels(forwarding, ports[i], std::move(data), std::move(error)),
                           "port-forward");
  }
  co_await forwarding.group.join();
}

Task<void> serve_channels(Forwarding& forwarding, std::unique_ptr<http::WebSocket> taken, bool base64,
                          std::vector<std::uint16_t> ports) {
  ChannelSocket socket(forwarding.call.ground.loop, std::move(taken), {.base64 = base64});
  co_await io::first(forward_all(forwarding, socket, std::move(ports)), socket.gone());
  forwarding.group.cancel();
  (void)co_await io::deadline(socket.goodbye(), farewell).result();
}

Task<void> serve_socket(Forwarding& forwarding) {
  http::Exchange& exchange = forwarding.call.exchange;
  const auto offered = http::offered_subprotocols(exchange.headers());
  const std::string protocol = choose_protocol(offered, socket_known);
  if (protocol.empty() && !offered.empty())
    co_return co_await refuse_protocols(exchange, offered, socket_known);
  if (protocol == socket_known[0]) {
    auto socket = co_await http::accept_websocket(exchange, protocol);
    co_return co_await serve_spdy(forwarding, http::stream_of_messages(std::move(socket)));
  }
  auto ports = ports_of(exchange.query());
  if (!ports) co_return co_await forwarding.call.answer({400, ports.error().message()});
  auto socket = co_await http::accept_websocket(exchange, protocol);
  co_await serve_channels(forwarding, std::move(socket), protocol.contains("base64"), *std::move(ports));
}

}  // namespace

Task<void> serve_port_forward(NodeCall& call) {
  auto sandbox = call.ground.pods.sandbox_of(call.name_space, call.pod);
  if (!sandbox)
    co_return co_await call.answer(
        {sandbox.error().kind() == ErrorKind::not_found ? 404 : 500, sandbox.error().message()});
  Forwarding forwarding{call, *std::move(sandbox), io::TaskGroup(call.ground.loop)};
  http::Exchange& exchange = call.exchange;
  if (http::wants_websocket(exchange.headers())) co_return co_await serve_socket(forwarding);
  if (!wants_spdy(exchange.headers()))
    co_return co_await call.answer({400, "unable to upgrade: missing upgrade headers in request"});
  const auto offered = exchange.headers().words("X-Stream-Protocol-Version");
  const std::string protocol = choose_protocol(offered, spdy_known);
  if (protocol.empty() && !offered.empty())
    co_return co_await refuse_protocols(exchange, offered, spdy_known);
  http::Headers answer = {{"Upgrade", "SPDY/3.1"}};
  if (!protocol.empty()) answer.add("X-Stream-Protocol-Version", protocol);
  co_await serve_spdy(forwarding, co_await exchange.upgrade(101, std::move(answer)));
}

}  // namespace podo::node_api
