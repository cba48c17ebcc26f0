// Tokens of a registry's token service (Docker's token authentication: "Token Authentication Specification"
// and its OAuth 2 form), kept until shortly before they expire. Lives on the registry's loop.
#pragma once

#include <map>

#include "container/registry_client/registry.h"

namespace podo::image {

struct TokenRequest {
  std::string realm, service;       // of the challenge
  std::vector<std::string> scopes;  // "repository:library/busybox:pull"
  Credentials credentials = {};
  bool insecure = false;        // the registry is: so may be its token service
  bool wants_identity = false;  // of a log-in: a token that stands for the password from then on
  std::string rejected = {};    // a token that has just been refused
};

struct Token {
  std::string token, identity_token = {};
  bool is_new = true;  // false: it was kept from before
};

class TokenService {
 public:
  explicit TokenService(const RegistryGround& ground) : ground_(ground) {}

  // unauthenticated: the service does not know who asks. Denied: its address is not one to tell a secret.
  Task<Token> get(TokenRequest request);

 private:
  struct Kept {
    std::string token;
    Monotonic until;
  };
  Task<http::Response> ask(const TokenRequest& request);
  void keep(std::string key, std::string token, std::int64_t lifetime_s);

  RegistryGround ground_;
  std::map<std::string, Kept> kept_;  // by everything that a token depends on
};

}  // namespace podo::image
