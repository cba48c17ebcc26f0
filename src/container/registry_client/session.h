// What one operation says to one registry: requests with the authorization they need, redirects followed
// with care, trouble that passes tried again.
//
//   Session session(ground, tokens, endpoint, credentials, {"repository:library/busybox:pull"});
//   http::Response answer = co_await session.send({.target = "/v2/library/busybox/tags/list"}, patience);
//
// The authorization goes to the endpoint's own origin and nowhere else. Used by several strands of its
// loop.
#pragma once

#include "container/registry_client/endpoint.h"
#include "container/registry_client/patience.h"
#include "container/registry_client/tokens.h"

namespace podo::image {

struct Ask {
  std::string method = "GET";
  std::string target;  // behind the endpoint's base ("/v2/..."), or a whole URL
  http::Headers headers = {};
  std::string body = {};
  // In place of `body`. Such a request is sent once: no redirects, no second authorization.
  http::Body* streamed_body = nullptr;
  std::optional<std::uint64_t> body_size = {};
};

class Session {
 public:
  Session(const RegistryGround& ground, TokenService& tokens, Endpoint endpoint, Credentials credentials,
          std::vector<std::string> scopes);

  // The answer, of any status but those that may pass. Fails with the network's trouble once it lasts.
  Task<http::Response> send(Ask ask, Patience& patience);
  // The same with no second try of the network's trouble.
  Task<http::Response> send_once(Ask ask);

  // Where a Location field of an answer to `target` leads.
  Result<std::string> located(std::string_view target, std::string_view location) const;
  std::string url_of(std::string_view target) const;
  const Endpoint& endpoint() const { return endpoint_; }
  Patience patience(unsigned tries = 6) const { return {ground_.random, tries}; }
  // Scopes for what comes (a mount reads another repository); the next token has them too.
  void add_scope(std::string scope);
  const std::string& identity_token() const { return identity_token_; }
  void want_identity() { wants_identity_ = true; }

 private:
  Task<http::Response> follow(const Ask& ask);
  // False: by a token that was kept, which the registry may have forgotten.
  Task<bool> authorize(http::Response& response, std::string asked);
  Task<bool> authorize_by_token(std::string realm, std::string service, std::string scope);

  RegistryGround ground_;
  TokenService& tokens_;
  Endpoint endpoint_;
  std::string origin_;
  Credentials credentials_;
  std::vector<std::string> scopes_;
  std::string authorization_;  // the header's value; "" until the registry asked for it
  std::string identity_token_;
  bool wants_identity_ = false;
};

// "Get \"https://host/v2/\"": how Docker begins what it says about a request.
std::string quoted_request(std::string_view method, std::string_view url);

}  // namespace podo::image
