// Attach and exec: the connection becomes a stream of bytes between a client and a process.
#include "base/io/combine.h"
#include "container/docker/call.h"

namespace podo::docker {
namespace {

constexpr std::size_t piece = 32 << 10;

Task<void> copy(io::Stream& from, io::Stream& to) {
  std::string buffer(piece, '\0');
  for (;;) {
    const std::size_t count = co_await from.read(io::writable_bytes_of(buffer));
    if (count == 0) co_return;
    co_await to.write(io::bytes_of(std::string_view(buffer).substr(0, count)));
  }
}

// The client's input ends long before the output does, or is refused because the process has ended:
// neither is the end of the stream.
Task<void> pass_input(io::Stream& client, io::Stream& engine) {
  const Result<> copied = co_await copy(client, engine).result();
  if (!copied && copied.error().kind() == ErrorKind::cancelled) co_return;
  (void)engine.finish();
}

Task<void> pass_output(io::Stream& engine, io::Stream& client, io::TaskGroup& both) {
  const Result<> copied = co_await copy(engine, client).result();
  if (copied) (void)client.finish();
  both.cancel();
}

}  // namespace

Task<void> relay(std::unique_ptr<io::Stream> client, std::unique_ptr<io::Stream> engine) {
  io::TaskGroup both(co_await io::this_loop());
  both.spawn(pass_input(*client, *engine));
  both.spawn(pass_output(*engine, *client, both));
  co_await both.join();
}

std::string stream_type(const Call& call, bool terminal) {
  if (terminal || call.version < 42) return "application/vnd.docker.raw-stream";
  return "application/vnd.docker.multiplexed-stream";
}

Task<std::unique_ptr<io::Stream>> take_over(Call& call, bool terminal) {
  http::Headers fields = call.headers();
  const std::string_view protocol = call.exchange.headers().get("Upgrade");
  if (protocol.empty()) {
    fields.add("Content-Type", "application/vnd.docker.raw-stream");
    co_return co_await call.exchange.upgrade(200, std::move(fields));
  }
  fields.add("Content-Type", stream_type(call, terminal));
  fields.add("Connection", "Upgrade");
  fields.add("Upgrade", "tcp");
  co_return co_await call.exchange.upgrade(101, std::move(fields));
}

}  // namespace podo::docker
