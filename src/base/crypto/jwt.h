// JSON Web Tokens (RFC 7519) in compact form, signed: ES256, RS256 to verify as well. Who uses them decides
// what claims mean; here is the form, the signature and the time. Pure but for the keys' mathematics.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core/clock.h"
#include "base/core/error.h"

namespace podo::crypto {

class SigningKey {
 public:
  static Result<SigningKey> read(std::string_view private_key_pem);
  const std::string& id() const { return id_; }  // `kid`: base64url of sha256 of the public key (DER)
  const std::string& public_key() const { return public_; }  // PEM
  // `claims`: a JSON object. Gives header.payload.signature.
  Result<std::string> sign(std::string_view claims) const;

 private:
  std::string id_, private_, public_, algorithm_;
};

class VerifyingKeys {
 public:
  Result<> add(std::string_view public_key_or_certificate_pem);
  // The claims, as they are written. unauthenticated: malformed, unknown key, wrong signature, "alg" that is
  // not the key's, not yet or no longer valid (nbf, exp; `leeway` seconds).
  Result<std::string> verify(std::string_view token, Wall now, std::int64_t leeway_s = 10) const;
  std::string key_set() const;  // JSON Web Key Set, of /openid/v1/jwks

 private:
  struct Key {
    std::string id, pem, algorithm;
  };
  std::vector<Key> keys_;
};

}  // namespace podo::crypto
