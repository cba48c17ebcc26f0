// /attach/NAMESPACE/POD/CONTAINER: the standard streams of a container's own process.
#include "cluster/node_api/node_call.h"
#include "cluster/node_api/remote_command.h"

namespace podo::node_api {
namespace {

constexpr std::string_view untyped_keys = "\xff,\xff,\xff,\xff,\xff,\xff,\xff,\xff";  // as for exec

Task<void> watch(const NodeCall& call, const CommandWish& wish, const ContainerPlace& place,
                 Carrier& carrier) {
  auto process = co_await call.engine().attach(place.id, {.stream = true,
                                                          .in = wish.in && place.stdin_open,
                                                          .out = wish.out,
                                                          .err = wish.err,
                                                          .detach_keys = std::string(untyped_keys)});
  co_await relay_command(carrier, *process, place.tty, [&engine = call.engine(), &place](TerminalSize size) {
    return engine.resize(place.id, size.height, size.width);
  });
}

}  // namespace

Task<void> serve_attach(NodeCall& call) {
  auto wish = parse_command_wish(call.query());
  if (!wish) co_return co_await call.answer({400, wish.error().message()});
  const auto place = running_container(call);
  if (!place)
    co_return co_await call.answer(
        {place.error().kind() == ErrorKind::not_found ? 404 : 500, place.error().message()});
  const auto carrier = co_await accept_command(call.exchange, *wish);
  if (!carrier) co_return;
  const Result<void> watched = co_await watch(call, *wish, *place, *carrier).result();
  if (!watched && watched.error().kind() == ErrorKind::cancelled) co_return;
  co_await tell_result(*carrier, {.failure = watched ? "" : watched.error().message()});
}

}  // namespace podo::node_api
