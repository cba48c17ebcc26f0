#include "base/format/base64.h"

#include <array>
#include <cstdint>

namespace podo::base64 {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_sextet = 64;

constexpr std::array<std::uint8_t, 256> sextets = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(no_sextet);
  for (std::uint8_t i = 0; i < alphabet.size(); ++i) table[static_cast<unsigned char>(alphabet[i])] = i;
  return table;
}();

}  // namespace

std::string encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i)
      out.push_back(i <= group.size() ? alphabet[bits >> (18 - 6 * i) & 63] : '=');
  }
  return out;
}

Result<std::string> decode(std::string_view text) {
  if (text.size() % 4 != 0)
    return invalid("base64 comes in groups of four; {} characters do not", text.size());
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::string_view letters = text.substr(0, text.size() - padding);
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const std::uint8_t sextet = sextets[static_cast<unsigned char>(letters[i])];
    if (sextet == no_sextet) return invalid("character {} is not of base64's alphabet", i + 1);
    bits = bits << 6 | sextet;
    if (i % 4 != 0) out.push_back(static_cast<char>(bits >> (6 - 2 * (i % 4))));
  }
  if (padding != 0 && (bits & (padding == 1 ? 0x3U : 0xFU)) != 0)
    return invalid("base64 has bits left over in its last character");
  return out;
}

std::string encode_url(std::string_view bytes) {
  std::string out = encode(bytes);
  while (out.ends_with('=')) out.pop_back();
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

Result<std::string> decode_url(std::string_view text) {
  std::string padded(text);
  for (char& c : padded) {
    if (c == '+' || c == '/' || c == '=') return invalid("base64 for URLs has no +, / and =");
    c = c == '-' ? '+' : c == '_' ? '/' : c;
  }
  padded.append((4 - padded.size() % 4) % 4, '=');
  return decode(padded);
}

}  // namespace podo::base64
