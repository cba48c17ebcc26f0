// Tokens of service accounts, as claims: what is written into them, and what is read out of them. Their
// signatures and times are base/crypto/jwt.h's business. Pure.
//
//   claims := aud exp iat iss jti nbf sub "kubernetes.io": { namespace, serviceaccount: { name, uid },
//             pod | secret | node: { name, uid } }
//   legacy := iss "kubernetes/serviceaccount", sub, "kubernetes.io/serviceaccount/namespace",
//             ".../secret.name", ".../service-account.name", ".../service-account.uid"      no end
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/access/access.h"

namespace podo::access {

struct BoundTo {
  std::string name = {}, uid = {};
  explicit operator bool() const { return !name.empty(); }
};

struct ServiceClaims {
  std::string issuer, subject, id;  // id: "" of legacy ones
  std::vector<std::string> audiences;
  std::string name_space;
  BoundTo account = {}, pod = {}, secret = {}, node = {};
  std::int64_t issued_s = 0, expires_s = 0;
  bool legacy = false;
};

inline constexpr std::string_view legacy_issuer = "kubernetes/serviceaccount";

std::string write_claims(const ServiceClaims& claims);
std::string write_legacy_claims(const ServiceClaims& claims);
// unauthenticated: they are no service account's.
Result<ServiceClaims> read_claims(std::string_view json);

// Whose they are: name, uid, groups, and what the token is bound to as extra.
User user_of(const ServiceClaims& claims);
std::string account_user(std::string_view name_space,
                         std::string_view account);  // "system:serviceaccount:..."
std::vector<std::string> account_groups(std::string_view name_space);
// Of a user name; absent when it is no service account's.
struct AccountName {
  std::string name_space, name;
};
std::optional<AccountName> account_of(std::string_view user_name);

}  // namespace podo::access
