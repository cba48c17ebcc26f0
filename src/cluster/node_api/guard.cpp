#include "cluster/node_api/guard.h"

#include <algorithm>

#include "base/core/text.h"

namespace podo::node_api {
namespace {

std::string verb_of(std::string_view method) {
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return "delete";
  return "get";
}

// Pages that may be allowed by themselves; "" for all else.
std::string page_of(std::string_view path) {
  if (path == "/healthz") return "healthz";
  if (path == "/pods" || path == "/runningpods") return "pods";
  return path.starts_with("/metrics") ? "metrics" : "";
}

}  // namespace

Task<void> Guard::handle(http::Exchange& exchange) {
  const auto certificate = exchange.peer().certificate;
  if (!certificate || certificate->not_after.ns <= clock_.wall().ns)
    co_return co_await exchange.respond(401, {{"Content-Type", "text/plain; charset=utf-8"}}, "Unauthorized");
  const crypto::Subject& who = certificate->subject;
  if (co_await allows(exchange, who)) co_return co_await behind_.handle(exchange);
  const std::string page = page_of(exchange.path());
  co_await exchange.respond(
      403, {{"Content-Type", "text/plain; charset=utf-8"}},
      text("Forbidden (user={}, verb={}, resource=nodes, subresource(s)=[{}proxy])\n", who.common_name,
           verb_of(exchange.method()), page.empty() ? "" : page + " "));
}

Task<bool> Guard::allows(const http::Exchange& exchange, const crypto::Subject& who) {
  if (std::ranges::contains(who.organizations, "system:masters")) co_return true;
  Asked asked{who.common_name, who.organizations, verb_of(exchange.method()), page_of(exchange.path())};
  asked.groups.emplace_back("system:authenticated");
  if (!asked.subresource.empty() && co_await may_(asked)) co_return true;
  asked.subresource = "proxy";
  co_return co_await may_(std::move(asked));
}

}  // namespace podo::node_api
