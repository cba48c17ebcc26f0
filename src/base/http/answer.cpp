#include "base/http/answer.h"

#include "base/format/json_writer.h"

namespace podo::http {

int to_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found: return 404;
    case ErrorKind::already_exists: return 409;
    case ErrorKind::conflict: return 409;
    case ErrorKind::invalid: return 400;
    case ErrorKind::denied: return 403;
    case ErrorKind::unauthenticated: return 401;
    case ErrorKind::unavailable: return 503;
    case ErrorKind::unsupported: return 501;
    case ErrorKind::cancelled: return 499;
    case ErrorKind::exhausted:
    case ErrorKind::corrupt:
    case ErrorKind::internal: break;
  }
  return 500;
}

std::string message_json(std::string_view message) {
  json::Writer out;
  out.object().key("message").string(message).end();
  return out.take() + "\n";
}

Task<void> answer_for(Exchange& exchange, Result<void> handled, Log& log) {
  if (handled && exchange.head_sent()) co_return;
  const Error error = handled ? Error(ErrorKind::internal, "the request was not answered") : handled.error();
  const bool gone = error.kind() == ErrorKind::unavailable || error.kind() == ErrorKind::cancelled ||
                    error.system_errno() == EPIPE || error.system_errno() == ECONNRESET;
  if (error.kind() == ErrorKind::internal || (exchange.head_sent() && !gone))
    log.warn("{} {}: {}", exchange.method(), exchange.path(), error.message());
  if (exchange.head_sent()) co_return;  // the peer sees an answer that is cut off
  co_await exchange.respond(to_status(error.kind()), {{"Content-Type", "application/json"}},
                            message_json(error.message()));
}

}  // namespace podo::http
