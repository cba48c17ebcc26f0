#include "cluster/apiserver/relay.h"

#include <charconv>

#include "base/io/combine.h"
#include "base/io/pass_on.h"
#include "cluster/audit/audit.h"

namespace podo::apiserver {
namespace {

constexpr std::size_t piece = 64 << 10;
// Of the request alone: framing, and who asks.
constexpr std::string_view kept_back[] = {"Host", "Content-Length", "Authorization", "Expect"};
constexpr std::string_view of_connection[] = {"Connection",
                                              "Keep-Alive",
                                              "Proxy-Authenticate",
                                              "Proxy-Authorization",
                                              "Proxy-Connection",
                                              "TE",
                                              "Trailer",
                                              "Transfer-Encoding",
                                              "Upgrade"};

bool is_among(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [&](std::string_view each) { return http::same_name(each, name); });
}

http::Headers end_to_end(const http::Headers& headers, bool of_request) {
  http::Headers kept;
  for (const auto& field : headers) {
    if (is_among(field.name, of_connection) || headers.has_word("Connection", field.name)) continue;
    const bool of_caller =
        is_among(field.name, kept_back) || http::same_name(field.name.substr(0, 12), "Impersonate-");
    if (of_request && of_caller) continue;
    kept.add(field.name, field.value);
  }
  return kept;
}

bool has_body(const http::Exchange& exchange) {
  const std::string_view method = exchange.method();
  if (method == "POST" || method == "PUT" || method == "PATCH") return true;
  return exchange.headers().find("Content-Length") || exchange.headers().find("Transfer-Encoding");
}

Task<void> splice(std::unique_ptr<io::Stream> client, std::unique_ptr<io::Stream> server) {
  io::TaskGroup both(co_await io::this_loop());
  both.spawn(io::pass_on(*client, *server, both), "from the client");
  both.spawn(io::pass_on(*server, *client, both), "to the client");
  co_await both.join();
}

void add_own(http::Headers& headers, const Request& request) {
  for (const auto& field : request.extra) headers.set(field.name, field.value);
}

}  // namespace

bool wants_upgrade(const http::Headers& headers) {
  return headers.has_word("Connection", "Upgrade") && headers.find("Upgrade");
}

http::Request onward(http::Exchange& exchange, std::string url) {
  http::Request request{.method = std::string(exchange.method()), .url = std::move(url)};
  request.headers = end_to_end(exchange.headers(), true);
  if (!wants_upgrade(exchange.headers())) {
    if (has_body(exchange)) request.streamed_body = &exchange.body();
    const std::string_view size = exchange.headers().get("Content-Length");
    std::uint64_t bytes = 0;
    const auto [end, problem] = std::from_chars(size.data(), size.data() + size.size(), bytes);
    if (!size.empty() && problem == std::errc()) request.body_size = bytes;
    return request;
  }
  request.headers.add("Connection", "Upgrade");
  request.headers.add("Upgrade", std::string(exchange.headers().get("Upgrade")));
  return request;
}

Task<void> pass_body(Request& request, http::Body& body) {
  std::string buffer(piece, '\0');
  while (const std::size_t count = co_await body.read(io::writable_bytes_of(buffer)))
    co_await request.exchange.write(std::string_view(buffer).substr(0, count));
  co_await request.exchange.end();
}

Task<void> pass_back(Request& request, http::Client::Upgraded answer) {
  request.status = answer.response.status;
  http::Headers headers = end_to_end(answer.response.headers, false);
  add_own(headers, request);
  if (!answer.stream) {
    // While the client's body is on its way, nobody can tell whether it has gone.
    const bool may_watch = !has_body(request.exchange);
    if (may_watch) co_await http::discard(request.exchange.body());
    co_await request.exchange.begin(answer.response.status, std::move(headers));
    if (!may_watch) co_return co_await pass_body(request, *answer.response.body);
    co_return co_await io::first(pass_body(request, *answer.response.body), request.exchange.peer_gone());
  }
  headers.set("Upgrade", std::string(answer.response.headers.get("Upgrade")));
  auto client = co_await request.exchange.upgrade(answer.response.status, std::move(headers));
  if (request.trail) request.trail->started(answer.response.status);
  co_await splice(std::move(client), std::move(answer.stream));
}

}  // namespace podo::apiserver
