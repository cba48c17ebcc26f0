#include "model/docker/decode_members.h"

namespace podo::docker {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace

Field member(const Field& of, std::string_view key) {
  const Field exact = of[key];
  if (exact.value().present() || !of.value().is(json::Kind::object)) return exact;
  for (const auto [name, value] : of.value().members()) {
    if (same_name(name, key)) return of[name];
  }
  return exact;
}

Result<> read(const Field& from, std::string& to) {
  const auto view = TRY(from.string());
  if (view.find('\0') != view.npos) return from.wrong("contains a NUL character");
  to = view;
  return {};
}
Result<> read(const Field& from, bool& to) {
  to = TRY(from.boolean());
  return {};
}
Result<> read(const Field& from, std::int64_t& to) {
  to = TRY(from.int64());
  return {};
}
Result<> read(const Field& from, std::uint64_t& to) {
  to = TRY(from.uint64());
  return {};
}
Result<> read(const Field& from, std::uint32_t& to) {
  to = TRY(from.uint32());
  return {};
}
Result<> read(const Field& from, std::uint16_t& to) {
  const auto number = TRY(from.uint64());
  if (number > UINT16_MAX) return from.wrong(text("expected an integer from 0 to 65535, got {}", number));
  to = static_cast<std::uint16_t>(number);
  return {};
}

Result<> read(const Field& from, std::array<std::uint32_t, 2>& to) {
  TRY(from.array());
  for (std::size_t i = 0; i < to.size() && i < from.size(); ++i) TRY(read(from[i], to[i]));
  return {};
}

Result<> read(const Field& from, std::map<std::string, bool>& to) {
  TRY(from.object());
  for (const auto [key, value] : from.value().members()) {
    if (key.find('\0') != key.npos) return from.wrong("has a key with a NUL character");
    to.emplace(key, true);
  }
  return {};
}

Result<> read_command(const Field& from, std::optional<Strings>& to) {
  if (!from.value().is(json::Kind::string)) return read(from, to);
  return read(from, to.emplace().emplace_back());
}

}  // namespace podo::docker
