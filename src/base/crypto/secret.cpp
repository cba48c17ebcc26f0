#include "base/crypto/secret.h"

#include <string.h>

namespace podo::crypto {

// The whole capacity: a string that was moved from, or made shorter, still has its bytes there.
void wipe(std::string& bytes) {
  bytes.resize(bytes.capacity());
  explicit_bzero(bytes.data(), bytes.size());
  bytes.clear();
}

}  // namespace podo::crypto
