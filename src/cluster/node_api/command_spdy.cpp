// A remote command over SPDY/3.1: a stream for each channel, which the client opens with the header
// streamType.
//
//   v4.channel.k8s.io   the result is a Status in JSON
//   v3.channel.k8s.io   resize, too
//   v2.channel.k8s.io, channel.k8s.io, or none
#include "base/http/spdy.h"
#include "base/io/combine.h"
#include "cluster/node_api/carrier.h"

namespace podo::node_api {
namespace {

constexpr std::string_view known[] = {"v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io",
                                      "channel.k8s.io"};
constexpr Duration streams_within = seconds(30), farewell = seconds(5);

class SpdyCarrier final : public Carrier {
 public:
  SpdyCarrier(io::Loop& loop, std::unique_ptr<io::Stream> stream) : connection_(loop, std::move(stream)) {}
  ~SpdyCarrier() override { streams = {}; }

  Task<void> gone() override { return connection_.gone(); }
  Task<void> goodbye() override {
    for (const auto* stream : {&streams.out, &streams.err, &streams.error})
      if (*stream) (void)(*stream)->finish();
    (void)co_await io::deadline(connection_.goodbye(), farewell).result();
  }

  // Until the client has opened all that it wished for.
  Task<void> open(CommandWish wish, bool resizes) {
    std::size_t left = 1 + std::size_t{wish.in} + wish.out + wish.err + (wish.tty && resizes);
    while (left > 0) {
      auto stream = co_await connection_.accept();
      if (!stream) co_await unavailable("the client has gone");
      std::unique_ptr<io::Stream>* place = place_of(stream->headers().get("streamType"));
      if (place == nullptr || *place) continue;  // dropped: reset
      stream->reply();
      *place = std::move(stream);
      --left;
    }
  }

 private:
  std::unique_ptr<io::Stream>* place_of(std::string_view type) {
    if (type == "stdin") return &streams.in;
    if (type == "stdout") return &streams.out;
    if (type == "stderr") return &streams.err;
    if (type == "error") return &streams.error;
    if (type == "resize") return &streams.resize;
    return nullptr;
  }
  http::SpdyConnection connection_;
};

}  // namespace

Task<std::unique_ptr<Carrier>> accept_spdy_command(http::Exchange& exchange, const CommandWish& wish) {
  const auto offered = exchange.headers().words("X-Stream-Protocol-Version");
  const std::string protocol = choose_protocol(offered, known);
  if (protocol.empty() && !offered.empty()) {
    co_await refuse_protocols(exchange, offered, known);
    co_return nullptr;
  }
  http::Headers answer = {{"Upgrade", "SPDY/3.1"}};
  if (!protocol.empty()) answer.add("X-Stream-Protocol-Version", protocol);
  auto stream = co_await exchange.upgrade(101, std::move(answer));
  auto carrier = std::make_unique<SpdyCarrier>(co_await io::this_loop(), std::move(stream));
  carrier->result_as_json = protocol == known[0];
  co_await io::deadline(carrier->open(wish, protocol == known[0] || protocol == known[1]), streams_within);
  co_return std::unique_ptr<Carrier>(std::move(carrier));
}

}  // namespace podo::node_api
