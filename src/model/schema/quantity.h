// Amounts of resources: "100m", "1.5Gi", "12e6". Exact decimal arithmetic to a billionth; what is finer
// is rounded up, away from zero, and nothing grows beyond 10^28. Text is canonical: no fraction, the
// largest suffix of the same family that leaves an integer (1.5Gi -> 1536Mi, 0.5 -> 500m); a text that is
// nearly so already stays as it was written, as it does in Kubernetes ("1.500", "+5").
//
//   text   := ["+" | "-"] digit* [ "." digit* ] suffix
//   suffix := "" | n | u | m | k | M | G | T | P | E | Ki | Mi | Gi | Ti | Pi | Ei | exponent
//   exponent := ( "e" | "E" ) [ "+" | "-" ] digit+
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::schema {

class Quantity {
 public:
  enum class Family : std::uint8_t { decimal, binary, exponent };

  Quantity() = default;  // 0
  static Quantity of(std::int64_t units, Family family = Family::decimal);
  // Invalid in the words of validation.md.
  static Result<Quantity> parse(std::string_view text);

  std::string text() const;
  int sign() const { return nano_ < 0 ? -1 : nano_ > 0; }
  std::int64_t rounded_up() const;  // whole units; INT64_MAX when they are more
  std::int64_t milli() const;       // thousandths, rounded up
  bool is_whole() const { return nano_ % nano_per_unit == 0; }
  Quantity rounded_up_to_milli() const;

  // The sum has the family of what is not zero, the left one first.
  friend Quantity operator+(const Quantity& a, const Quantity& b) { return a.plus(b.nano_, b.family_); }
  friend Quantity operator-(const Quantity& a, const Quantity& b) { return a.plus(-b.nano_, b.family_); }
  friend bool operator==(const Quantity& a, const Quantity& b) { return a.nano_ == b.nano_; }
  friend std::strong_ordering operator<=>(const Quantity& a, const Quantity& b) {
    return a.nano_ <=> b.nano_;
  }

 private:
  using Nano = __int128;
  static constexpr std::int64_t nano_per_unit = 1'000'000'000;
  Quantity plus(Nano nano, Family family) const;
  std::string decimal_text() const;
  std::string binary_text() const;

  Nano nano_ = 0;
  Family family_ = Family::decimal;
  std::string written_;  // kept as canonical, or ""
};

}  // namespace podo::schema
