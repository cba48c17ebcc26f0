// Time comes in through constructors, so that the simulator can own it.
#pragma once

#include <compare>
#include <cstdint>

namespace podo {

// Nanoseconds. A Duration may be negative; a Monotonic instant counts from an arbitrary start and never
// goes back; a Wall instant counts from 1970-01-01T00:00:00Z and may jump.
struct Duration {
  std::int64_t ns = 0;
  auto operator<=>(const Duration&) const = default;
  friend Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
  friend Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
  friend Duration operator*(Duration a, std::int64_t times) { return {a.ns * times}; }
};
constexpr Duration nanoseconds(std::int64_t n) { return {n}; }
constexpr Duration microseconds(std::int64_t n) { return {n * 1'000}; }
constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000'000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000'000}; }

struct Monotonic {
  std::int64_t ns = 0;
  auto operator<=>(const Monotonic&) const = default;
  friend Monotonic operator+(Monotonic a, Duration b) { return {a.ns + b.ns}; }
  friend Duration operator-(Monotonic a, Monotonic b) { return {a.ns - b.ns}; }
};

struct Wall {
  std::int64_t ns = 0;
  auto operator<=>(const Wall&) const = default;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Monotonic now() const = 0;
  virtual Wall wall() const = 0;
};

// The machine's clocks (CLOCK_MONOTONIC, CLOCK_REALTIME).
class SystemClock final : public Clock {
 public:
  Monotonic now() const override;
  Wall wall() const override;
};

}  // namespace podo
