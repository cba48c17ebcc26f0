// Who asks, and what they may do: nobody has to say who they are, or Basic authentication against a file of
// users (RFC 7617), or bearer tokens of an authority (distribution's "Token Authentication Specification").
//
//   Caller caller = co_await access.identify(exchange.headers());
//   if (!caller.may(need)) ... 401, WWW-Authenticate: access.challenge(caller, need)
//
// Lives on the server's loop; passwords are checked on the pool.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/http/message.h"
#include "container/registry/tokens.h"
#include "container/registry/users.h"

namespace podo::registry {

// What a request needs: "repository", its name, {"pull"}; or nothing but a known caller (type "").
struct Need {
  std::string type, name;
  std::vector<std::string> actions;
  std::string scope() const;  // "repository:library/busybox:pull,push"
};

struct Caller {
  bool known = false;
  bool everything = false;
  std::vector<Grant> grants = {};
  std::string trouble = {};  // of a token that was shown: "invalid_token"
  bool may(const Need& need) const;
};

class Access {
 public:
  struct Options {
    std::string users_file;
    std::string realm, service, issuer, certificate_file;  // of tokens; realm "": none
  };
  static Result<std::unique_ptr<Access>> open(io::BlockingPool& pool, Clock& clock, Random& random, Log& log,
                                              Options options);

  bool open_to_all() const { return users_ == nullptr && verifier_ == nullptr; }
  Task<Caller> identify(const http::Headers& headers);
  std::string challenge(const Caller& caller, const Need& need) const;

 private:
  Access(Clock& clock, Options options) : clock_(clock), options_(std::move(options)) {}
  Clock& clock_;
  Options options_;
  std::unique_ptr<Users> users_;
  std::unique_ptr<TokenVerifier> verifier_;
};

}  // namespace podo::registry
