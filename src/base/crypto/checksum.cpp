#include "base/crypto/checksum.h"

#include <xxhash.h>

#include "base/core/ensure.h"

namespace podo::crypto {

std::uint64_t checksum(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

Checksum::Checksum(std::uint64_t seed) : state_(XXH3_createState()) {
  ENSURE(state_ != nullptr);
  ENSURE(XXH3_64bits_reset_withSeed(state_.get(), seed) == XXH_OK);
}

void Checksum::add(std::string_view bytes) {
  if (!bytes.empty()) ENSURE(XXH3_64bits_update(state_.get(), bytes.data(), bytes.size()) == XXH_OK);
}

std::uint64_t Checksum::value() const { return XXH3_64bits_digest(state_.get()); }

void Checksum::Free::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

}  // namespace podo::crypto
