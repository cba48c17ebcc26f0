// X.509 (RFC 5280): keys, certificates, and a small authority. Over OpenSSL; values are PEM texts.
//
//   KeyPair root = TRY(make_authority("podo-ca", clock.wall(), years));
//   KeyPair server = TRY(issue(root, {.common_name = "podo", .hosts = {"localhost", "10.0.0.1"},
//                                     .server = true}, clock.wall(), year));
//
// or, where the key is somebody else's:
//
//   request = TRY(read_request(pem)) -> who decides makes a Subject -> sign(root, request, subject, ...)
//
// Keys are made on P-256; others' may be of any kind OpenSSL reads. A certificate is valid from five minutes
// before `now`, because clocks differ, and never longer than its authority. Serial numbers are random.
// Blocking (a signature takes 50 us), without state, from any thread. Errors: invalid.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core/clock.h"
#include "base/core/error.h"

namespace podo::crypto {

struct KeyPair {
  std::string certificate, key;  // PEM; the key is PKCS #8
};

struct Subject {
  std::string common_name;
  std::vector<std::string> organizations = {};
  std::vector<std::string> hosts = {};  // names and addresses it answers for
  bool server = false, client = false;  // extended key usage
};

Result<std::string> make_key();  // PEM
Result<KeyPair> make_authority(std::string common_name, Wall now, Duration valid_for);
Result<KeyPair> issue(const KeyPair& authority, const Subject& subject, Wall now, Duration valid_for);

// A request for a certificate (PKCS #10): its signature is checked; what it asks for is told, not trusted.
struct CertificateRequest {
  Subject subject;
  std::string public_key;    // PEM
  bool other_names = false;  // it also asks for what is neither a name nor an address: e-mail, URIs
};
Result<CertificateRequest> read_request(std::string_view pem);
Result<std::string> make_request(std::string_view key, const Subject& subject);
Result<std::string> sign(const KeyPair& authority, const CertificateRequest& request, const Subject& allowed,
                         Wall now, Duration valid_for);

struct CertificateFacts {
  Subject subject;             // with more than one common name, the last: as Go reads it
  std::string issuer;          // RFC 2253: "CN=podo-ca"
  std::string serial;          // hexadecimal
  std::string fingerprint;     // SHA-256 of its DER, hexadecimal
  Wall not_before, not_after;  // as far as a Wall reaches: until 2262
  bool authority = false;
};
Result<CertificateFacts> read_certificate(std::string_view pem);  // the first in the text
Result<CertificateFacts> read_certificate_der(std::string_view der);

}  // namespace podo::crypto
