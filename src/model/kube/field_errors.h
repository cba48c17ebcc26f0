// What is wrong with an object, field by field: the causes of a 422 Invalid, in the words of the API
// server.
//
//   Errors errors;
//   errors.required(path / "name", "");                          spec.containers[0].name: Required value
//   errors.invalid(path / "port", item, "must be between 1 and 65535, inclusive");
//   for (const FieldError& error : errors.list()) ...            field, reason, body: a cause of the Status
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/format/json_tree.h"
#include "model/kube/names.h"

namespace podo::kube {

// "spec.containers[0].env[1]", "data[key]"; made on the way down.
class FieldPath {
 public:
  FieldPath() = default;
  explicit FieldPath(std::string_view text) : text_(text) {}
  const std::string& text() const { return text_; }
  friend FieldPath operator/(const FieldPath& path, std::string_view name);
  FieldPath operator[](std::size_t index) const;
  FieldPath key(std::string_view key) const;

 private:
  std::string text_;
};

enum class Reason : std::uint8_t {
  required,
  invalid,
  type_invalid,
  not_supported,
  not_found,
  duplicate,
  forbidden,
  too_long,
  too_many,
  internal,
};
std::string_view name_of(Reason reason);  // "FieldValueRequired", ...

struct FieldError {
  std::string field, body;  // body: "Required value", "Invalid value: \"x\": must be ..."
  Reason reason;
  std::string text() const { return field + ": " + body; }
};

class Errors {
 public:
  void required(const FieldPath& path, std::string_view detail = {});
  void forbidden(const FieldPath& path, std::string_view detail);
  void invalid(const FieldPath& path, std::string_view value, std::string_view detail);
  void invalid(const FieldPath& path, std::int64_t value, std::string_view detail);
  void invalid(const FieldPath& path, const json::Item* value,
               std::string_view detail);  // as compact JSON; null: ""
  void invalid_each(const FieldPath& path, std::string_view value, const Messages& details);
  void not_supported(const FieldPath& path, std::string_view value,
                     std::span<const std::string_view> supported);
  void not_supported(const FieldPath& path, const json::Item& value,
                     std::span<const std::string_view> supported);  // as compact JSON
  void not_found(const FieldPath& path, std::string_view value);
  void duplicate(const FieldPath& path, std::string_view value);
  void duplicate(const FieldPath& path, const json::Item& value);
  void too_long(const FieldPath& path, std::size_t most, std::string_view unit = "bytes");
  void too_many(const FieldPath& path, std::size_t count, std::size_t most);

  bool empty() const { return list_.empty(); }
  std::span<const FieldError> list() const { return list_; }
  // `Deployment.apps "x" is invalid: spec.replicas: ...`, several in brackets.
  std::string message(std::string_view kind, std::string_view group, std::string_view name) const;

 private:
  void add(const FieldPath& path, Reason reason, std::string_view value, std::string_view detail);
  std::vector<FieldError> list_;  // each once
};

}  // namespace podo::kube
