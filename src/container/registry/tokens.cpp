#include "container/registry/tokens.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <algorithm>

#include "base/format/base64.h"
#include "base/format/json.h"
#include "base/linux/file.h"

namespace podo::registry {
namespace {

template <auto free>
struct FreeBy {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using Bio = std::unique_ptr<BIO, FreeBy<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeBy<X509_free>>;
using Vouchers = std::unique_ptr<X509_STORE, FreeBy<X509_STORE_free>>;
using Check = std::unique_ptr<X509_STORE_CTX, FreeBy<X509_STORE_CTX_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>>;

void free_stack(STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }
using Chain = std::unique_ptr<STACK_OF(X509), FreeBy<free_stack>>;

constexpr std::int64_t leeway_s = 60;  // clocks differ
constexpr std::size_t token_bytes_max = 32 << 10;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// base64url without padding (RFC 7515 2)
Result<std::string> decode_url(std::string_view text) {
  std::string plain(text);
  std::replace(plain.begin(), plain.end(), '-', '+');
  std::replace(plain.begin(), plain.end(), '_', '/');
  if (plain.contains('=')) return invalid("padding in base64url");
  while (plain.size() % 4 != 0) plain += '=';
  return base64::decode(plain);
}

// ES256 signatures are two numbers of 32 bytes (RFC 7518 3.4); OpenSSL wants them in DER.
Result<std::string> der_of(std::string_view raw) {
  if (raw.size() != 64) return invalid("an ES256 signature has 64 bytes");
  const Signature signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes_of(raw), 32, nullptr),
                 BN_bin2bn(bytes_of(raw) + 32, 32, nullptr));
  unsigned char* out = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &out);
  if (size <= 0) return invalid("an ES256 signature");
  std::string der(reinterpret_cast<const char*>(out), static_cast<std::size_t>(size));
  OPENSSL_free(out);
  return der;
}

bool suits(const EVP_PKEY* key, std::string_view algorithm) {
  if (algorithm == "RS256") return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
  return algorithm == "ES256" && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_bits(key) == 256;
}

bool has_signed(EVP_PKEY* key, std::string_view algorithm, std::string_view message,
                std::string_view signature) {
  if (key == nullptr || !suits(key, algorithm)) return false;
  const Context context(EVP_MD_CTX_new());
  const bool right = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
                     EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                                      message.size()) == 1;
  ERR_clear_error();
  return right;
}

Result<Certificate> read_certificate(std::string_view base64_der) {
  const std::string der = TRY(base64::decode(base64_der));
  const unsigned char* at = bytes_of(der);
  Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (certificate == nullptr) return invalid("x5c holds no certificate");
  return certificate;
}

bool is_for(const json::Field& audience, std::string_view service) {
  if (audience.value().is(json::Kind::string)) return audience.value().string() == service;
  for (const json::Value one : audience.value().items())
    if (one.is(json::Kind::string) && one.string() == service) return true;
  return false;
}

Result<std::vector<Grant>> read_grants(const json::Field& access) {
  std::vector<Grant> grants;
  if (access) TRY(access.array());
  for (std::size_t i = 0; i < access.size(); ++i) {
    Grant grant{
        std::string(TRY(access[i]["type"].string())), std::string(TRY(access[i]["name"].string())), {}};
    const json::Field actions = access[i]["actions"];
    for (std::size_t k = 0; k < actions.size(); ++k) grant.actions.emplace_back(TRY(actions[k].string()));
    grants.push_back(std::move(grant));
  }
  return grants;
}

}  // namespace

struct TokenVerifier::Keys {
  std::vector<Key> keys;
  Vouchers vouchers{X509_STORE_new()};

  Result<> read(std::string_view pem) {
    const Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    for (;;) {
      const Certificate certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
      if (certificate == nullptr) break;
      X509_STORE_add_cert(vouchers.get(), certificate.get());
      keys.emplace_back(X509_get_pubkey(certificate.get()));
    }
    const Bio again(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    for (;;) {
      Key key(PEM_read_bio_PUBKEY(again.get(), nullptr, nullptr, nullptr));
      if (key == nullptr) break;
      keys.push_back(std::move(key));
    }
    ERR_clear_error();
    if (keys.empty()) return invalid("neither a certificate nor a public key");
    return {};
  }

  // The key of the first certificate in x5c, when one of ours vouches for it.
  Result<Key> key_of_chain(const json::Field& x5c) const {
    if (x5c.size() == 0 || x5c.size() > 10) return denied("x5c of {} certificates", x5c.size());
    const Certificate leaf = TRY(read_certificate(TRY(x5c[std::size_t{0}].string())));
    const Chain between(sk_X509_new_null());
    for (std::size_t i = 1; i < x5c.size(); ++i)
      sk_X509_push(between.get(), TRY(read_certificate(TRY(x5c[i].string()))).release());
    const Check check(X509_STORE_CTX_new());
    X509_STORE_CTX_init(check.get(), vouchers.get(), leaf.get(), between.get());
    X509_STORE_CTX_set_flags(check.get(), X509_V_FLAG_PARTIAL_CHAIN);
    const bool vouched = X509_verify_cert(check.get()) == 1;
    ERR_clear_error();
    if (!vouched) return denied("nobody we know vouches for the token's certificate");
    return Key(X509_get_pubkey(leaf.get()));
  }
};

TokenVerifier::TokenVerifier(std::string issuer, std::string service, std::unique_ptr<Keys> keys)
    : issuer_(std::move(issuer)), service_(std::move(service)), keys_(std::move(keys)) {}
TokenVerifier::~TokenVerifier() = default;

Result<std::unique_ptr<TokenVerifier>> TokenVerifier::make(std::string issuer, std::string service,
                                                           std::string_view certificates_pem) {
  if (issuer.empty() || service.empty()) return invalid("tokens need an issuer and a service");
  auto keys = std::make_unique<Keys>();
  TRY(keys->read(certificates_pem));
  return std::unique_ptr<TokenVerifier>(
      new TokenVerifier(std::move(issuer), std::move(service), std::move(keys)));
}

Result<std::unique_ptr<TokenVerifier>> TokenVerifier::open(std::string issuer, std::string service,
                                                           const std::string& certificate_file) {
  if (certificate_file.empty()) return invalid("tokens need the certificate of who signs them");
  const std::string pem = TRY(linux::read_file(certificate_file.c_str(), 1 << 20));
  return TRY_IN(certificate_file, make(std::move(issuer), std::move(service), pem));
}

Result<std::vector<Grant>> TokenVerifier::verify(std::string_view token, Wall now) const {
  const std::size_t first = token.find('.'), second = token.find('.', first + 1);
  if (token.size() > token_bytes_max || first == std::string_view::npos || second == std::string_view::npos)
    return denied("this is no token");
  const json::Document header = TRY(json::parse(TRY(decode_url(token.substr(0, first)))));
  const std::string signature = TRY(decode_url(token.substr(second + 1)));
  const json::Field head(header);
  const std::string_view algorithm = TRY(head["alg"].string());
  if (algorithm != "RS256" && algorithm != "ES256") return denied("tokens signed by {}", algorithm);
  const std::string_view message = token.substr(0, second);
  const std::string proof = algorithm == "ES256" ? TRY(der_of(signature)) : signature;
  bool believed = false;
  if (head["x5c"]) {
    const Key key = TRY(keys_->key_of_chain(head["x5c"]));
    believed = has_signed(key.get(), algorithm, message, proof);
  } else {
    for (const Key& key : keys_->keys)
      believed = believed || has_signed(key.get(), algorithm, message, proof);
  }
  if (!believed) return denied("the token's signature is wrong");

  const json::Document body = TRY(json::parse(TRY(decode_url(token.substr(first + 1, second - first - 1)))));
  const json::Field claims(body);
  const std::int64_t second_now = now.ns / 1'000'000'000;
  if (TRY(claims["iss"].string()) != issuer_) return denied("the token is of another issuer");
  if (!is_for(claims["aud"], service_)) return denied("the token is for another service");
  if (TRY(claims["exp"].int64()) + leeway_s <= second_now) return denied("the token has expired");
  if (TRY(claims["nbf"].int64_or(0)) - leeway_s > second_now) return denied("the token is not valid yet");
  return read_grants(claims["access"]);
}

}  // namespace podo::registry
