// Tokens that this cluster gives out. Who asks for one, and whether what it is to be bound to is there, the
// API server has looked at (cluster/apiserver/token_request.cpp).

#include "cluster/access/local_access.h"
#include "model/kube/stamp.h"

namespace podo::access {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

}  // namespace

Result<TokenMade> LocalAccess::make_token(const TokenWish& wish) {
  ServiceClaims claims{.issuer = options_.issuer,
                       .subject = {},
                       .id = kube::make_uid(ground_.random),
                       .audiences = wish.audiences,
                       .name_space = wish.name_space,
                       .account = {wish.service_account, wish.service_account_uid}};
  if (claims.audiences.empty()) claims.audiences.push_back(options_.issuer);
  const BoundTo bound{wish.bound_name, wish.bound_uid};
  if (wish.bound_kind == "Pod") claims.pod = bound;
  else if (wish.bound_kind == "Secret") claims.secret = bound;
  else if (wish.bound_kind == "Node") claims.node = bound;
  else if (!wish.bound_kind.empty()) return invalid("a token cannot be bound to a {}", wish.bound_kind);
  if (claims.pod && !wish.node_name.empty()) claims.node = {wish.node_name, wish.node_uid};
  claims.issued_s = ground_.clock.wall().ns / second_ns;
  claims.expires_s = claims.issued_s + wish.valid_for_s;
  return TokenMade{.token = TRY(signing_.sign(write_claims(claims))),
                   .expires = {claims.expires_s * second_ns}};
}

Result<std::string> LocalAccess::make_secret_token(const TokenWish& wish) {
  const ServiceClaims claims{.issuer = std::string(legacy_issuer),
                             .subject = {},
                             .id = {},
                             .audiences = {},
                             .name_space = wish.name_space,
                             .account = {wish.service_account, wish.service_account_uid},
                             .secret = {wish.bound_name, {}}};
  return signing_.sign(write_legacy_claims(claims));
}

}  // namespace podo::access
