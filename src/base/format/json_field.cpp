#include "base/format/json_field.h"

#include "base/format/json_arena.h"

namespace podo::json {
namespace {

constexpr std::size_t quoted_max = 60;  // of a wrong value, told in an error

std::string describe(Value value) {
  switch (value.kind()) {
    case Kind::null: return value.present() ? "null" : "nothing";
    case Kind::boolean: return value.boolean() ? "the boolean true" : "the boolean false";
    case Kind::number: return text("the number {}", value.number().substr(0, quoted_max));
    case Kind::string: return text("the string \"{}\"", value.string().substr(0, quoted_max));
    case Kind::array: return "an array";
    case Kind::object: return "an object";
  }
  return "";
}

}  // namespace

Field Field::operator[](std::string_view key) const {
  if (misplaced_ || (!present() && parent_.present())) return *this;
  Field member(document_, value_, value_.find(key), key);
  member.misplaced_ = present() && value_.kind() != Kind::object;
  return member;
}

Field Field::operator[](std::size_t index) const {
  if (misplaced_ || (!present() && parent_.present())) return *this;
  const bool array = value_.is(Kind::array);
  Field item(document_, value_, array && index < size() ? value_.at(index) : Value(), {});
  item.misplaced_ = present() && !array;
  return item;
}

std::string Field::path() const {
  if (value_.present()) return document_->path_of(value_);
  std::string path = document_->path_of(parent_);
  if (!misplaced_ && !key_.empty()) append_key(path, key_);
  return path;
}

Failure Field::wrong(std::string_view what) const {
  const std::string where = path();
  if (where.empty()) return invalid("{}", what);
  return invalid("{}: {}", where, what);
}

Failure Field::expected(std::string_view what) const {
  if (misplaced_) {
    const std::string_view container = parent_.is(Kind::array) ? "an object" : "an object or an array";
    return wrong(text("expected {}, got {}", container, describe(parent_)));
  }
  if (!value_.present()) return wrong(text("is missing, expected {}", what));
  return wrong(text("expected {}, got {}", what, describe(value_)));
}

Result<std::string_view> Field::string() const {
  if (!value_.is(Kind::string)) return expected("a string");
  return value_.string();
}

Result<bool> Field::boolean() const {
  if (!value_.is(Kind::boolean)) return expected("a boolean");
  return value_.boolean();
}

Result<std::int64_t> Field::int64() const {
  if (const auto number = value_.as_int64()) return *number;
  return expected("an integer");
}

Result<std::uint64_t> Field::uint64() const {
  if (const auto number = value_.as_uint64()) return *number;
  return expected("an integer from 0 to 2^64-1");
}

Result<std::uint32_t> Field::uint32() const {
  const auto number = value_.as_uint64();
  if (!number || *number > UINT32_MAX) return expected("an integer from 0 to 2^32-1");
  return static_cast<std::uint32_t>(*number);
}

Result<double> Field::number() const {
  if (const auto number = value_.as_double()) return *number;
  return expected("a number");
}

Result<> Field::array() const {
  if (!value_.is(Kind::array)) return expected("an array");
  return {};
}

Result<> Field::object() const {
  if (!value_.is(Kind::object)) return expected("an object");
  return {};
}

Result<std::string_view> Field::string_or(std::string_view otherwise) const {
  return is_absent() ? otherwise : string();
}
Result<bool> Field::boolean_or(bool otherwise) const { return is_absent() ? otherwise : boolean(); }
Result<std::int64_t> Field::int64_or(std::int64_t otherwise) const {
  return is_absent() ? otherwise : int64();
}
Result<std::uint64_t> Field::uint64_or(std::uint64_t otherwise) const {
  return is_absent() ? otherwise : uint64();
}
Result<std::uint32_t> Field::uint32_or(std::uint32_t otherwise) const {
  return is_absent() ? otherwise : uint32();
}

}  // namespace podo::json
