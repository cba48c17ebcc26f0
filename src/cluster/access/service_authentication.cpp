// Tokens of service accounts: signature and times by base/crypto/jwt.h, then whether what they are bound to
// is still there. The first is kept for some tokens; the second is asked every time, of mirrors: of an
// object whose version has been looked at already only the version.

#include <algorithm>

#include "base/core/timestamp.h"
#include "base/crypto/digest.h"
#include "base/format/base64.h"
#include "cluster/access/local_access.h"
#include "cluster/access/rules.h"

namespace podo::access {
namespace {

constexpr std::size_t known_tokens_max = 4096;
constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t leeway_s = 60;  // an account that is being deleted is good for so long

Failure unauthenticated(std::string_view why) { return fail(ErrorKind::unauthenticated, std::string(why)); }

std::string digest_of(std::string_view token) {
  crypto::Digest digest;
  digest.add(token);
  return digest.bytes();
}

std::string_view string_at(const json::Document& document, std::string_view key) {
  const json::Value value = document.root().find("metadata").find(key);
  return value.is(json::Kind::string) ? value.string() : std::string_view();
}

bool is_of(const objects::Object& object, std::string_view uid, Wall now) {
  const auto document = object.document();
  if (!document || string_at(*document, "uid") != uid) return false;
  const auto deleted = parse_rfc3339(string_at(*document, "deletionTimestamp"));
  return !deleted || deleted->ns + leeway_s * second_ns > now.ns;
}

}  // namespace

Result<LocalAccess::Known> LocalAccess::read_service_token(const std::string& token) {
  const std::string key = digest_of(token);
  const Wall now = ground_.clock.wall();
  if (const auto known = known_tokens_.find(key); known != known_tokens_.end()) {
    const std::int64_t expires_s = known->second.claims.expires_s;
    if (expires_s == 0 || expires_s > now.ns / second_ns) return known->second;
    known_tokens_.erase(known);
  }
  Known fresh{.claims = TRY(read_claims(TRY(verifying_.verify(token, now))))};
  const ServiceClaims& claims = fresh.claims;
  if (claims.issuer != (claims.legacy ? legacy_issuer : std::string_view(options_.issuer)))
    return unauthenticated("invalid bearer token");
  if (!claims.legacy && claims.expires_s == 0) return unauthenticated("the token has no end");
  if (known_tokens_.size() >= known_tokens_max) known_tokens_.clear();
  return known_tokens_[key] = std::move(fresh);
}

// What a mirror has may be a moment old: what it lacks, or has as another one, is asked of the store.
Task<objects::Object> LocalAccess::current(const objects::Mirror* mirror, std::string plural,
                                           std::string name_space, std::string name, std::string uid) {
  const Wall now = ground_.clock.wall();
  if (mirror != nullptr)
    if (const objects::Object* object = mirror->find(name_space, name); object && is_of(*object, uid, now))
      co_return *object;
  objects::Key key{.resource = &ground_.objects.resource("", plural),
                   .name_space = std::move(name_space),
                   .name = std::move(name)};
  std::optional<objects::Object> object = co_await ground_.objects.find(std::move(key));
  if (!object || !is_of(*object, uid, now))
    co_return unauthenticated("service account token has been invalidated");
  co_return *std::move(object);
}

Task<objects::Revision> LocalAccess::check_object(const objects::Mirror* mirror, std::string plural,
                                                  std::string name_space, BoundTo wanted,
                                                  objects::Revision looked_at) {
  if (mirror != nullptr)
    if (const objects::Object* object = mirror->find(name_space, wanted.name);
        object && looked_at != 0 && object->revision() == looked_at)
      co_return looked_at;
  const objects::Object object = co_await current(mirror, std::move(plural), std::move(name_space),
                                                  std::move(wanted.name), std::move(wanted.uid));
  const auto document = co_await object.document();
  // Of what is being deleted the time counts, so it is looked at every time.
  co_return string_at(document, "deletionTimestamp").empty() ? object.revision() : 0;
}

// A legacy token is the very text that its Secret has; others are bound by the Secret's uid.
Task<void> LocalAccess::check_secret(ServiceClaims claims, std::string token) {
  if (!claims.legacy) {
    co_await check_object(nullptr, "secrets", claims.name_space, claims.secret, 0);
    co_return;
  }
  objects::Key key{.resource = &ground_.objects.resource("", "secrets"),
                   .name_space = claims.name_space,
                   .name = claims.secret.name};
  const std::optional<objects::Object> secret = co_await ground_.objects.find(std::move(key));
  if (!secret) co_await unauthenticated("service account token has been invalidated");
  const json::Document document = co_await secret->document();
  const json::Value data = document.root().find("data").find("token");
  const bool same = data.is(json::Kind::string) && base64::decode(data.string()).value_or("") == token;
  if (!same) co_await unauthenticated("service account token does not match server's copy");
}

Task<TokenReviewed> LocalAccess::check_service_token(std::string token, std::vector<std::string> audiences) {
  Known known = co_await read_service_token(token);
  const ServiceClaims& claims = known.claims;
  TokenReviewed reviewed{.user = user_of(claims), .audiences = {}};
  const std::vector<std::string> own = {options_.issuer};
  const std::vector<std::string>& token_audiences = claims.legacy ? own : claims.audiences;
  for (const std::string& audience : audiences)
    if (contains(token_audiences, audience)) reviewed.audiences.push_back(audience);
  if (reviewed.audiences.empty())
    co_return unauthenticated(text("token audiences {} is invalid for the target audiences {}",
                                   print_list(token_audiences), print_list(audiences)));
  known.account = co_await check_object(accounts_.get(), "serviceaccounts", claims.name_space, claims.account,
                                        known.account);
  if (claims.pod)
    known.pod = co_await check_object(pods_.get(), "pods", claims.name_space, claims.pod, known.pod);
  if (claims.secret) co_await check_secret(claims, token);
  if (claims.node && !claims.pod) co_await check_object(nullptr, "nodes", "", claims.node, 0);
  if (const auto kept = known_tokens_.find(digest_of(token)); kept != known_tokens_.end()) {
    kept->second.account = known.account;
    kept->second.pod = known.pod;
  }
  co_return reviewed;
}

}  // namespace podo::access
