#include <algorithm>

#include "model/oci/image.h"

namespace podo::oci {
namespace {

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

Result<> check_digest(std::string_view digest) {
  const std::size_t colon = digest.find(':');
  if (colon == digest.npos || colon == 0) return invalid("invalid checksum digest format");
  const std::string_view algorithm = digest.substr(0, colon);
  const std::string_view encoded = digest.substr(colon + 1);
  const std::size_t length = algorithm == "sha256" ? 64 : algorithm == "sha512" ? 128 : 0;
  if (length == 0) return invalid("unsupported digest algorithm");
  if (encoded.size() != length) return invalid("invalid checksum digest length");
  if (!std::all_of(encoded.begin(), encoded.end(), is_lower_hex))
    return invalid("invalid checksum digest format");
  return {};
}

}  // namespace podo::oci
