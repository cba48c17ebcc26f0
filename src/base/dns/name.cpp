#include "base/dns/name.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/core/number.h"
#include "base/core/text.h"

namespace podo::dns {
namespace {

constexpr std::uint8_t pointer_bits = 0xc0;
constexpr std::string_view reverse4 = ".in-addr.arpa", reverse6 = ".ip6.arpa";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_plain(unsigned char c) { return c > ' ' && c < 0x7f && c != '.' && c != '\\' && c != '"'; }

void append_label(std::string& name, std::string_view label) {
  if (!name.empty()) name += '.';
  for (const char c : label) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(byte)) {
      name += c;
    } else {
      name += '\\';
      if (c == '.' || c == '\\') name += c;
      else
        name += {static_cast<char>('0' + byte / 100), static_cast<char>('0' + byte / 10 % 10),
                 static_cast<char>('0' + byte % 10)};
    }
  }
}

// One byte of a label, its escape undone; `at` moves behind it.
Result<char> label_byte(std::string_view name, std::size_t& at) {
  const char c = name[at++];
  if (c != '\\') return c;
  if (at >= name.size()) return invalid("a name ends within an escape: {}", name);
  if (name[at] < '0' || name[at] > '9') return name[at++];
  unsigned value = 0;
  const auto [end, error] =
      std::from_chars(name.data() + at, name.data() + std::min(at + 3, name.size()), value);
  if (error != std::errc() || end != name.data() + at + 3 || value > 255)
    return invalid("a wrong escape in the name {}", name);
  at += 3;
  return static_cast<char>(value);
}

std::vector<std::string_view> split(std::string_view name) {
  std::vector<std::string_view> labels;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    labels.push_back(name.substr(at, dot - at));
    at = dot + 1;
  }
  return labels;
}

}  // namespace

std::string lower(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = lower(c);
  return out;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool is_within(std::string_view name, std::string_view zone) {
  if (zone.empty()) return true;
  if (name.size() < zone.size() || !same_name(name.substr(name.size() - zone.size()), zone)) return false;
  return name.size() == zone.size() || name[name.size() - zone.size() - 1] == '.';
}

Result<std::string> encode_name(std::string_view name) {
  std::string wire;
  if (name.ends_with('.') && !name.ends_with("\\.")) name.remove_suffix(1);
  for (std::size_t at = 0; at < name.size();) {
    std::string label;
    while (at < name.size() && name[at] != '.') label += TRY(label_byte(name, at));
    if (label.empty() || label.size() > label_bytes_max) return invalid("not a domain name: {}", name);
    wire += static_cast<char>(label.size());
    wire += label;
    if (at < name.size() && ++at == name.size()) return invalid("not a domain name: {}", name);
  }
  wire += '\0';
  if (wire.size() > name_bytes_max) return invalid("a domain name is too long");
  return wire;
}

Result<std::string> decode_name(std::string_view message, std::size_t& at) {
  std::string name;
  std::size_t from = at, wire_bytes = 0, oldest = at;
  bool jumped = false;
  for (;;) {
    if (from >= message.size()) return corrupt("a name is cut");
    const auto length = static_cast<std::uint8_t>(message[from++]);
    if ((length & pointer_bits) == pointer_bits) {
      if (from >= message.size()) return corrupt("a name is cut");
      const std::size_t target =
          static_cast<std::size_t>(length & ~pointer_bits) << 8 | static_cast<std::uint8_t>(message[from++]);
      if (!jumped) at = from;
      jumped = true;
      if (target >= oldest) return corrupt("a name's pointer does not lead backwards");
      from = oldest = target;
      continue;
    }
    if ((length & pointer_bits) != 0) return corrupt("a label of an unknown kind");
    if (length == 0) break;
    wire_bytes += length + 1u;
    if (wire_bytes + 1 > name_bytes_max) return corrupt("a name is too long");
    if (from + length > message.size()) return corrupt("a name is cut");
    append_label(name, message.substr(from, length));
    from += length;
  }
  if (!jumped) at = from;
  return name;
}

std::string reverse_name(std::string_view address_bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string name;
  for (std::size_t i = address_bytes.size(); i-- > 0;) {
    const auto byte = static_cast<std::uint8_t>(address_bytes[i]);
    if (address_bytes.size() == 4) name += text("{}.", unsigned{byte});
    else name += {digits[byte & 15], '.', digits[byte >> 4], '.'};
  }
  if (!name.empty()) name.pop_back();
  return name.append(address_bytes.size() == 4 ? reverse4 : reverse6);
}

std::string address_of_reverse_name(std::string_view name) {
  const std::string lowered = lower(name);
  const bool v4 = lowered.ends_with(reverse4), v6 = lowered.ends_with(reverse6);
  if (!v4 && !v6) return {};
  const auto labels =
      split(std::string_view(lowered).substr(0, lowered.size() - (v4 ? reverse4 : reverse6).size()));
  if (labels.size() != (v4 ? 4 : 32)) return {};
  std::string bytes;
  const auto number = [](std::string_view label, int base) {
    return whole_number<unsigned>(label, base).value_or(256);
  };
  for (std::size_t i = labels.size(); i > 0; i -= v4 ? 1 : 2) {
    const unsigned value = v4 ? number(labels[i - 1], 10)
                           : labels[i - 1].size() == 1 && labels[i - 2].size() == 1
                               ? number(labels[i - 1], 16) << 4 | number(labels[i - 2], 16)
                               : 256;
    if (value > 255) return {};
    bytes += static_cast<char>(value);
  }
  return bytes;
}

}  // namespace podo::dns
