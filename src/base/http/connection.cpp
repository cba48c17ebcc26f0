#include "base/http/connection.h"

#include "base/http/answer.h"

namespace podo::http {
namespace {

constexpr std::size_t skipped_max = 256 << 10;  // of a body nobody read, for the sake of the connection
constexpr Duration farewell = seconds(2);

int to_refusal(ErrorKind kind) {
  if (kind == ErrorKind::exhausted) return 431;
  return kind == ErrorKind::unsupported ? 501 : 400;
}

}  // namespace

Connection::Connection(io::Loop& loop, Settings settings, std::unique_ptr<io::Stream> stream, Peer peer,
                       io::Socket* socket)
    : settings_(settings),
      peer_(std::move(peer)),
      watchdog_(loop, group_),
      out_{std::move(stream), watchdog_, settings.limits.write_within, socket},
      in_(*out_.stream, Parser::Kind::request,
          {.head = settings.limits.head, .fields = settings.limits.fields}),
      group_(loop) {}

Task<void> Connection::serve() {
  group_.spawn(run(), "http requests");
  co_await group_.join();
}

Task<void> Connection::run() {
  for (;;) {
    in_.head() = Head();  // what the last request said is not needed any more
    watchdog_.expect_within(settings_.limits.idle_after);
    if (!co_await in_.wait_for_bytes()) co_return;
    watchdog_.expect_within(settings_.limits.head_within);
    Result<void> read = co_await in_.read_head().result();
    watchdog_.rest();
    if (!read) co_return co_await refuse(read.error());
    if (!co_await serve_request()) break;
  }
  if (out_.stream != nullptr) co_await close();
}

Task<bool> Connection::serve_request() {
  ServerExchange exchange(out_, in_, peer_, settings_.date);
  Result<void> handled = co_await settings_.handler.handle(exchange).result();
  if (exchange.upgraded()) co_return false;
  co_await io::checkpoint();  // cancelled while it was handled: there is nobody to answer
  co_await answer_for(exchange, std::move(handled), settings_.log);
  if (!exchange.keeps_connection()) co_return false;
  co_return co_await skip_body(exchange);
}

// What a handler left of the body stands before the next request.
Task<bool> Connection::skip_body(ServerExchange& exchange) {
  if (in_.message_complete()) co_return true;
  if (exchange.awaits_continue()) co_return false;
  std::string scratch(16 << 10, '\0');
  watchdog_.expect_within(settings_.limits.head_within);
  for (std::size_t skipped = 0; skipped < skipped_max;) {
    std::size_t count = co_await in_.read_body(io::writable_bytes_of(scratch));
    if (count == 0) co_return true;
    skipped += count;
  }
  co_return false;
}

Task<void> Connection::refuse(const Error& error) {
  if (error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::unavailable) co_return;  // it has gone
  int status = to_refusal(error.kind());
  std::string body = message_json(error.message());
  std::string head = text(
      "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
      status, reason_of(status), body.size());
  co_await out_.write(head + body);
  co_await close();
}

// The kernel breaks a connection that is closed before all its bytes were read, and the answer with it; so
// the peer has a moment to read and close first.
Task<void> Connection::close() {
  watchdog_.expect_within(farewell);
  co_await out_.stream->finish();
  std::string scratch(16 << 10, '\0');
  while (co_await out_.stream->read(io::writable_bytes_of(scratch)) > 0) continue;
}

}  // namespace podo::http
