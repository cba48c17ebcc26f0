// /exec/NAMESPACE/POD/CONTAINER: a command of the client's in a container.
#include "base/io/combine.h"
#include "cluster/node_api/node_call.h"
#include "cluster/node_api/remote_command.h"

namespace podo::node_api {
namespace {

// Keys that nobody types: leaving a process alone is not known here, and what might begin such keys would be
// held back. No byte of UTF-8 is 255.
constexpr std::string_view untyped_keys = "\xff,\xff,\xff,\xff,\xff,\xff,\xff,\xff";

constexpr Duration first_size_within = milliseconds(250);
constexpr Duration exit_code_within = seconds(10);  // after its output has ended

docker::ExecConfig config_of(const CommandWish& wish) {
  docker::ExecConfig config;
  config.attach_stdin = wish.in;
  config.attach_stdout = wish.out;
  config.attach_stderr = wish.err;
  config.tty = wish.tty;
  config.detach_keys = untyped_keys;
  config.cmd = wish.command;
  return config;
}

// Clients say the size of their terminal at once, and commands look at it at once, too.
Task<engine::Engine::ExecStart> start_of(const CommandWish& wish, Carrier& carrier) {
  engine::Engine::ExecStart start;
  start.tty = wish.tty;
  if (!wish.tty) co_return start;
  const auto size = co_await io::deadline(next_size(carrier), first_size_within).result();
  if (size && *size) start.console_size = {(*size)->height, (*size)->width};
  co_return start;
}

Task<CommandResult> run(const NodeCall& call, const CommandWish& wish, std::string container,
                        Carrier& carrier) {
  const std::string exec = co_await call.engine().create_exec(std::move(container), config_of(wish));
  auto process = co_await call.engine().start_exec(exec, co_await start_of(wish, carrier));
  co_await relay_command(carrier, *process, wish.tty, [&engine = call.engine(), &exec](TerminalSize size) {
    return engine.resize_exec(exec, size.height, size.width);
  });
  const int code = co_await io::deadline(call.engine().wait_exec(exec), exit_code_within);
  co_return CommandResult{.exit_code = code, .command = wish.command};
}

}  // namespace

Task<void> serve_exec(NodeCall& call) {
  const auto wish = parse_command_wish(call.query());
  if (!wish) co_return co_await call.answer({400, wish.error().message()});
  const auto place = running_container(call);
  if (!place)
    co_return co_await call.answer(
        {place.error().kind() == ErrorKind::not_found ? 404 : 500, place.error().message()});
  if (wish->command.empty()) co_return co_await call.answer({400, "you must specify at least 1 command"});
  const auto carrier = co_await accept_command(call.exchange, *wish);
  if (!carrier) co_return;
  auto result = co_await run(call, *wish, place->id, *carrier).result();
  if (!result && result.error().kind() == ErrorKind::cancelled) co_return;
  if (!result) result = CommandResult{.failure = result.error().message()};
  co_await tell_result(*carrier, *std::move(result));
}

}  // namespace podo::node_api
