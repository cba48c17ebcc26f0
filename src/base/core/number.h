// Numbers that come as text.
//
//   whole_number<std::uint16_t>("8080")  -> 8080
//   whole_number<std::uint16_t>("80 ")   -> none: all of the text has to be the number, and T has to hold it
//
// Neither "+" nor a space is read; "-" where T has a sign.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace podo {

template <class T>
std::optional<T> whole_number(std::string_view text, int base = 10) {
  T value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, value, base);
  if (problem != std::errc() || stopped != end) return std::nullopt;
  return value;
}

}  // namespace podo
