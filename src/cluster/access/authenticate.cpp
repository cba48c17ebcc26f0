// Who asks? A client certificate, else a bearer token, else nobody in particular. What was shown and is not
// good is no excuse: it is 401, not anonymous.

#include "base/format/base64.h"
#include "cluster/access/local_access.h"

namespace podo::access {
namespace {

constexpr std::string_view authenticated = "system:authenticated";
constexpr std::string_view unauthenticated_group = "system:unauthenticated";

Failure unauthenticated(std::string_view why) { return fail(ErrorKind::unauthenticated, std::string(why)); }

// "Bearer TOKEN"; of a browser's WebSocket, which cannot set fields, a protocol
// "base64url.bearer.authorization.k8s.io.TOKEN". "" when there is none.
std::string bearer_token(const http::Headers& headers) {
  const std::string_view field = headers.get("Authorization");
  const std::size_t blank = field.find(' ');
  if (blank != field.npos && http::same_name(field.substr(0, blank), "Bearer")) {
    const std::size_t from = field.find_first_not_of(' ', blank);
    const std::string_view token = from == field.npos ? std::string_view() : field.substr(from);
    return std::string(token.substr(0, token.find(' ')));
  }
  constexpr std::string_view prefix = "base64url.bearer.authorization.k8s.io.";
  std::string_view protocols = headers.get("Sec-WebSocket-Protocol");
  const std::size_t at = protocols.find(prefix);
  if (at == protocols.npos) return {};
  protocols.remove_prefix(at + prefix.size());
  return base64::decode_url(protocols.substr(0, protocols.find_first_of(", "))).value_or("");
}

bool is_jwt(std::string_view token) {
  const std::size_t first = token.find('.');
  return first != token.npos && token.find('.', first + 1) != token.npos;
}

std::vector<std::string> in_both(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> both;
  for (const std::string& item : a)
    for (const std::string& other : b)
      if (item == other) both.push_back(item);
  return both;
}

}  // namespace

void add_everybodys_group(User& user) {
  if (user.is_in(authenticated) || user.is_in(unauthenticated_group)) return;
  user.groups.emplace_back(user.name == "system:anonymous" ? unauthenticated_group : authenticated);
}

Task<User> LocalAccess::authenticate(const http::Peer& peer, const http::Headers& headers) {
  User user = co_await recognize(peer, headers);
  add_everybodys_group(user);
  co_return impersonated(std::move(user), headers);
}

Task<User> LocalAccess::recognize(const http::Peer& peer, const http::Headers& headers) {
  if (peer.certificate != nullptr && !peer.certificate->subject.common_name.empty()) {
    const crypto::CertificateFacts& facts = *peer.certificate;
    // It was believed when the connection was made, which may be long ago.
    if (facts.not_after < ground_.clock.wall()) co_return unauthenticated("the certificate has expired");
    User user{.name = facts.subject.common_name, .groups = facts.subject.organizations};
    user.extra["authentication.kubernetes.io/credential-id"] = {text("X509SHA256={}", facts.fingerprint)};
    co_return user;
  }
  if (std::string token = bearer_token(headers); !token.empty()) {
    TokenReviewed reviewed = co_await check_token(std::move(token), {options_.issuer});
    co_return std::move(reviewed.user);
  }
  if (!peer.certificate_problem.empty()) co_return unauthenticated(peer.certificate_problem);
  if (!options_.anonymous) co_return unauthenticated("nobody in particular may not ask");
  co_return User{.name = "system:anonymous"};
}

Task<TokenReviewed> LocalAccess::check_token(std::string token, std::vector<std::string> audiences) {
  TokenReviewed reviewed;
  if (const User* user = find_static(static_tokens_, token)) {
    reviewed.user = *user;
  } else if (is_jwt(token)) {
    co_return co_await check_service_token(std::move(token), std::move(audiences));
  } else {
    const auto parts = split_bootstrap(token);
    if (!parts) co_return unauthenticated("invalid bearer token");
    objects::Key key{.resource = &ground_.objects.resource("", "secrets"),
                     .name_space = "kube-system",
                     .name = text("bootstrap-token-{}", parts->id)};
    const std::optional<objects::Object> secret = co_await ground_.objects.find(std::move(key));
    if (!secret) co_return unauthenticated("invalid bearer token");
    const json::Tree tree = co_await secret->tree();
    std::optional<User> known = bootstrap_user(*parts, tree.root(), ground_.clock.wall());
    if (!known) co_return unauthenticated("invalid bearer token");
    reviewed.user = *std::move(known);
  }
  // Such a token says nothing of whom it is for: it is for this server.
  reviewed.audiences = in_both({options_.issuer}, audiences);
  if (reviewed.audiences.empty()) co_return unauthenticated("invalid bearer token");
  co_return reviewed;
}

Task<TokenReviewed> LocalAccess::review_token(std::string token, std::vector<std::string> audiences) {
  if (audiences.empty()) audiences.push_back(options_.issuer);
  TokenReviewed reviewed = co_await check_token(std::move(token), std::move(audiences));
  add_everybodys_group(reviewed.user);
  co_return reviewed;
}

}  // namespace podo::access
