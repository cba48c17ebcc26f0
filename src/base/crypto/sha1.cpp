#include "base/crypto/sha1.h"

#include <nettle/sha1.h>

namespace podo::crypto {

std::string sha1(std::string_view bytes) {
  sha1_ctx context;
  ::sha1_init(&context);
  ::sha1_update(&context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  std::string sum(SHA1_DIGEST_SIZE, '\0');
  ::sha1_digest(&context, sum.size(), reinterpret_cast<std::uint8_t*>(sum.data()));
  return sum;
}

}  // namespace podo::crypto
