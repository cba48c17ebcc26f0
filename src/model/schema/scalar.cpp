// Strings, numbers and what stands in strings: one spelling each, and errors in Go's words.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/core/timestamp.h"
#include "base/format/base64.h"
#include "model/schema/convert.h"
#include "model/schema/instant.h"
#include "model/schema/quantity.h"
#include "model/schema/walk.h"

namespace podo::schema {
namespace {

std::string_view go_kind(const json::Item& item) {
  return item.is(json::Kind::boolean) ? "bool" : name_of(item.kind());
}

Problem mismatch(const json::Item& item, std::string type) {
  return {std::string(go_kind(item)), std::move(type), {}};
}
Problem told(std::string text) { return {{}, {}, std::move(text)}; }

// As strconv.ParseInt has it: no fraction, no exponent.
std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Problem> shape_integer(json::Item& item, std::int64_t least, std::int64_t most,
                                     std::string type) {
  if (!item.is(json::Kind::number)) return mismatch(item, std::move(type));
  const auto value = integer_of(item.number());
  if (!value || *value < least || *value > most) return Problem{text("number {}", item.number()), type, {}};
  if (item.number() == "-0") item.set_number(0);
  return std::nullopt;
}

std::optional<Problem> shape_number(json::Item& item) {
  if (!item.is(json::Kind::number)) return mismatch(item, "float64");
  const auto value = item.as_double();
  if (!value) return Problem{text("number {}", item.number()), "float64", {}};
  if (const std::string canonical = go_number(*value); canonical != item.number()) item.set_number(canonical);
  return std::nullopt;
}

std::optional<Problem> shape_bytes(json::Item& item) {
  if (!item.is(json::Kind::string)) return mismatch(item, "[]uint8");
  const auto bytes = decode_base64(item.string());
  if (!bytes) return told(bytes.error().message());
  if (const std::string canonical = base64::encode(*bytes); canonical != item.string())
    item.set_string(canonical);
  return std::nullopt;
}

// A quantity may be a bare number; of anything else the text is looked at, and is none.
std::optional<Problem> shape_quantity(json::Item& item) {
  std::string_view written = item.is(json::Kind::number) ? item.number() : item.string_or("{}");
  while (written.starts_with(' ')) written.remove_prefix(1);
  while (written.ends_with(' ')) written.remove_suffix(1);
  const auto quantity = Quantity::parse(written);
  if (!quantity) return told(quantity.error().message());
  const std::string canonical = quantity->text();
  if (!item.is(json::Kind::string) || canonical != item.string()) item.set_string(canonical);
  return std::nullopt;
}

std::optional<Problem> shape_time(json::Item& item, Precision precision) {
  if (!item.is(json::Kind::string)) return mismatch(item, "string");
  const auto at = parse_instant(item.string(), precision);
  if (!at) return told(at.error().message());
  if (at->is_zero()) item.set_null();
  else if (const std::string canonical = text_of(*at, precision); canonical != item.string())
    item.set_string(canonical);
  return std::nullopt;
}

std::optional<Problem> shape_duration(json::Item& item) {
  if (!item.is(json::Kind::string)) return mismatch(item, "string");
  if (parse_duration(item.string())) return std::nullopt;
  return told(text("time: invalid duration \"{}\"", item.string()));
}

}  // namespace

std::optional<Problem> shape_scalar(json::Item& item, const Type& type, const Field& field) {
  switch (type.kind) {
    case Kind::string:
      return item.is(json::Kind::string) ? std::nullopt : std::optional(mismatch(item, go_name(type, field)));
    case Kind::boolean:
      return item.is(json::Kind::boolean) ? std::nullopt : std::optional(mismatch(item, "bool"));
    case Kind::int32: return shape_integer(item, INT32_MIN, INT32_MAX, "int32");
    case Kind::int64: return shape_integer(item, INT64_MIN, INT64_MAX, "int64");
    case Kind::number: return shape_number(item);
    case Kind::bytes: return shape_bytes(item);
    case Kind::quantity: return shape_quantity(item);
    case Kind::int_or_string:
      return item.is(json::Kind::string) ? std::nullopt : shape_integer(item, INT32_MIN, INT32_MAX, "int32");
    case Kind::time: return shape_time(item, Precision::seconds);
    case Kind::micro_time: return shape_time(item, Precision::micros);
    case Kind::duration: return shape_duration(item);
    default: return std::nullopt;
  }
}

bool is_zero(const json::Item& item, const Type& type) {
  switch (item.kind()) {
    case json::Kind::null: return true;
    case json::Kind::boolean: return type.kind == Kind::boolean && !item.boolean();
    case json::Kind::number: return type.kind <= Kind::number && item.number() == "0";
    case json::Kind::string:
      return (type.kind == Kind::string || type.kind == Kind::bytes) && item.string().empty();
    case json::Kind::array: return type.kind == Kind::list && item.size() == 0;
    case json::Kind::object: return type.kind == Kind::map && item.size() == 0;
  }
  return false;
}

std::string go_name(const Type& type, const Field& field) {
  const auto named = [](std::string_view full) {
    const std::size_t version = full.rfind('.', full.rfind('.') - 1);
    return std::string(full.substr(version == std::string_view::npos ? 0 : version + 1));
  };
  switch (type.kind) {
    case Kind::string: return field.values ? named(field.values->name) : "string";
    case Kind::int32: return "int32";
    case Kind::int64: return "int64";
    case Kind::boolean: return "bool";
    case Kind::number: return "float64";
    case Kind::bytes: return "[]uint8";
    case Kind::quantity: return "resource.Quantity";
    case Kind::int_or_string: return "intstr.IntOrString";
    case Kind::time: return "v1.Time";
    case Kind::micro_time: return "v1.MicroTime";
    case Kind::duration: return "v1.Duration";
    case Kind::raw_object: return "runtime.RawExtension";
    case Kind::fields: return "v1.FieldsV1";
    case Kind::json: return "v1.JSON";
    case Kind::any: return "interface {}";
    case Kind::object: return named(type.object->name);
    case Kind::list: return "[]" + go_name(*type.item, field);
    case Kind::map:
      if (type.item->kind == Kind::quantity && field.key_values) return "v1.ResourceList";
      return "map[string]" + go_name(*type.item, field);
  }
  return "";
}

std::string go_number(double value) {
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  char digits[64];
  const double size = std::abs(value);
  const bool scientific = size < 1e-6 || size >= 1e21;
  const auto end = std::to_chars(digits, digits + sizeof digits, value,
                                 scientific ? std::chars_format::scientific : std::chars_format::fixed);
  std::string out(digits, end.ptr);
  // Go writes e-7 where C writes e-07.
  const std::size_t e = out.find('e');
  if (e != std::string::npos && out.size() == e + 4 && out[e + 1] == '-' && out[e + 2] == '0')
    out.erase(e + 2, 1);
  return out;
}

Result<std::string> decode_base64(std::string_view text) {
  if (auto bytes = base64::decode(text)) return bytes;
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  std::size_t padding = 0, last = text.size();
  const auto bad = [](std::size_t at) { return invalid("illegal base64 data at input byte {}", at); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n' || c == '\r') continue;
    if (c == '=') {
      if (count < 2 || ++padding + static_cast<std::size_t>(count) > 4) return bad(i);
      last = i;
      continue;
    }
    const int value = c >= 'A' && c <= 'Z'   ? c - 'A'
                      : c >= 'a' && c <= 'z' ? c - 'a' + 26
                      : c >= '0' && c <= '9' ? c - '0' + 52
                      : c == '+'             ? 62
                      : c == '/'             ? 63
                                             : -1;
    if (value < 0 || padding > 0) return bad(padding > 0 ? last + 1 : i);
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (++count < 4) continue;
    for (int shift = 16; shift >= 0; shift -= 8) out.push_back(static_cast<char>(bits >> shift));
    bits = 0;
    count = 0;
  }
  if (count == 0 && padding == 0) return out;
  if (static_cast<std::size_t>(count) + padding != 4) return bad(text.size());
  if (count == 3) bits >>= 2;
  else bits >>= 4;
  for (int shift = 8 * (count - 2); shift >= 0; shift -= 8) out.push_back(static_cast<char>(bits >> shift));
  return out;
}

CustomForm custom_form(const Struct& type) {
  CustomForm form;
  for (const Field& field : type.fields) {
    if (field.type.kind == Kind::boolean) form.allows = &field;
    else if (field.type.kind == Kind::object) form.schema = &field;
    else form.list = &field;
  }
  return form;
}

// Levenshtein's distance, a row at a time. A name is near when few of its letters must change.
std::string_view nearest_name(std::string_view name, const Struct& type) {
  constexpr std::size_t longest = 64;
  if (name.size() < 2 || name.size() > longest) return {};
  std::string_view nearest;
  std::size_t best = std::min<std::size_t>(3, name.size() / 3 + 1) + 1;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const Field* field : type.by_name) {
    const std::string_view other = field->name;
    if (other.size() > longest || other.size() + best <= name.size() || name.size() + best <= other.size())
      continue;
    std::size_t row[longest + 1];
    for (std::size_t i = 0; i <= other.size(); ++i) row[i] = i;
    for (std::size_t k = 0; k < name.size(); ++k) {
      std::size_t diagonal = row[0]++;
      for (std::size_t i = 0; i < other.size(); ++i) {
        const std::size_t change = diagonal + (lower(name[k]) != lower(other[i]) ? 1 : 0);
        diagonal = row[i + 1];
        row[i + 1] = std::min({change, row[i] + 1, row[i + 1] + 1});
      }
    }
    if (row[other.size()] >= best) continue;
    best = row[other.size()];
    nearest = other;
  }
  return nearest;
}

Result<std::string> canonical_quantity(std::string_view text) { return TRY(Quantity::parse(text)).text(); }

int compare_quantities(std::string_view a, std::string_view b) {
  const Quantity x = Quantity::parse(a).value_or(Quantity()), y = Quantity::parse(b).value_or(Quantity());
  return x < y ? -1 : x > y ? 1 : 0;
}

std::string Finding::text() const {
  return podo::text("{} field \"{}\"", kind == Kind::unknown ? "unknown" : "duplicate", path);
}

}  // namespace podo::schema
