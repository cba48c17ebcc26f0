#include "cluster/access/service_tokens.h"

#include "base/format/json_writer.h"

namespace podo::access {
namespace {

constexpr std::string_view account_prefix = "system:serviceaccount:";

void write_bound(json::Writer& out, std::string_view key, const BoundTo& bound) {
  if (bound) out.key(key).object().key("name").string(bound.name).key("uid").string(bound.uid).end();
}

std::string string_at(const json::Value& object, std::string_view key) {
  const json::Value value = object.find(key);
  return value.is(json::Kind::string) ? std::string(value.string()) : std::string();
}

BoundTo read_bound(const json::Value& object, std::string_view key) {
  const json::Value bound = object.find(key);
  if (!bound.is(json::Kind::object)) return {};
  return {string_at(bound, "name"), string_at(bound, "uid")};
}

Failure unauthenticated(std::string_view why) { return fail(ErrorKind::unauthenticated, std::string(why)); }

void read_audiences(const json::Value& claims, std::vector<std::string>& audiences) {
  const json::Value value = claims.find("aud");
  if (value.is(json::Kind::string)) audiences.emplace_back(value.string());
  if (!value.is(json::Kind::array)) return;
  for (const json::Value item : value.items())
    if (item.is(json::Kind::string)) audiences.emplace_back(item.string());
}

void read_legacy(const json::Value& root, ServiceClaims& claims) {
  claims.legacy = true;
  claims.name_space = string_at(root, "kubernetes.io/serviceaccount/namespace");
  claims.account = {string_at(root, "kubernetes.io/serviceaccount/service-account.name"),
                    string_at(root, "kubernetes.io/serviceaccount/service-account.uid")};
  claims.secret.name = string_at(root, "kubernetes.io/serviceaccount/secret.name");
}

}  // namespace

std::string account_user(std::string_view name_space, std::string_view account) {
  return text("{}{}:{}", account_prefix, name_space, account);
}

std::vector<std::string> account_groups(std::string_view name_space) {
  return {"system:serviceaccounts", text("system:serviceaccounts:{}", name_space)};
}

std::optional<AccountName> account_of(std::string_view user_name) {
  if (!user_name.starts_with(account_prefix)) return {};
  const std::string_view rest = user_name.substr(account_prefix.size());
  const std::size_t colon = rest.find(':');
  if (colon == 0 || colon == rest.npos || colon + 1 == rest.size() || rest.find(':', colon + 1) != rest.npos)
    return {};
  return AccountName{std::string(rest.substr(0, colon)), std::string(rest.substr(colon + 1))};
}

std::string write_claims(const ServiceClaims& claims) {
  json::Writer out;
  out.object().key("aud").array();
  for (const std::string& audience : claims.audiences) out.string(audience);
  out.end().key("exp").number(claims.expires_s).key("iat").number(claims.issued_s);
  out.key("iss").string(claims.issuer).key("jti").string(claims.id);
  out.key("kubernetes.io").object().key("namespace").string(claims.name_space);
  write_bound(out, "node", claims.node);
  write_bound(out, "pod", claims.pod);
  write_bound(out, "secret", claims.secret);
  write_bound(out, "serviceaccount", claims.account);
  out.end().key("nbf").number(claims.issued_s);
  out.key("sub").string(account_user(claims.name_space, claims.account.name)).end();
  return out.take();
}

std::string write_legacy_claims(const ServiceClaims& claims) {
  json::Writer out;
  out.object().key("iss").string(legacy_issuer);
  out.key("kubernetes.io/serviceaccount/namespace").string(claims.name_space);
  out.key("kubernetes.io/serviceaccount/secret.name").string(claims.secret.name);
  out.key("kubernetes.io/serviceaccount/service-account.name").string(claims.account.name);
  out.key("kubernetes.io/serviceaccount/service-account.uid").string(claims.account.uid);
  out.key("sub").string(account_user(claims.name_space, claims.account.name)).end();
  return out.take();
}

Result<ServiceClaims> read_claims(std::string_view json) {
  const auto document = json::parse(std::string(json));
  if (!document || !document->root().is(json::Kind::object))
    return unauthenticated("the token's claims are no object");
  const json::Value root = document->root();
  ServiceClaims claims;
  claims.issuer = string_at(root, "iss");
  claims.subject = string_at(root, "sub");
  claims.id = string_at(root, "jti");
  read_audiences(root, claims.audiences);
  if (const auto at = root.find("exp").as_int64()) claims.expires_s = *at;
  if (const auto at = root.find("iat").as_int64()) claims.issued_s = *at;
  if (claims.issuer == legacy_issuer) read_legacy(root, claims);
  else if (const json::Value own = root.find("kubernetes.io"); own.is(json::Kind::object)) {
    claims.name_space = string_at(own, "namespace");
    claims.account = read_bound(own, "serviceaccount");
    claims.pod = read_bound(own, "pod");
    claims.secret = read_bound(own, "secret");
    claims.node = read_bound(own, "node");
  }
  if (!claims.account || claims.name_space.empty())
    return unauthenticated("it is no service account's token");
  if (claims.subject != account_user(claims.name_space, claims.account.name))
    return unauthenticated("sub claim is not the service account's");
  return claims;
}

User user_of(const ServiceClaims& claims) {
  User user{.name = account_user(claims.name_space, claims.account.name), .uid = claims.account.uid};
  user.groups = account_groups(claims.name_space);
  const auto add = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) user.extra[text("authentication.kubernetes.io/{}", key)] = {value};
  };
  add("pod-name", claims.pod.name);
  add("pod-uid", claims.pod.uid);
  add("node-name", claims.node.name);
  add("node-uid", claims.node.uid);
  if (!claims.id.empty()) add("credential-id", text("JTI={}", claims.id));
  return user;
}

}  // namespace podo::access
