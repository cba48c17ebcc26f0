// Tokens: the service-account tokens of pods, by TokenRequest, bound to the pod. One is kept until it is due
// to be renewed: when 80 % of its life have passed, or a day. While a new one cannot be had the old one
// serves until it ends. Lives on the loop.
#pragma once

#include <map>
#include <string>

#include "base/core/random.h"
#include "cluster/client/client.h"

namespace podo::volumes {

using io::Task;

struct TokenWish {
  std::string pod_uid = {}, name_space = {}, pod = {}, account = {};
  std::string audience = {};  // "": the API server's own
  std::int64_t valid_for_s = 3600;
  auto operator<=>(const TokenWish&) const = default;
};

class Tokens {
 public:
  Tokens(client::Client& client, Clock& clock, Random& random)
      : client_(client), clock_(clock), random_(random) {}

  struct Token {
    std::string text;
    Wall due, ends;
  };
  Task<Token> get(TokenWish wish);
  // One that was found in the volume after a restart: if it is what would be asked for, it is kept.
  void adopt(const TokenWish& wish, std::string_view token);
  void forget(std::string_view pod_uid);

 private:
  Task<Token> request(const TokenWish& wish);
  Wall due_of(std::int64_t issued_s, std::int64_t valid_for_s);

  client::Client& client_;
  Clock& clock_;
  Random& random_;
  std::map<TokenWish, Token> tokens_;
};

}  // namespace podo::volumes
