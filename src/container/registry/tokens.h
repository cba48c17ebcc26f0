// Bearer tokens of an authority: JSON Web Tokens (RFC 7519) signed by RS256 or ES256 (RFC 7518), with the
// access they grant in the member "access" (distribution's token specification, "JSON Web Token").
//
//   token   := header "." claims "." signature                      each base64url without padding
//   claims  := {"iss":ISSUER,"aud":SERVICE,"exp":S,"nbf":S,"access":[{"type":T,"name":N,"actions":[A...]}]}
//
// The authority's certificates (or public keys) come from a PEM file. A header with "x5c" brings a
// certificate of its own, which one of the file has to vouch for. Pure, but for reading the file.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/clock.h"
#include "base/core/error.h"

namespace podo::registry {

struct Grant {
  std::string type, name;
  std::vector<std::string> actions;
};

class TokenVerifier {
 public:
  static Result<std::unique_ptr<TokenVerifier>> open(std::string issuer, std::string service,
                                                     const std::string& certificate_file);
  static Result<std::unique_ptr<TokenVerifier>> make(std::string issuer, std::string service,
                                                     std::string_view certificates_pem);
  ~TokenVerifier();
  // Denied: why it is not believed.
  Result<std::vector<Grant>> verify(std::string_view token, Wall now) const;

 private:
  struct Keys;
  TokenVerifier(std::string issuer, std::string service, std::unique_ptr<Keys> keys);
  std::string issuer_, service_;
  std::unique_ptr<Keys> keys_;
};

}  // namespace podo::registry
