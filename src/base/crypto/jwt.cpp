// token := base64url(header) "." base64url(claims) "." base64url(signature)
// ES256: the signature is r and s, 32 bytes each, which OpenSSL speaks of as DER (RFC 7518, 3.4).
#include "base/crypto/jwt.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>

#include <cmath>

#include "base/core/ensure.h"
#include "base/crypto/digest.h"
#include "base/crypto/openssl.h"
#include "base/format/base64.h"
#include "base/format/json.h"
#include "base/format/json_writer.h"

namespace podo::crypto {
namespace {

using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, FreeBy<BN_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>>;

constexpr int field_size = 32;  // of P-256
constexpr std::size_t token_size_max = 64 << 10;

const unsigned char* octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* octets(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

template <class... A>
Failure unauthenticated(Pattern<A...> pattern, const A&... arguments) {
  return fail(ErrorKind::unauthenticated, text(pattern, arguments...));
}

Result<std::string> signature_of(EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) return "RS256";
  char group[32] = {};
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
      EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
      std::string_view(group) == "prime256v1")
    return "ES256";
  return unsupported("tokens are signed with RSA keys or those on P-256");
}

std::string id_of(EVP_PKEY* key) {
  Digest digest;
  digest.add(public_key_der(key));
  return base64::encode_url(digest.bytes());
}

std::string bytes_of(const BIGNUM* number, int size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  ENSURE(BN_bn2binpad(number, octets(bytes), size) == size);
  return bytes;
}

std::string pair_of_der(const std::string& der) {
  const unsigned char* at = octets(std::string_view(der));
  EcSignature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  ENSURE(signature != nullptr);
  return bytes_of(ECDSA_SIG_get0_r(signature.get()), field_size) +
         bytes_of(ECDSA_SIG_get0_s(signature.get()), field_size);
}

std::string der_of_pair(std::string_view pair) {
  if (pair.size() != 2 * field_size) return {};
  EcSignature signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(octets(pair), field_size, nullptr),
                 BN_bin2bn(octets(pair) + field_size, field_size, nullptr));
  std::string der(static_cast<std::size_t>(i2d_ECDSA_SIG(signature.get(), nullptr)), '\0');
  unsigned char* at = octets(der);
  i2d_ECDSA_SIG(signature.get(), &at);
  return der;
}

// --- times ------------------------------------------------------------------------------------------------

// Seconds since 1970, in a claim that need not be there.
Result<std::optional<double>> time_claim(json::Value claims, std::string_view name) {
  json::Value claim = claims.find(name);
  if (!claim.present()) return std::nullopt;
  std::optional<double> second = claim.as_double();
  if (!second || !std::isfinite(*second)) return unauthenticated("the token's {} is no time", name);
  return second;
}

Result<> check_times(json::Value claims, Wall now, std::int64_t leeway_s) {
  const double second = static_cast<double>(now.ns) / 1e9, leeway = static_cast<double>(leeway_s);
  const std::optional<double> from = TRY(time_claim(claims, "nbf")), until = TRY(time_claim(claims, "exp"));
  if (from && second + leeway < *from) return unauthenticated("the token is not valid yet");
  if (until && second - leeway >= *until) return unauthenticated("the token has expired");
  return {};
}

// --- reading keys -----------------------------------------------------------------------------------------

KeyHandle key_of(std::string_view kind, const unsigned char* der, long size) {
  if (kind == PEM_STRING_PUBLIC) return KeyHandle(d2i_PUBKEY(nullptr, &der, size));
  if (kind == PEM_STRING_RSA_PUBLIC) return KeyHandle(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &der, size));
  if (kind == PEM_STRING_PKCS8INF || kind == PEM_STRING_ECPRIVATEKEY || kind == PEM_STRING_RSA)
    return KeyHandle(d2i_AutoPrivateKey(nullptr, &der, size));
  Certificate certificate(kind == PEM_STRING_X509 ? d2i_X509(nullptr, &der, size) : nullptr);
  return KeyHandle(certificate != nullptr ? X509_get_pubkey(certificate.get()) : nullptr);
}

std::string number_of(EVP_PKEY* key, const char* parameter, int size = 0) {
  BIGNUM* raw = nullptr;
  ENSURE(EVP_PKEY_get_bn_param(key, parameter, &raw) == 1);
  Number number(raw);
  return base64::encode_url(bytes_of(raw, size != 0 ? size : BN_num_bytes(raw)));
}

}  // namespace

// --- signing ----------------------------------------------------------------------------------------------

Result<SigningKey> SigningKey::read(std::string_view private_key_pem) {
  KeyHandle handle = TRY(read_private_key(private_key_pem));
  SigningKey key;
  key.algorithm_ = TRY(signature_of(handle.get()));
  key.id_ = id_of(handle.get());
  key.public_ = public_key_pem(handle.get());
  key.key_ = std::move(handle);
  return key;
}

Result<std::string> SigningKey::sign(std::string_view claims) const {
  json::Writer header;
  header.object().key("alg").string(algorithm_).key("kid").string(id_).key("typ").string("JWT").end();
  std::string token = base64::encode_url(header.take()) + "." + base64::encode_url(claims);
  DigestContext context(EVP_MD_CTX_new());
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
  std::string signature(size, '\0');
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), octets(signature), &size, octets(token), token.size()) != 1)
    return internal("the token was not signed: {}", take_openssl_error());
  signature.resize(size);
  if (algorithm_ == "ES256") signature = pair_of_der(signature);
  return token + "." + base64::encode_url(signature);
}

// --- verifying --------------------------------------------------------------------------------------------

Result<> VerifyingKeys::add(std::string_view pem) {
  set_up_openssl();
  MemoryBio from = reader_of(pem);
  char *name = nullptr, *header = nullptr;
  unsigned char* der = nullptr;
  long size = 0;
  std::size_t found = 0;
  while (PEM_read_bio(from.get(), &name, &header, &der, &size) == 1) {
    KeyHandle handle = key_of(name, der, size);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(der, static_cast<std::size_t>(size));
    if (handle == nullptr) continue;  // parameters of a curve, say
    std::string id = id_of(handle.get()), algorithm = TRY(signature_of(handle.get()));
    keys_.push_back({std::move(id), std::move(algorithm), std::move(handle)});
    ++found;
  }
  std::string problem = take_openssl_error();  // that there is no more is one
  if (found == 0) return invalid("there is no public key in the text: {}", problem);
  return {};
}

Result<std::string> VerifyingKeys::verify(std::string_view token, Wall now, std::int64_t leeway_s) const {
  const std::size_t first = token.find('.'), second = token.find('.', first + 1);
  if (first == token.npos || second == token.npos || token.size() > token_size_max)
    return unauthenticated("the token is malformed");
  auto header_text = base64::decode_url(token.substr(0, first));
  auto claims_text = base64::decode_url(token.substr(first + 1, second - first - 1));
  auto signature = base64::decode_url(token.substr(second + 1));
  if (!header_text || !claims_text || !signature) return unauthenticated("the token is malformed");
  auto header = json::parse(*std::move(header_text));
  if (!header || !header->root().is(json::Kind::object)) return unauthenticated("the token is malformed");
  if (header->root().find("crit").present())
    return unauthenticated("the token has extensions that are not known here");
  auto member = [&](std::string_view name) {
    json::Value value = header->root().find(name);
    return value.is(json::Kind::string) ? value.string() : std::string_view();
  };
  if (!is_signed(member("alg"), member("kid"), token.substr(0, second), *signature))
    return unauthenticated("the token is not signed with a key that is known");
  auto claims = json::parse(*claims_text);
  if (!claims || !claims->root().is(json::Kind::object)) return unauthenticated("the token is malformed");
  TRY(check_times(claims->root(), now, leeway_s));
  return *std::move(claims_text);
}

// With the key that is named, if it is known by that name; else with any: a name is only a hint.
bool VerifyingKeys::is_signed(std::string_view algorithm, std::string_view id, std::string_view text,
                              std::string_view signature) const {
  bool named = false;
  for (const Key& key : keys_) named |= key.id == id;
  for (const Key& key : keys_) {
    if ((named && key.id != id) || key.algorithm != algorithm) continue;
    const std::string der = algorithm == "ES256" ? der_of_pair(signature) : std::string(signature);
    DigestContext context(EVP_MD_CTX_new());
    const bool fits =
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.handle.get()) == 1 &&
        EVP_DigestVerify(context.get(), octets(std::string_view(der)), der.size(), octets(text),
                         text.size()) == 1;
    if (fits) return true;
    (void)take_openssl_error();
  }
  return false;
}

std::string VerifyingKeys::key_set() const {
  json::Writer out;
  out.object().key("keys").array();
  for (const Key& key : keys_) {
    const bool rsa = key.algorithm == "RS256";
    out.object().key("use").string("sig").key("kty").string(rsa ? "RSA" : "EC").key("kid").string(key.id);
    if (!rsa) out.key("crv").string("P-256");
    out.key("alg").string(key.algorithm);
    EVP_PKEY* handle = key.handle.get();
    if (rsa) {
      out.key("n").string(number_of(handle, OSSL_PKEY_PARAM_RSA_N));
      out.key("e").string(number_of(handle, OSSL_PKEY_PARAM_RSA_E));
    } else {
      out.key("x").string(number_of(handle, OSSL_PKEY_PARAM_EC_PUB_X, field_size));
      out.key("y").string(number_of(handle, OSSL_PKEY_PARAM_EC_PUB_Y, field_size));
    }
    out.end();
  }
  out.end().end();
  return out.take();
}

}  // namespace podo::crypto
