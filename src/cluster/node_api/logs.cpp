// GET /containerLogs/NAMESPACE/POD/CONTAINER: what a container has said, and with `follow` what it says
// until it ends or the client goes.
#include "base/io/combine.h"
#include "cluster/node_api/demultiplexer.h"
#include "cluster/node_api/log_wish.h"
#include "cluster/node_api/node_call.h"

namespace podo::node_api {
namespace {

struct Passing {
  http::Exchange& exchange;
  std::unique_ptr<engine::LogReader> log;
  const bool tty;
  LogLimit limit;
};

// Frames become text: all there are in `bytes`, in one piece.
std::string unframed(Demultiplexer& frames, std::string_view bytes) {
  std::string out;
  while (const auto piece = frames.next(bytes)) out += piece->bytes;
  return out;
}

Task<void> pass_on(Passing& passing) {
  Demultiplexer frames;
  while (!passing.limit.reached()) {
    std::string bytes = co_await passing.log->next();
    if (bytes.empty()) break;
    if (!passing.tty) bytes = unframed(frames, bytes);
    if (const std::string_view some = passing.limit.take(bytes); !some.empty())
      co_await passing.exchange.write(some);
  }
  co_await passing.exchange.end();
}

}  // namespace

Task<void> serve_logs(NodeCall& call) {
  const auto wish = parse_log_wish(call.query(), call.ground.clock.wall());
  if (!wish) co_return co_await call.answer({400, wish.error().message()});
  const auto place = call.ground.pods.find(call.name_space, call.pod, call.container, wish->previous);
  if (!place)
    co_return co_await call.answer(
        {place.error().kind() == ErrorKind::not_found ? 404 : 400, place.error().message()});
  auto log = co_await call.engine().logs(place->id, wish->options).result();
  if (!log)
    co_return co_await call.answer({400, text("unable to retrieve container logs for {}", place->id)});
  Passing passing{call.exchange, *std::move(log), place->tty, LogLimit(wish->bytes_max)};
  co_await http::discard(call.exchange.body());
  co_await call.exchange.begin(200, {{"Content-Type", "text/plain"}});
  co_await io::first(pass_on(passing), call.exchange.peer_gone());
}

}  // namespace podo::node_api
