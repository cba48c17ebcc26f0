// Certificates made for a test: an authority, and identities it vouches for.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/tls/tls.h"

namespace podo::tls {

class TestAuthority {
 public:
  TestAuthority() : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    fill(certificate_, key_, "a test's authority", "", 3600);
    X509_sign(certificate_, key_, EVP_sha256());
  }
  TestAuthority(const TestAuthority&) = delete;
  ~TestAuthority() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }

  std::string pem() const { return pem_of(certificate_); }

  // `alternatives`: "DNS:registry.example,IP:127.0.0.1". Valid from an hour ago for `seconds_left` from now.
  Identity issue(const char* common_name, const char* alternatives, long seconds_left = 3600) const {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    fill(certificate, key, common_name, alternatives, seconds_left);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate_));
    X509_sign(certificate, key_, EVP_sha256());
    Identity identity{pem_of(certificate), pem_of(key)};
    X509_free(certificate);
    EVP_PKEY_free(key);
    return identity;
  }

 private:
  static void fill(X509* certificate, EVP_PKEY* key, const char* name, const char* alternatives, long left) {
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), *name + left);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), left);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    bool authority = *alternatives == '\0';
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, authority ? NID_basic_constraints : NID_subject_alt_name,
                            authority ? "critical,CA:TRUE" : alternatives);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  static std::string take(BIO* memory) {
    char* bytes = nullptr;
    long size = BIO_get_mem_data(memory, &bytes);
    std::string text(bytes, static_cast<std::size_t>(size));
    BIO_free(memory);
    return text;
  }
  static std::string pem_of(X509* certificate) {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, certificate);
    return take(memory);
  }
  static std::string pem_of(EVP_PKEY* key) {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(memory, key, nullptr, nullptr, 0, nullptr, nullptr);
    return take(memory);
  }

  EVP_PKEY* key_;
  X509* certificate_;
};

}  // namespace podo::tls
