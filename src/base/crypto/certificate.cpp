// The authority: what goes into a certificate. What is read out of one: certificate_read.cpp.
#include "base/crypto/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include <algorithm>

#include "base/core/ensure.h"
#include "base/core/ip_address.h"
#include "base/crypto/certificate_names.h"
#include "base/format/utf8.h"

namespace podo::crypto {
namespace {

constexpr Duration clocks_differ_by = seconds(300);
constexpr int serial_bits = 127;       // positive, and no 20 bytes long (RFC 5280, 4.1.2.2)
constexpr int weakest_key_bits = 112;  // of security: RSA 2048, P-224

struct Authority {
  Certificate certificate;
  KeyHandle key;
};

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0, size = 0; at < text.size(); at += size) {
    size = utf8::sequence_length(text.data() + at, text.data() + text.size());
    if (size == 0) return false;
  }
  return true;
}

time_t second_of(Wall at) { return at.ns / 1'000'000'000; }

Result<Authority> read_authority(const KeyPair& pair) {
  Authority authority;
  authority.key = TRY(read_private_key(pair.key));
  authority.certificate.reset(
      PEM_read_bio_X509(reader_of(pair.certificate).get(), nullptr, nullptr, nullptr));
  if (authority.certificate == nullptr)
    return invalid("the authority's certificate cannot be read: {}", take_openssl_error());
  if (X509_check_private_key(authority.certificate.get(), authority.key.get()) != 1)
    return invalid("the private key is not the authority's: {}", take_openssl_error());
  return authority;
}

// The entries' type is given, not chosen by OpenSSL, which would not let a name be longer than 64 letters.
Result<> set_name(X509_NAME* name, const Subject& subject) {
  auto add = [&](int field, std::string_view value) {
    return is_utf8(value) && X509_NAME_add_entry_by_NID(name, field, V_ASN1_UTF8STRING,
                                                        reinterpret_cast<const unsigned char*>(value.data()),
                                                        static_cast<int>(value.size()), -1, 0) == 1;
  };
  for (const std::string& organization : subject.organizations)
    if (!add(NID_organizationName, organization)) return invalid("{} is no organization", organization);
  if (!add(NID_commonName, subject.common_name)) return invalid("{} is no common name", subject.common_name);
  return {};
}

// --- extensions -------------------------------------------------------------------------------------------

Result<> add_name(GENERAL_NAMES* names, const std::string& host) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  sk_GENERAL_NAME_push(names, name);
  const Result<IpAddress> address = IpAddress::parse(host);
  const bool is_text = std::ranges::all_of(host, [](char c) { return c > ' ' && c < 0x7f; });
  if (host.empty() || !is_text) return invalid("{} is no host", host);
  const std::string_view bytes = address ? address->bytes() : std::string_view(host);
  ASN1_STRING* value = address ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
  ASN1_STRING_set(value, bytes.data(), static_cast<int>(bytes.size()));
  GENERAL_NAME_set0_value(name, address ? GEN_IPADD : GEN_DNS, value);
  return {};
}

Result<GeneralNames> names_of(const Subject& subject) {
  GeneralNames names(GENERAL_NAMES_new());
  for (const std::string& host : subject.hosts) TRY(add_name(names.get(), host));
  return names;
}

ExtendedUsage usage_of(const Subject& subject) {
  ExtendedUsage usage(EXTENDED_KEY_USAGE_new());
  if (subject.server) sk_ASN1_OBJECT_push(usage.get(), OBJ_nid2obj(NID_server_auth));
  if (subject.client) sk_ASN1_OBJECT_push(usage.get(), OBJ_nid2obj(NID_client_auth));
  return usage;
}

void add(X509* certificate, int extension, void* value, bool critical) {
  ENSURE(X509_add1_ext_i2d(certificate, extension, value, critical ? 1 : 0, X509V3_ADD_APPEND) == 1);
}

enum Usage : int { digital_signature = 0, key_encipherment = 2, certificates = 5, revocations = 6 };

void add_usage(X509* certificate, std::initializer_list<Usage> usages) {
  ASN1_BIT_STRING* bits = ASN1_BIT_STRING_new();
  for (Usage usage : usages) ASN1_BIT_STRING_set_bit(bits, usage, 1);
  add(certificate, NID_key_usage, bits, true);
  ASN1_BIT_STRING_free(bits);
}

void add_constraints(X509* certificate, bool authority) {
  BASIC_CONSTRAINTS* constraints = BASIC_CONSTRAINTS_new();
  constraints->ca = authority ? 0xff : 0;
  add(certificate, NID_basic_constraints, constraints, true);
  BASIC_CONSTRAINTS_free(constraints);
}

// By these a certificate is found among an authority's several: the digest of a key names it.
void add_key_ids(X509* certificate, X509* issuer) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  ENSURE(X509_pubkey_digest(certificate, EVP_sha1(), digest, &size) == 1);
  ASN1_OCTET_STRING* own = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(own, digest, static_cast<int>(size));
  add(certificate, NID_subject_key_identifier, own, false);
  ASN1_OCTET_STRING_free(own);
  const ASN1_OCTET_STRING* of_issuer = X509_get0_subject_key_id(issuer);
  if (of_issuer == nullptr) return;
  AUTHORITY_KEYID* theirs = AUTHORITY_KEYID_new();
  theirs->keyid = ASN1_OCTET_STRING_dup(of_issuer);
  add(certificate, NID_authority_key_identifier, theirs, false);
  AUTHORITY_KEYID_free(theirs);
}

// --- the certificate --------------------------------------------------------------------------------------

void set_serial(X509* certificate) {
  BIGNUM* number = BN_new();
  ENSURE(BN_rand(number, serial_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
  BN_free(number);
}

void set_validity(X509* certificate, const X509* issuer, Wall now, Duration valid_for) {
  time_t until = second_of(now) + valid_for.ns / 1'000'000'000;
  if (issuer != nullptr) until = std::min(until, second_of(wall_of(X509_get0_notAfter(issuer))));
  ASN1_TIME_set(X509_getm_notBefore(certificate), second_of(now) - second_of({clocks_differ_by.ns}));
  ASN1_TIME_set(X509_getm_notAfter(certificate), until);
}

Result<Certificate> draft(EVP_PKEY* key, const Subject& subject, const X509* issuer, Wall now,
                          Duration valid_for) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  set_serial(certificate.get());
  set_validity(certificate.get(), issuer, now, valid_for);
  TRY(set_name(X509_get_subject_name(certificate.get()), subject));
  X509_set_issuer_name(certificate.get(),
                       X509_get_subject_name(issuer != nullptr ? issuer : certificate.get()));
  if (X509_set_pubkey(certificate.get(), key) != 1)
    return invalid("the public key cannot be used: {}", take_openssl_error());
  return certificate;
}

Result<std::string> finish(X509* certificate, EVP_PKEY* key) {
  if (X509_sign(certificate, key, EVP_sha256()) == 0)
    return invalid("the authority's key cannot sign: {}", take_openssl_error());
  MemoryBio out(BIO_new(BIO_s_mem()));
  ENSURE(PEM_write_bio_X509(out.get(), certificate) == 1);
  return take_text(out.get());
}

Result<std::string> vouch(const Authority& authority, EVP_PKEY* key, const Subject& subject, Wall now,
                          Duration valid_for) {
  Certificate made = TRY(draft(key, subject, authority.certificate.get(), now, valid_for));
  add_constraints(made.get(), false);
  // Only with RSA is a secret ever sent to the key's owner.
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) add_usage(made.get(), {digital_signature, key_encipherment});
  else add_usage(made.get(), {digital_signature});
  if (subject.server || subject.client) add(made.get(), NID_ext_key_usage, usage_of(subject).get(), false);
  add_key_ids(made.get(), authority.certificate.get());
  if (!subject.hosts.empty()) {
    GeneralNames names = TRY(names_of(subject));
    add(made.get(), NID_subject_alt_name, names.get(), false);
  }
  return finish(made.get(), authority.key.get());
}

}  // namespace

Result<std::string> make_key() {
  set_up_openssl();
  KeyHandle key(EVP_EC_gen("P-256"));
  if (key == nullptr) return internal("no key was made: {}", take_openssl_error());
  MemoryBio out(BIO_new(BIO_s_mem()));
  ENSURE(PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return take_text(out.get());
}

Result<KeyPair> make_authority(std::string common_name, Wall now, Duration valid_for) {
  KeyPair pair{.certificate = {}, .key = TRY(make_key())};
  KeyHandle key = TRY(read_private_key(pair.key));
  Certificate made = TRY(draft(key.get(), {.common_name = std::move(common_name)}, nullptr, now, valid_for));
  add_constraints(made.get(), true);
  add_usage(made.get(), {digital_signature, key_encipherment, certificates, revocations});
  add_key_ids(made.get(), made.get());
  pair.certificate = TRY(finish(made.get(), key.get()));
  return pair;
}

Result<KeyPair> issue(const KeyPair& authority, const Subject& subject, Wall now, Duration valid_for) {
  KeyPair pair{.certificate = {}, .key = TRY(make_key())};
  KeyHandle key = TRY(read_private_key(pair.key));
  pair.certificate = TRY(vouch(TRY(read_authority(authority)), key.get(), subject, now, valid_for));
  return pair;
}

Result<std::string> sign(const KeyPair& authority, const CertificateRequest& request, const Subject& allowed,
                         Wall now, Duration valid_for) {
  Authority by = TRY(read_authority(authority));
  KeyHandle key(PEM_read_bio_PUBKEY(reader_of(request.public_key).get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return invalid("the public key cannot be read: {}", take_openssl_error());
  if (EVP_PKEY_get_security_bits(key.get()) < weakest_key_bits) return invalid("the public key is too weak");
  return vouch(by, key.get(), allowed, now, valid_for);
}

Result<std::string> make_request(std::string_view key_pem, const Subject& subject) {
  KeyHandle key = TRY(read_private_key(key_pem));
  Request request(X509_REQ_new());
  X509_REQ_set_version(request.get(), X509_REQ_VERSION_1);
  TRY(set_name(X509_REQ_get_subject_name(request.get()), subject));
  X509_REQ_set_pubkey(request.get(), key.get());
  Extensions extensions(sk_X509_EXTENSION_new_null());
  STACK_OF(X509_EXTENSION)* list = extensions.get();
  GeneralNames names = TRY(names_of(subject));
  if (!subject.hosts.empty()) X509V3_add1_i2d(&list, NID_subject_alt_name, names.get(), 0, X509V3_ADD_APPEND);
  if (subject.server || subject.client)
    X509V3_add1_i2d(&list, NID_ext_key_usage, usage_of(subject).get(), 0, X509V3_ADD_APPEND);
  if (sk_X509_EXTENSION_num(list) > 0) X509_REQ_add_extensions(request.get(), list);
  if (X509_REQ_sign(request.get(), key.get(), EVP_sha256()) == 0)
    return invalid("the key cannot sign: {}", take_openssl_error());
  MemoryBio out(BIO_new(BIO_s_mem()));
  ENSURE(PEM_write_bio_X509_REQ(out.get(), request.get()) == 1);
  return take_text(out.get());
}

}  // namespace podo::crypto
