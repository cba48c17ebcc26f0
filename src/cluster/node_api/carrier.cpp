#include "cluster/node_api/carrier.h"

#include <algorithm>

#include "base/http/websocket.h"

namespace podo::node_api {
namespace {

std::string joined(std::span<const std::string_view> words) {
  std::string out = "[";
  for (const std::string_view word : words) {
    if (out.size() > 1) out += ' ';
    out += word;
  }
  return out += ']';
}

}  // namespace

Result<CommandWish> parse_command_wish(const http::Query& query) {
  CommandWish wish{.in = query.get("input") == "1",
                   .out = query.get("output") == "1",
                   .err = query.get("error") == "1",
                   .tty = query.get("tty") == "1",
                   .command = {}};
  if (wish.tty) wish.err = false;  // a terminal has one output
  if (!wish.in && !wish.out && !wish.err)
    return invalid("you must specify at least 1 of stdin, stdout, stderr");
  for (const std::string_view word : query.all("command")) wish.command.emplace_back(word);
  return wish;
}

bool wants_spdy(const http::Headers& headers) {
  return headers.has_word("Connection", "Upgrade") && headers.has_word("Upgrade", "SPDY/3.1");
}

std::string choose_protocol(const std::vector<std::string_view>& offered,
                            std::span<const std::string_view> known) {
  for (const std::string_view each : offered)
    if (std::ranges::find(known, each) != known.end()) return std::string(each);
  return "";
}

Task<void> answer_text(http::Exchange& exchange, int status, std::string text) {
  co_await exchange.respond(status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(text));
}

Task<void> refuse_protocols(http::Exchange& exchange, const std::vector<std::string_view>& offered,
                            std::span<const std::string_view> known) {
  http::Headers headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  for (const std::string_view each : known)
    headers.add("X-Accepted-Stream-Protocol-Versions", std::string(each));
  co_await exchange.respond(
      403, std::move(headers),
      text("unable to upgrade: unable to negotiate protocol: client supports {}, server accepts {}",
           joined(offered), joined(known)));
}

Task<std::unique_ptr<Carrier>> accept_command(http::Exchange& exchange, const CommandWish& wish) {
  if (http::wants_websocket(exchange.headers())) co_return co_await accept_websocket_command(exchange, wish);
  if (wants_spdy(exchange.headers())) co_return co_await accept_spdy_command(exchange, wish);
  co_await answer_text(exchange, 400, "unable to upgrade: missing upgrade headers in request");
  co_return nullptr;
}

}  // namespace podo::node_api
