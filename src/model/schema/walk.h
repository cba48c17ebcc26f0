// What all conversions know of values. Private to model/schema.
#pragma once

#include <optional>
#include <string>

#include "base/format/json_tree.h"
#include "model/schema/schema.h"

namespace podo::schema {

constexpr unsigned depth_max = 200;  // objects in one another; only schemas of custom resources nest at all

// Not written: what "" and 0, null and {} are to their kinds. Objects of a struct are never.
bool is_zero(const json::Item& item, const Type& type);

// "[]v1.Container", "v1.PullPolicy": the type in Go's words, of a field or of its items.
std::string go_name(const Type& type, const Field& field);

// The name nearest to `name` among the type's fields, if one is near.
std::string_view nearest_name(std::string_view name, const Struct& type);

// A scalar gets its one spelling; `problem` tells Go's words and whether the field's name belongs to them.
struct Problem {
  std::string
      value;  // "string", "number 1.5": "json: cannot unmarshal VALUE into Go struct field ... of type TYPE"
  std::string type;
  std::string text;  // instead of all that
};
std::optional<Problem> shape_scalar(json::Item& item, const Type& type, const Field& field);

// Shortest text that reads back the same, as encoding/json writes a float64.
std::string go_number(double value);

// RFC 4648 as Go decodes it: line ends are skipped, bits left over too. Invalid: `illegal base64 data at
// input byte 4`.
Result<std::string> decode_base64(std::string_view text);

// The fields of a custom_json struct: its JSON is a boolean, an object of `schema`, or a list.
struct CustomForm {
  const Field* allows = nullptr;
  const Field* schema = nullptr;
  const Field* list = nullptr;
};
CustomForm custom_form(const Struct& type);

}  // namespace podo::schema
