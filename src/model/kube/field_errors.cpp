#include "model/kube/field_errors.h"

#include <algorithm>

#include "base/core/text.h"
#include "base/format/json_writer.h"

namespace podo::kube {
namespace {

std::string quoted(std::string_view value) {
  std::string out;
  json::append_quoted(out, value);
  return out;
}

std::string compact(const json::Item& value) {
  std::string out;
  append_text(out, value);
  return out;
}

std::string told(std::span<const std::string_view> supported) {
  std::string all;
  for (const std::string_view one : supported)
    all += (all.empty() ? "supported values: " : ", ") + quoted(one);
  return all;
}

std::string_view body_of(Reason reason) {
  switch (reason) {
    case Reason::required: return "Required value";
    case Reason::invalid:
    case Reason::type_invalid: return "Invalid value";
    case Reason::not_supported: return "Unsupported value";
    case Reason::not_found: return "Not found";
    case Reason::duplicate: return "Duplicate value";
    case Reason::forbidden: return "Forbidden";
    case Reason::too_long: return "Too long";
    case Reason::too_many: return "Too many";
    case Reason::internal: return "Internal error";
  }
  return "";
}

}  // namespace

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::required: return "FieldValueRequired";
    case Reason::invalid: return "FieldValueInvalid";
    case Reason::type_invalid: return "FieldValueTypeInvalid";
    case Reason::not_supported: return "FieldValueNotSupported";
    case Reason::not_found: return "FieldValueNotFound";
    case Reason::duplicate: return "FieldValueDuplicate";
    case Reason::forbidden: return "FieldValueForbidden";
    case Reason::too_long: return "FieldValueTooLong";
    case Reason::too_many: return "FieldValueTooMany";
    case Reason::internal: return "InternalError";
  }
  return "";
}

FieldPath operator/(const FieldPath& path, std::string_view name) {
  return FieldPath(path.text_.empty() ? std::string(name) : text("{}.{}", path.text_, name));
}
FieldPath FieldPath::operator[](std::size_t index) const {
  return FieldPath(podo::text("{}[{}]", text_, index));
}
FieldPath FieldPath::key(std::string_view key) const { return FieldPath(podo::text("{}[{}]", text_, key)); }

void Errors::add(const FieldPath& path, Reason reason, std::string_view value, std::string_view detail) {
  FieldError made = {path.text(), std::string(body_of(reason)), reason};
  if (value.data() != nullptr) made.body.append(": ").append(value);
  if (!detail.empty()) made.body.append(": ").append(detail);
  const bool known = std::ranges::any_of(
      list_, [&](const FieldError& error) { return error.field == made.field && error.body == made.body; });
  if (!known) list_.push_back(std::move(made));
}

void Errors::required(const FieldPath& path, std::string_view detail) {
  add(path, Reason::required, {}, detail);
}
void Errors::forbidden(const FieldPath& path, std::string_view detail) {
  add(path, Reason::forbidden, {}, detail);
}

void Errors::invalid(const FieldPath& path, std::string_view value, std::string_view detail) {
  add(path, Reason::invalid, quoted(value), detail);
}
void Errors::invalid(const FieldPath& path, std::int64_t value, std::string_view detail) {
  add(path, Reason::invalid, text("{}", value), detail);
}
void Errors::invalid(const FieldPath& path, const json::Item* value, std::string_view detail) {
  add(path, Reason::invalid, value ? compact(*value) : quoted(""), detail);
}
void Errors::invalid_each(const FieldPath& path, std::string_view value, const Messages& details) {
  for (const std::string& detail : details) invalid(path, value, detail);
}

void Errors::not_supported(const FieldPath& path, std::string_view value,
                           std::span<const std::string_view> supported) {
  add(path, Reason::not_supported, quoted(value), told(supported));
}
void Errors::not_supported(const FieldPath& path, const json::Item& value,
                           std::span<const std::string_view> supported) {
  add(path, Reason::not_supported, compact(value), told(supported));
}

void Errors::not_found(const FieldPath& path, std::string_view value) {
  add(path, Reason::not_found, quoted(value), "");
}
void Errors::duplicate(const FieldPath& path, std::string_view value) {
  add(path, Reason::duplicate, quoted(value), "");
}
void Errors::duplicate(const FieldPath& path, const json::Item& value) {
  add(path, Reason::duplicate, compact(value), "");
}
void Errors::too_long(const FieldPath& path, std::size_t most, std::string_view unit) {
  add(path, Reason::too_long, {}, text("may not be more than {} {}", most, unit));
}
void Errors::too_many(const FieldPath& path, std::size_t count, std::size_t most) {
  add(path, Reason::too_many, text("{}", count), text("must have at most {} items", most));
}

std::string Errors::message(std::string_view kind, std::string_view group, std::string_view name) const {
  std::string all;
  for (const FieldError& error : list_) all += (all.empty() ? "" : ", ") + error.text();
  if (list_.size() > 1) all = "[" + all + "]";
  const std::string full = group.empty() ? std::string(kind) : text("{}.{}", kind, group);
  return text("{} \"{}\" is invalid: {}", full, name, all);
}

}  // namespace podo::kube
