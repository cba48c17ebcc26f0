#include "base/crypto/certificate.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/crypto/openssl.h"

namespace podo::crypto {
namespace {

constexpr Duration day = seconds(86'400);
constexpr Wall now{1'800'000'000'000'000'000};

KeyPair root() { return make_authority("podo-ca", now, day * 3650).value(); }

}  // namespace

TEST_CASE("what is issued says whose it is, for what, and for how long") {
  const KeyPair authority = root();
  const Subject wanted{.common_name = "system:node:one",
                       .organizations = {"system:nodes", "system:masters"},
                       .hosts = {"one.example", "10.0.0.1", "fd00::1"},
                       .server = true,
                       .client = true};
  const KeyPair made = issue(authority, wanted, now, day * 365).value();
  const CertificateFacts facts = read_certificate(made.certificate).value();
  CHECK_EQ(facts.subject.common_name, "system:node:one");
  CHECK(facts.subject.organizations == wanted.organizations);
  CHECK(facts.subject.hosts == wanted.hosts);
  CHECK((facts.subject.server && facts.subject.client && !facts.authority));
  CHECK_EQ(facts.issuer, "CN=podo-ca");
  CHECK_EQ(facts.fingerprint.size(), 64);
  CHECK_EQ(facts.not_before.ns, now.ns - seconds(300).ns);
  CHECK_EQ(facts.not_after.ns, now.ns + (day * 365).ns);
  CHECK_EQ(facts.serial.size(), 32);
  CHECK(facts.serial != read_certificate(issue(authority, wanted, now, day).value().certificate)->serial);
}

TEST_CASE("nothing outlives its authority") {
  const KeyPair authority = make_authority("short", now, day).value();
  const KeyPair made = issue(authority, {.common_name = "x"}, now, day * 100).value();
  CHECK_EQ(read_certificate(made.certificate)->not_after.ns, now.ns + day.ns);
  CHECK(read_certificate(authority.certificate)->authority);
}

TEST_CASE("a validity may reach beyond what a Wall can say") {
  const KeyPair long_lived = make_authority("old", now, Duration{INT64_MAX}).value();
  CHECK_GT(read_certificate(long_lived.certificate)->not_after.ns, INT64_MAX - (day * 36'500).ns);
}

TEST_CASE("names may be longer than X.520 allows, and must be text") {
  const std::string name = "system:node:" + std::string(253, 'n');
  const KeyPair made = issue(root(), {.common_name = name}, now, day).value();
  CHECK_EQ(read_certificate(made.certificate)->subject.common_name, name);
  CHECK_EQ(issue(root(), {.common_name = "\xff"}, now, day).error().kind(), ErrorKind::invalid);
  CHECK_EQ(issue(root(), {.common_name = "x", .hosts = {"a b"}}, now, day).error().kind(),
           ErrorKind::invalid);
}

TEST_CASE("a request is read, and answered with what was allowed") {
  const KeyPair authority = root();
  const std::string key = make_key().value();
  const Subject wanted{
      .common_name = "alice", .organizations = {"team"}, .hosts = {"a.example"}, .client = true};
  const CertificateRequest request = read_request(make_request(key, wanted).value()).value();
  CHECK_EQ(request.subject.common_name, "alice");
  CHECK(request.subject.organizations == wanted.organizations);
  CHECK(request.subject.hosts == wanted.hosts);
  CHECK((request.subject.client && !request.subject.server && !request.other_names));
  const Subject allowed{.common_name = "alice", .client = true};
  const std::string made = sign(authority, request, allowed, now, day).value();
  const CertificateFacts facts = read_certificate(made).value();
  CHECK(facts.subject.organizations.empty());
  CHECK(facts.subject.hosts.empty());
  // It is for the requester's key.
  KeyHandle handle = read_private_key(key).value();
  CHECK_EQ(public_key_pem(handle.get()), request.public_key);
}

TEST_CASE("a request whose signature does not fit is refused") {
  std::string request = make_request(make_key().value(), {.common_name = "alice"}).value();
  const std::size_t middle = request.find('\n') + 20;  // within the name
  request[middle] = request[middle] == 'A' ? 'B' : 'A';
  CHECK_EQ(read_request(request).error().kind(), ErrorKind::invalid);
  CHECK_EQ(read_request("nonsense").error().kind(), ErrorKind::invalid);
}

TEST_CASE("an authority must hold its own key") {
  const KeyPair one = root(), other = root();
  CHECK(issue({one.certificate, other.key}, {.common_name = "x"}, now, day)
            .error()
            .message()
            .starts_with("the private key is not the authority's"));
}

}  // namespace podo::crypto
