// A remote command over a WebSocket: channels 0 standard input, 1 output, 2 errors, 3 error, 4 resize.
//
//   v5.channel.k8s.io                   the client can close its standard input
//   v4.channel.k8s.io                   the result is a Status in JSON
//   channel.k8s.io, or none             the result is text
//   v4.base64., base64.channel.k8s.io   the same in text messages
#include "base/io/combine.h"
#include "cluster/node_api/carrier.h"
#include "cluster/node_api/channel_socket.h"

namespace podo::node_api {
namespace {

constexpr std::string_view known[] = {"v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io",
                                      "channel.k8s.io", "base64.channel.k8s.io"};
constexpr std::uint8_t channel_in = 0, channel_out = 1, channel_err = 2, channel_error = 3,
                       channel_resize = 4;
constexpr Duration farewell = seconds(5);

class SocketCarrier final : public Carrier {
 public:
  SocketCarrier(io::Loop& loop, std::unique_ptr<http::WebSocket> socket, std::string_view protocol)
      : socket_(loop, std::move(socket),
                {.base64 = protocol.contains("base64"), .closes_channels = protocol.starts_with("v5.")}) {
    result_as_json = protocol.starts_with("v");
  }
  ~SocketCarrier() override { streams = {}; }

  Task<void> gone() override { return socket_.gone(); }
  Task<void> goodbye() override { (void)co_await io::deadline(socket_.goodbye(), farewell).result(); }

  Task<void> open(CommandWish wish) {
    streams.error = socket_.open(channel_error);
    if (wish.in) streams.in = socket_.open(channel_in);
    if (wish.out) streams.out = socket_.open(channel_out);
    if (wish.err) streams.err = socket_.open(channel_err);
    if (wish.tty) streams.resize = socket_.open(channel_resize);
    // An empty message tells the client that the connection stands.
    io::Stream& first = wish.out ? *streams.out : wish.err ? *streams.err : *streams.error;
    co_await first.write({});
  }

 private:
  ChannelSocket socket_;
};

}  // namespace

Task<std::unique_ptr<Carrier>> accept_websocket_command(http::Exchange& exchange, const CommandWish& wish) {
  const auto offered = http::offered_subprotocols(exchange.headers());
  const std::string protocol = choose_protocol(offered, known);
  if (protocol.empty() && !offered.empty()) {
    co_await refuse_protocols(exchange, offered, known);
    co_return nullptr;
  }
  auto socket = co_await http::accept_websocket(exchange, protocol);
  auto carrier = std::make_unique<SocketCarrier>(co_await io::this_loop(), std::move(socket), protocol);
  co_await carrier->open(wish);
  co_return std::unique_ptr<Carrier>(std::move(carrier));
}

}  // namespace podo::node_api
