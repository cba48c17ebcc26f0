// Checksum: 64 bits that tell whether bytes are still what was written (XXH3-64). It finds accidents - a torn
// write, a stale block, a flipped bit - and no forgeries: who can change the bytes can make the sum fit.
// Against people there is aead.h.
//
// The seed says what the bytes are or where they belong: the same bytes in another place do not validate.
// The value is defined by the algorithm, on every machine the same, so it may be stored.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

struct XXH3_state_s;

namespace podo::crypto {

std::uint64_t checksum(std::string_view bytes, std::uint64_t seed = 0);

// The same value for bytes that come in parts, however they are cut. Half a kilobyte of state; one thread at
// a time.
class Checksum {
 public:
  explicit Checksum(std::uint64_t seed = 0);
  void add(std::string_view bytes);
  std::uint64_t value() const;  // of everything added so far; more may follow

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

}  // namespace podo::crypto
