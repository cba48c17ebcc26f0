#include "base/crypto/jwt.h"

#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/crypto/certificate.h"
#include "base/crypto/openssl.h"
#include "base/format/base64.h"
#include "base/format/json.h"

namespace podo::crypto {
namespace {

constexpr Wall now{1'800'000'000'000'000'000};

struct World {
  World() { REQUIRE(keys.add(key.public_key()).has_value()); }
  std::string refusal(std::string_view token) const {
    Result<std::string> claims = keys.verify(token, now);
    REQUIRE(!claims);
    CHECK_EQ(claims.error().kind(), ErrorKind::unauthenticated);
    return claims.error().message();
  }
  SigningKey key = SigningKey::read(make_key().value()).value();
  VerifyingKeys keys;
};

std::string rsa_key() {
  KeyHandle key(EVP_RSA_gen(2048));
  MemoryBio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return take_text(out.get());
}

}  // namespace

TEST_CASE("what was signed is believed, as it was written") {
  World world;
  const std::string claims = R"({"sub":"x",  "exp":1800000100,"nbf":1799999900})";
  const std::string token = world.key.sign(claims).value();
  CHECK_EQ(world.keys.verify(token, now), claims);
  CHECK_EQ(base64::decode_url(token.substr(0, token.find('.'))),
           R"({"alg":"ES256","kid":")" + world.key.id() + R"(","typ":"JWT"})");
}

TEST_CASE("a changed, cut or foreign token is not") {
  World world;
  const std::string token = world.key.sign(R"({"sub":"x"})").value();
  for (std::size_t at = 0; at < token.size(); at += 3) {
    std::string changed = token;
    changed[at] = changed[at] == 'B' ? 'C' : 'B';
    world.refusal(changed);
    world.refusal(token.substr(0, at));
  }
  const SigningKey stranger = SigningKey::read(make_key().value()).value();
  CHECK_EQ(world.refusal(stranger.sign(R"({"sub":"x"})").value()),
           "the token is not signed with a key that is known");
}

TEST_CASE("an algorithm is the key's, never the token's choice") {
  World world;
  const std::string token = world.key.sign(R"({"sub":"x"})").value();
  const std::string rest = token.substr(token.find('.'));
  for (const char* header : {R"({"alg":"none"})", R"({"alg":"HS256"})", R"({"alg":"RS256"})", R"({})",
                             R"({"alg":"ES256","crit":["b64"],"b64":false})", "[]", "1"}) {
    world.refusal(base64::encode_url(header) + rest);
    world.refusal(base64::encode_url(header) + "." + base64::encode_url(R"({"sub":"x"})") + ".");
  }
}

TEST_CASE("a token is for its time") {
  World world;
  auto claims = [&](const char* text) { return world.key.sign(text).value(); };
  CHECK_EQ(world.refusal(claims(R"({"exp":1799999990})")), "the token has expired");
  CHECK(world.keys.verify(claims(R"({"exp":1799999991})"), now).has_value());  // the leeway
  CHECK_EQ(world.refusal(claims(R"({"nbf":1800000011})")), "the token is not valid yet");
  CHECK(world.keys.verify(claims(R"({"nbf":1800000010})"), now).has_value());
  CHECK_EQ(world.refusal(claims(R"({"exp":"1900000000"})")), "the token's exp is no time");
}

TEST_CASE("RSA keys and those of certificates count too; others are found when the named one is unknown") {
  World world;
  const SigningKey rsa = SigningKey::read(rsa_key()).value();
  const KeyPair root = make_authority("ca", now, seconds(3600)).value();
  REQUIRE(world.keys.add(rsa.public_key() + root.certificate).has_value());
  CHECK_EQ(world.keys.size(), 3);
  CHECK(world.keys.verify(rsa.sign(R"({"sub":"x"})").value(), now).has_value());
  CHECK(world.keys.verify(SigningKey::read(root.key)->sign(R"({"sub":"x"})").value(), now).has_value());
  CHECK_EQ(world.keys.add("nothing").error().kind(), ErrorKind::invalid);
}

TEST_CASE("the key set names what a verifier needs") {
  World world;
  REQUIRE(world.keys.add(SigningKey::read(rsa_key())->public_key()).has_value());
  json::Document set = json::parse(world.keys.key_set()).value();
  json::Value ec = set.root().find("keys").at(0), rsa = set.root().find("keys").at(1);
  CHECK_EQ(ec.find("kid").string(), world.key.id());
  CHECK_EQ(ec.find("alg").string(), "ES256");
  CHECK_EQ(base64::decode_url(ec.find("x").string())->size(), 32);
  CHECK_EQ(base64::decode_url(ec.find("y").string())->size(), 32);
  CHECK_EQ(rsa.find("alg").string(), "RS256");
  CHECK_EQ(rsa.find("e").string(), "AQAB");
  CHECK_EQ(base64::decode_url(rsa.find("n").string())->size(), 256);
}

}  // namespace podo::crypto
