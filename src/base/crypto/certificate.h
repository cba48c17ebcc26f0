// X.509: keys, certificates, and a small authority. Over OpenSSL; values are PEM texts.
//
//   KeyPair root = TRY(make_authority("podo-ca", clock.wall(), days(3650)));
//   KeyPair server = TRY(issue(root, {.common_name = "podo", .hosts = {"localhost", "10.0.0.1"}}, ...));
//
// Keys are ECDSA P-256 unless asked otherwise. Blocking (a key takes well under a millisecond), without
// state.
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

// A request of somebody else's key (PKCS #10): its signature is checked; its extensions are told, not
// trusted.
struct CertificateRequest {
  Subject subject;
  std::string public_key;  // PEM
};
Result<CertificateRequest> read_request(std::string_view pem);
Result<std::string> make_request(std::string_view key, const Subject& subject);
Result<std::string> sign(const KeyPair& authority, const CertificateRequest& request, const Subject& allowed,
                         Wall now, Duration valid_for);

struct CertificateFacts {
  Subject subject;
  std::string issuer, serial;  // hexadecimal
  Wall not_before, not_after;
  bool authority = false;
};
Result<CertificateFacts> read_certificate(std::string_view pem);  // the first in the text

}  // namespace podo::crypto
