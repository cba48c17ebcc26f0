// Bearer tokens that are no JWT: those of a file, which is read once, and bootstrap tokens, which are
// Secrets. Pure. Tokens are compared in a time that does not depend on where they differ.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "cluster/access/access.h"

namespace podo::access {

// A line of the file: TOKEN,USER,UID[,"GROUP,GROUP"]
struct StaticToken {
  std::string token;
  User user;
};
Result<std::vector<StaticToken>> read_static_tokens(std::string_view csv);
const User* find_static(const std::vector<StaticToken>& tokens, std::string_view token);

// ID "." SECRET: six and sixteen of a-z0-9.
struct BootstrapToken {
  std::string_view id, secret;
};
std::optional<BootstrapToken> split_bootstrap(std::string_view token);
// The user, if the Secret kube-system/bootstrap-token-ID says that the token is good now.
std::optional<User> bootstrap_user(const BootstrapToken& token, const json::Item& secret, Wall now);

}  // namespace podo::access
