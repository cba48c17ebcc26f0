#include "base/crypto/secret.h"

#include <openssl/crypto.h>

namespace podo::crypto {

// The whole capacity: a string that was moved from, or made shorter, still has its bytes there.
void wipe(std::string& bytes) {
  bytes.resize(bytes.capacity());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  bytes.clear();
}

}  // namespace podo::crypto
