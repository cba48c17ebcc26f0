// JSON Web Tokens (RFC 7519) in compact form, signed (RFC 7515): ES256 and RS256. Who uses them decides what
// claims mean; here is the form, the signature and the time. Immutable once filled, so any thread may read.
//
//   SigningKey key = TRY(SigningKey::read(pem));
//   std::string token = TRY(key.sign(R"({"sub":"system:serviceaccount:default:web","exp":1700000000})"));
//   VerifyingKeys keys;
//   TRY(keys.add(key.public_key()));
//   std::string claims = TRY(keys.verify(token, clock.wall()));
//
// A signature on P-256 takes 30 us, its verification 90.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/clock.h"
#include "base/core/error.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace podo::crypto {

class SigningKey {
 public:
  // On P-256, or RSA; of another kind: unsupported.
  static Result<SigningKey> read(std::string_view private_key_pem);
  const std::string& id() const { return id_; }  // `kid`: base64url of sha256 of the public key (DER)
  const std::string& public_key() const { return public_; }  // PEM
  // `claims`: a JSON object. Gives header.payload.signature.
  Result<std::string> sign(std::string_view claims) const;

 private:
  std::string id_, public_, algorithm_;
  std::shared_ptr<evp_pkey_st> key_;
};

class VerifyingKeys {
 public:
  // All that stand in the text: public keys, those of certificates, the public half of private ones.
  Result<> add(std::string_view pem);
  std::size_t size() const { return keys_.size(); }

  // The claims, as they are written. unauthenticated: malformed, unknown key, wrong signature, "alg" that is
  // not the key's, not yet or no longer valid (nbf, exp; `leeway` seconds). A token without exp never ends.
  Result<std::string> verify(std::string_view token, Wall now, std::int64_t leeway_s = 10) const;
  std::string key_set() const;  // JSON Web Key Set (RFC 7517), of /openid/v1/jwks

 private:
  struct Key {
    std::string id, algorithm;
    std::shared_ptr<evp_pkey_st> handle;
  };
  bool is_signed(std::string_view algorithm, std::string_view id, std::string_view text,
                 std::string_view signature) const;
  std::vector<Key> keys_;
};

}  // namespace podo::crypto
