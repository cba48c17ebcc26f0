#include "cluster/node_api/remote_command.h"

#include "base/format/json_writer.h"
#include "base/io/combine.h"
#include "cluster/node_api/demultiplexer.h"

namespace podo::node_api {
namespace {

constexpr std::size_t piece = 32 << 10;

std::string internal_error(std::string_view what) {
  const std::string message = text("Internal error occurred: {}", what);
  json::Writer out;
  out.object().key("metadata").object().end().key("status").string("Failure");
  out.key("message").string(message).key("reason").string("InternalError");
  out.key("details").object().key("causes").array().object().key("message").string(what).end().end().end();
  out.key("code").number(500).end();
  return out.text();
}

std::string words_of(const std::vector<std::string>& command) {
  std::string out = "[";
  for (const std::string& word : command) {
    if (out.size() > 1) out += ' ';
    out += word;
  }
  return out += ']';
}

std::string non_zero(const CommandResult& result) {
  return text("error executing command {}, exit code {}", words_of(result.command), result.exit_code);
}

std::string exit_status(const CommandResult& result) {
  json::Writer out;
  out.object().key("metadata").object().end().key("status").string("Failure");
  out.key("message").string(text("command terminated with non-zero exit code: {}", non_zero(result)));
  out.key("reason").string("NonZeroExitCode").key("details").object().key("causes").array().object();
  out.key("reason").string("ExitCode").key("message").string(text("{}", result.exit_code));
  out.end().end().end().end();
  return out.text();
}

// The client's input ends long before the output does, or is refused because the process has ended: neither
// is the end of the command.
Task<void> pass_input(io::Stream& from, io::Stream& process) {
  std::string buffer(piece, '\0');
  for (;;) {
    const auto count = co_await from.read(io::writable_bytes_of(buffer)).result();
    if (!count && count.error().kind() == ErrorKind::cancelled) co_return;
    if (!count || *count == 0) break;
    const std::string_view bytes = std::string_view(buffer).substr(0, *count);
    if (!co_await process.write(io::bytes_of(bytes)).result()) break;
  }
  (void)process.finish();
  // Nobody takes what still comes, but it must not stand before other channels.
  while (true) {
    const auto count = co_await from.read(io::writable_bytes_of(buffer)).result();
    if (!count || *count == 0) co_return;
  }
}

Task<void> pass_sizes(Carrier& carrier, Resize resize) {
  for (;;) {
    const auto size = co_await next_size(carrier).result();
    if (!size || !*size) co_return;
    (void)co_await resize(**size).result();
  }
}

Task<void> pass_frames(Demultiplexer& frames, std::string_view bytes, const CommandStreams& to) {
  while (const auto some = frames.next(bytes)) {
    const auto& stream = some->err ? to.err : to.out;
    if (stream && !some->bytes.empty()) co_await stream->write(io::bytes_of(some->bytes));
  }
}

Task<void> pass_output(io::Stream& process, const CommandStreams& to, bool tty, io::TaskGroup& all) {
  Demultiplexer frames;
  std::string buffer(piece, '\0');
  for (;;) {
    const std::size_t count = co_await process.read(io::writable_bytes_of(buffer));
    if (count == 0) break;
    const std::string_view bytes = std::string_view(buffer).substr(0, count);
    if (!tty) co_await pass_frames(frames, bytes, to);
    else if (to.out) co_await to.out->write(io::bytes_of(bytes));
  }
  all.cancel();
}

Task<void> relay(Carrier& carrier, io::Stream& process, bool tty, Resize resize) {
  io::TaskGroup all(co_await io::this_loop());
  if (carrier.streams.in) all.spawn(pass_input(*carrier.streams.in, process), "standard input");
  if (carrier.streams.resize) all.spawn(pass_sizes(carrier, resize), "terminal sizes");
  all.spawn(pass_output(process, carrier.streams, tty, all), "output");
  co_await all.join();
}

Task<void> hung_up(Carrier& carrier) {
  co_await carrier.gone();
  co_await unavailable("the client has gone");
}

}  // namespace

std::string result_text(const CommandResult& result, bool as_json) {
  const bool success = result.exit_code == 0 && result.failure.empty();
  if (success) return as_json ? R"({"metadata":{},"status":"Success"})" : "";
  const bool failed = !result.failure.empty();
  if (failed) {
    const std::string what = text("error executing command in container: {}", result.failure);
    return as_json ? internal_error(what) : text("Internal error occurred: {}", what);
  }
  if (as_json) return exit_status(result);
  return text("command terminated with non-zero exit code: {}", non_zero(result));
}

Task<std::optional<TerminalSize>> next_size(Carrier& carrier) {
  std::string buffer(1024, '\0');
  for (;;) {
    if (const auto size = carrier.sizes.take()) co_return size;
    if (!carrier.streams.resize) co_return std::nullopt;
    const std::size_t count = co_await carrier.streams.resize->read(io::writable_bytes_of(buffer));
    if (count == 0) co_return std::nullopt;
    co_await carrier.sizes.feed(std::string_view(buffer).substr(0, count));
  }
}

Task<void> relay_command(Carrier& carrier, io::Stream& process, bool tty, Resize resize) {
  return io::first(relay(carrier, process, tty, std::move(resize)), hung_up(carrier));
}

Task<void> tell_result(Carrier& carrier, CommandResult result) {
  const std::string told = result_text(result, carrier.result_as_json);
  if (carrier.streams.error && !told.empty()) co_await carrier.streams.error->write(io::bytes_of(told));
  co_await carrier.goodbye();
}

}  // namespace podo::node_api
