// What certificates and requests have in common, as OpenSSL holds it. Private to base/crypto.
#pragma once

#include <openssl/x509v3.h>

#include "base/core/clock.h"
#include "base/crypto/openssl.h"

namespace podo::crypto {

inline void free_extensions(STACK_OF(X509_EXTENSION) * list) {
  sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}
using Extensions = std::unique_ptr<STACK_OF(X509_EXTENSION), FreeBy<free_extensions>>;
using ExtendedUsage = std::unique_ptr<EXTENDED_KEY_USAGE, FreeBy<EXTENDED_KEY_USAGE_free>>;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, FreeBy<GENERAL_NAMES_free>>;
using Request = std::unique_ptr<X509_REQ, FreeBy<X509_REQ_free>>;

Wall wall_of(const ASN1_TIME* time);

}  // namespace podo::crypto
