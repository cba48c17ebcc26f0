#include "cluster/volumes/tokens.h"

#include <algorithm>

#include "base/core/timestamp.h"
#include "base/format/base64.h"
#include "model/kube/path.h"

namespace podo::volumes {
namespace {

constexpr std::int64_t day_s = 24 * 60 * 60, jitter_ms_max = 10'000, ns_per_s = 1'000'000'000;

json::Tree request_of(const TokenWish& wish) {
  json::Tree tree;
  json::Item& object = tree.root();
  object.member("kind").set_string("TokenRequest");
  object.member("apiVersion").set_string("authentication.k8s.io/v1");
  json::Item& spec = object.member("spec");
  spec.member("audiences").set_array();
  if (!wish.audience.empty()) spec.member("audiences").append().set_string(wish.audience);
  spec.member("expirationSeconds").set_number(wish.valid_for_s);
  json::Item& bound = spec.member("boundObjectRef");
  bound.member("kind").set_string("Pod");
  bound.member("apiVersion").set_string("v1");
  bound.member("name").set_string(wish.pod);
  bound.member("uid").set_string(wish.pod_uid);
  return tree;
}

// token := base64url(header) "." base64url(claims) "." base64url(signature)
Result<json::Tree> claims_of(std::string_view token) {
  const std::size_t first = token.find('.'), second = token.find('.', first + 1);
  if (first == token.npos || second == token.npos) return invalid("no token");
  return json::Tree::parse(TRY(base64::decode_url(token.substr(first + 1, second - first - 1))));
}

bool is_for(const json::Item& claims, const TokenWish& wish) {
  const json::Item* binding = claims.find("kubernetes.io");  // its key has a dot: no path
  if (binding == nullptr || kube::text_at(*binding, "pod.uid") != wish.pod_uid ||
      kube::text_at(*binding, "serviceaccount.name") != wish.account)
    return false;
  if (wish.audience.empty()) return true;
  const json::Item& audiences = kube::part_at(claims, "aud");
  return audiences.size() == 1 && audiences.first()->string_or("") == wish.audience;
}

}  // namespace

Task<Tokens::Token> Tokens::get(TokenWish wish) {
  const auto kept = tokens_.find(wish);
  if (kept != tokens_.end() && clock_.wall() < kept->second.due) co_return kept->second;
  Result<Token> made = co_await request(wish).result();
  if (made) co_return tokens_[wish] = *std::move(made);
  // Looked up again: it may have been forgotten meanwhile.
  const auto old = tokens_.find(wish);
  if (old != tokens_.end() && clock_.wall() < old->second.ends) co_return old->second;
  co_return fail(made.error().kind(), text("failed to fetch token: {}", made.error().message()));
}

Task<Tokens::Token> Tokens::request(const TokenWish& wish) {
  const client::Where where{.resource = client_.resource("", "serviceaccounts"),
                            .name_space = wish.name_space,
                            .name = wish.account,
                            .subresource = "token"};
  const json::Tree asked = request_of(wish);
  const json::Tree answer = co_await client_.create(where, asked.root());
  const std::string_view ends = kube::text_at(answer.root(), "status.expirationTimestamp");
  Token token{.text = std::string(kube::text_at(answer.root(), "status.token")), .due = {}, .ends = {}};
  if (token.text.empty()) co_await internal("the answer has no token");
  token.ends = co_await parse_rfc3339(ends);
  // The server may have shortened it.
  const std::int64_t valid_s = kube::number_at(answer.root(), "spec.expirationSeconds");
  token.due = due_of(token.ends.ns / ns_per_s - valid_s, valid_s);
  co_return token;
}

void Tokens::adopt(const TokenWish& wish, std::string_view token) {
  const auto claims = claims_of(token);
  if (!claims || !is_for(claims->root(), wish)) return;
  const std::int64_t issued = kube::number_at(claims->root(), "iat"),
                     ends = kube::number_at(claims->root(), "exp");
  const Wall end{ends * ns_per_s};
  if (end <= clock_.wall()) return;
  tokens_[wish] = {.text = std::string(token),
                   .due = due_of(issued, std::min(ends - issued, wish.valid_for_s)),
                   .ends = end};
}

void Tokens::forget(std::string_view pod_uid) {
  const auto from = tokens_.lower_bound({.pod_uid = std::string(pod_uid), .valid_for_s = INT64_MIN});
  auto to = from;
  while (to != tokens_.end() && to->first.pod_uid == pod_uid) ++to;
  tokens_.erase(from, to);
}

// Somewhat earlier, so that pods that were made together do not ask together.
Wall Tokens::due_of(std::int64_t issued_s, std::int64_t valid_for_s) {
  const std::int64_t after_s = std::min(valid_for_s * 8 / 10, day_s);
  const Duration jitter = milliseconds(static_cast<std::int64_t>(random_.below(jitter_ms_max)));
  return {(issued_s + after_s) * ns_per_s - jitter.ns};
}

}  // namespace podo::volumes
