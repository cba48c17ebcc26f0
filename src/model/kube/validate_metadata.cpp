// Names, labels, annotations, owners, finalizers; and rules for values that many kinds share.
#include <algorithm>

#include "model/kube/validate_rules.h"

namespace podo::kube::rules {
namespace {

constexpr std::size_t annotations_max = 256u << 10;

using NameForm = Messages (*)(std::string_view);

NameForm name_form(std::string_view type) {
  if (type == "core.v1.Namespace" || type == "core.v1.Service" || type == "apps.v1.StatefulSet")
    return check_dns_label;
  if (type.starts_with("rbac.v1.")) return check_path_segment;
  return check_dns_subdomain;
}

void check_annotations(Errors& errors, const FieldPath& path, const Item* annotations) {
  std::size_t total = 0;
  for (const Item& annotation : children(annotations)) {
    std::string lower(annotation.key());
    for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    errors.invalid_each(path, annotation.key(), check_qualified_name(lower));
    total += annotation.key().size() + annotation.string_or("").size();
  }
  if (total > annotations_max) errors.too_long(path, annotations_max);
}

void check_owners(Errors& errors, const FieldPath& path, const Item* owners) {
  std::string_view controller;
  std::size_t index = 0;
  for (const Item& owner : children(owners)) {
    const FieldPath here = path[index++];
    if (text_at(owner, "apiVersion").empty())
      errors.invalid(here / "apiVersion", "", "version must not be empty");
    for (const std::string_view field : {"kind", "name", "uid"}) {
      if (text_at(owner, field).empty()) errors.invalid(here / field, "", "must not be empty");
    }
    if (text_at(owner, "kind") == "Event" && text_at(owner, "apiVersion") == "v1") {
      errors.invalid(here, &owner, "/v1, Kind=Event is disallowed from being an owner");
    }
    if (!is_true_at(owner, "controller")) continue;
    if (!controller.empty()) {
      errors.invalid(path, owners,
                     text("Only one reference can have Controller set to true. Found \"true\" in references "
                          "for {} and {}",
                          controller, text_at(owner, "name")));
    }
    controller = text_at(owner, "name");
  }
}

void check_finalizers(Errors& errors, const FieldPath& path, const Item* finalizers) {
  bool orphan = false, foreground = false;
  for (const Item& finalizer : children(finalizers)) {
    const std::string_view name = finalizer.string_or("");
    errors.invalid_each(path, name, check_qualified_name(name));
    orphan = orphan || name == "orphan";
    foreground = foreground || name == "foregroundDeletion";
  }
  if (orphan && foreground) {
    errors.invalid(path, finalizers, "finalizers orphan and foregroundDeletion cannot be both set");
  }
}

}  // namespace

void check_metadata(Errors& errors, const Item& object, const schema::Resource& resource) {
  const Item& metadata = part_at(object, "metadata");
  const FieldPath path("metadata");
  const std::string_view name = text_at(metadata, "name"), prefix = text_at(metadata, "generateName");
  const NameForm form = name_form(resource.type->name);
  if (!prefix.empty()) {  // what is added is letters and digits: a dash at the end is fine
    std::string masked(prefix);
    if (masked.ends_with('-')) masked.back() = 'a';
    errors.invalid_each(path / "generateName", prefix, form(masked));
  }
  if (name.empty()) errors.required(path / "name", "name or generateName is required");
  else errors.invalid_each(path / "name", name, form(name));
  const std::string_view space = text_at(metadata, "namespace");
  if (resource.namespaced) {
    if (space.empty()) errors.required(path / "namespace");
    else errors.invalid_each(path / "namespace", space, check_dns_label(space));
  } else if (!space.empty()) {
    errors.forbidden(path / "namespace", "not allowed on this type");
  }
  check_at_least(errors, path / "generation", metadata.find("generation"), 0);
  check_labels(errors, path / "labels", metadata.find("labels"));
  check_annotations(errors, path / "annotations", metadata.find("annotations"));
  check_owners(errors, path / "ownerReferences", metadata.find("ownerReferences"));
  check_finalizers(errors, path / "finalizers", metadata.find("finalizers"));
}

void check_metadata_update(Errors& errors, const Item& object, const Item& old) {
  const FieldPath path("metadata");
  const auto at = [](const Item& of, std::string_view field) { return of.find("metadata", field); };
  for (const std::string_view field :
       {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    check_immutable(errors, path / field, at(object, field), at(old, field));
  }
  const std::int64_t now = number_at(object, "metadata.generation");
  if (now < number_at(old, "metadata.generation")) {
    errors.invalid(path / "generation", now, "must not be decremented");
  }
  if (!at(old, "deletionTimestamp")) return;
  std::string added;
  for (const Item& finalizer : children(at(object, "finalizers"))) {
    bool known = false;
    for (const Item& before : children(at(old, "finalizers"))) {
      known = known || before.string_or("") == finalizer.string_or("");
    }
    if (!known) added += text("{}\"{}\"", added.empty() ? "" : ", ", finalizer.string_or(""));
  }
  if (added.empty()) return;
  errors.forbidden(path / "finalizers",
                   text("no new finalizers can be added if the object is being deleted, found new "
                        "finalizers []string{{{}}}",
                        added));
}

void check_at_least(Errors& errors, const FieldPath& path, const Item* number, std::int64_t least) {
  if (number == nullptr || !number->is(json::Kind::number)) return;
  const std::int64_t value = number->as_int64().value_or(0);
  if (value < least) errors.invalid(path, value, text("must be greater than or equal to {}", least));
}

void check_port(Errors& errors, const FieldPath& path, std::int64_t port) {
  if (port < 1 || port > 65'535) errors.invalid(path, port, "must be between 1 and 65535, inclusive");
}

void check_labels(Errors& errors, const FieldPath& path, const Item* labels) {
  for (const Item& label : children(labels)) {
    errors.invalid_each(path, label.key(), check_qualified_name(label.key()));
    errors.invalid_each(path, label.string_or(""), check_label_value(label.string_or("")));
  }
}

void check_label_selector(Errors& errors, const FieldPath& path, const Item* selector) {
  if (selector == nullptr) return;
  check_labels(errors, path / "matchLabels", selector->find("matchLabels"));
  std::size_t index = 0;
  for (const Item& expression : children(selector->find("matchExpressions"))) {
    const FieldPath here = (path / "matchExpressions")[index++];
    const std::string_view op = text_at(expression, "operator"), key = text_at(expression, "key");
    const std::size_t values = size_at(expression, "values");
    if (op == "In" || op == "NotIn") {
      if (values == 0)
        errors.required(here / "values", "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (op == "Exists" || op == "DoesNotExist") {
      if (values > 0) {
        errors.forbidden(here / "values",
                         "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
    } else {
      errors.invalid(here / "operator", op, "not a valid selector operator");
    }
    errors.invalid_each(here / "key", key, check_qualified_name(key));
    std::size_t value = 0;
    for (const Item& item : children(expression.find("values"))) {
      errors.invalid_each((here / "values")[value++], item.string_or(""),
                          check_label_value(item.string_or("")));
    }
  }
}

void check_name(Errors& errors, const FieldPath& path, std::string_view name,
                Messages (*form)(std::string_view)) {
  if (name.empty()) errors.required(path);
  else errors.invalid_each(path, name, form(name));
}

bool same_or_absent(const Item* a, const Item* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return same(*a, *b);
}

void check_immutable(Errors& errors, const FieldPath& path, const Item* now, const Item* old,
                     std::string_view detail) {
  if (!same_or_absent(now, old)) errors.invalid(path, now, detail);
}

bool is_percent(std::string_view text) {
  if (text.size() < 2 || !text.ends_with('%')) return false;
  return std::ranges::all_of(text.substr(0, text.size() - 1), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<bool> check_count_or_percent(Errors& errors, const FieldPath& path, const Item* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is(json::Kind::number)) {
    check_at_least(errors, path, value, 0);
    return value->as_int64() == 0;
  }
  const std::string_view text = value->string_or("");
  if (!is_percent(text)) {
    errors.invalid(path, text, "a valid percent string must be a numeric string followed by an ending '%'");
    return std::nullopt;
  }
  return text.find_first_not_of("0") == text.size() - 1;
}

}  // namespace podo::kube::rules
