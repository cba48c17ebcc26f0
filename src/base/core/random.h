// Randomness comes in through constructors, so that a run can be repeated from its seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace podo {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> bytes) = 0;

  std::uint64_t next();                      // any 64-bit value
  std::uint64_t below(std::uint64_t limit);  // 0 <= value < limit, unbiased; limit > 0
};

// The kernel's generator (getrandom): fit for keys and ids.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> bytes) override;
};

// xoshiro256** from a seed: for tests and the simulator, never for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  void fill(std::span<std::byte> bytes) override;

 private:
  std::uint64_t step();
  std::uint64_t state_[4];
};

}  // namespace podo
