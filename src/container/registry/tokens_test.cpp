#include "container/registry/tokens.h"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>

#include "base/format/base64.h"

namespace podo::registry {
namespace {

constexpr Wall now = {1'700'000'000'000'000'000};

std::string encoded(std::string_view bytes) {
  std::string text = base64::encode(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

// Signs with RS256; the other algorithm is in tests/registry.
struct Authority {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  Authority() = default;
  Authority(const Authority&) = delete;
  ~Authority() { EVP_PKEY_free(key); }

  std::string public_pem() const {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(memory, key);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(memory, &bytes);
    std::string pem(bytes, static_cast<std::size_t>(size));
    BIO_free(memory);
    return pem;
  }
  std::string token(std::string_view claims, std::string_view header = "{\"alg\":\"RS256\"}") const {
    const std::string message = encoded(header) + "." + encoded(claims);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key);
    std::string signature(256, '\0');
    std::size_t size = signature.size();
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                   reinterpret_cast<const unsigned char*>(message.data()), message.size());
    EVP_MD_CTX_free(context);
    return message + "." + encoded(signature.substr(0, size));
  }
};

}  // namespace

TEST_CASE("a token grants what it says, to the service it is for, while it is valid") {
  const Authority authority, stranger;
  const auto verifier = TokenVerifier::make("us", "podo", authority.public_pem());
  REQUIRE_MESSAGE(verifier.has_value(), verifier.error().message());
  const std::string good = R"({"iss":"us","aud":"podo","exp":1700000300,"access":[)"
                           R"({"type":"repository","name":"a/b","actions":["pull","push"]}]})";
  const auto grants = (*verifier)->verify(authority.token(good), now);
  REQUIRE_MESSAGE(grants.has_value(), grants.error().message());
  REQUIRE_EQ(grants->size(), 1);
  CHECK_EQ((*grants)[0].name, "a/b");
  CHECK_EQ((*grants)[0].actions, std::vector<std::string>{"pull", "push"});

  CHECK_FALSE((*verifier)->verify(stranger.token(good), now).has_value());
  CHECK_FALSE((*verifier)->verify(authority.token(good), {now.ns + 400'000'000'000}).has_value());
  CHECK_FALSE((*verifier)->verify(authority.token(good, "{\"alg\":\"ES256\"}"), now).has_value());
  CHECK_FALSE((*verifier)->verify(authority.token(good, "{\"alg\":\"none\"}"), now).has_value());
  for (const char* claims :
       {R"({"iss":"them","aud":"podo","exp":1700000300})", R"({"iss":"us","aud":"other","exp":1700000300})",
        R"({"iss":"us","aud":"podo"})", R"({"iss":"us","aud":"podo","exp":1700000300,"nbf":1700000100})",
        R"({"iss":"us","aud":"podo","exp":1700000300,"access":7})", "[]", ""})
    CHECK_FALSE((*verifier)->verify(authority.token(claims), now).has_value());
}

TEST_CASE("every change of a token makes it worthless") {
  const Authority authority;
  const auto verifier = TokenVerifier::make("us", "podo", authority.public_pem());
  const std::string token = authority.token(R"({"iss":"us","aud":"podo","exp":1700000300})");
  REQUIRE((*verifier)->verify(token, now).has_value());
  for (std::size_t i = 0; i < token.size() - 1; ++i) {  // of the last letter some bits are nobody's
    std::string other = token;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE((*verifier)->verify(other, now).has_value());
    CHECK_FALSE((*verifier)->verify(token.substr(0, i), now).has_value());
  }
}

TEST_CASE("a verifier needs somebody to believe") {
  const Authority authority;
  CHECK_FALSE(TokenVerifier::make("us", "podo", "").has_value());
  CHECK_FALSE(TokenVerifier::make("", "podo", authority.public_pem()).has_value());
  CHECK_FALSE(TokenVerifier::make("us", "", authority.public_pem()).has_value());
}

}  // namespace podo::registry
