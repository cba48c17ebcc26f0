#include "model/openapi/definitions.h"

#include <algorithm>

#include "base/core/text.h"

namespace podo::openapi {
namespace {

using schema::Field;
using schema::Kind;
using schema::ListType;
using schema::Struct;
using schema::Type;

struct Primitive {
  std::string_view type, format;
};

Primitive primitive_of(Kind kind) {
  switch (kind) {
    case Kind::int32: return {"integer", "int32"};
    case Kind::int64: return {"integer", "int64"};
    case Kind::boolean: return {"boolean", ""};
    case Kind::number: return {"number", "double"};
    case Kind::bytes: return {"string", "byte"};
    case Kind::any: return {"object", ""};
    case Kind::int_or_string: return {"string", "int-or-string"};
    case Kind::time:
    case Kind::micro_time: return {"string", "date-time"};
    case Kind::raw_object:
    case Kind::fields: return {"object", ""};
    case Kind::json: return {"", ""};
    default: return {"string", ""};
  }
}

constexpr Kind own_kinds[] = {Kind::quantity, Kind::int_or_string, Kind::time,   Kind::micro_time,
                              Kind::duration, Kind::raw_object,    Kind::fields, Kind::json};

std::string_view doc_of(Kind kind) {
  switch (kind) {
    case Kind::quantity:
      return "An amount of a resource: a number with an optional suffix (m, k, M, Gi, e3, ...).";
    case Kind::int_or_string: return "An int32 or a string.";
    case Kind::time: return "A time of RFC 3339, to the second, in UTC.";
    case Kind::micro_time: return "A time of RFC 3339, to the microsecond, in UTC.";
    case Kind::duration: return "A span of time as Go writes it: 1h30m5s.";
    case Kind::raw_object: return "Any object, kept as it is.";
    case Kind::fields:
      return "A set of fields as a trie of objects: f:NAME, k:{KEYS}, v:VALUE, i:INDEX, and . for the item "
             "itself.";
    default: return "Any JSON value.";
  }
}

// Requests carry them with the group-version of what they are about.
bool is_of_every_group(const Struct& type) {
  return type.name == "meta.v1.DeleteOptions" || type.name == "meta.v1.WatchEvent";
}

}  // namespace

void Definitions::write(const Reached& reached) {
  for (const Struct* type : reached.structs()) {
    out_.key(names_.of(*type));
    structure(*type);
  }
  for (const Kind kind : own_kinds) {
    if (reached.has(kind)) own_kind(kind);
  }
}

void Definitions::reference(std::string_view name) {
  out_.key("$ref").string(text("{}{}", form_ == Form::v2 ? "#/definitions/" : "#/components/schemas/", name));
}

void Definitions::own_kind(Kind kind) {
  out_.key(model_of(kind)).object().key("description").string(doc_of(kind));
  const auto one_of = [&](std::string_view first, std::string_view second) {
    out_.key("oneOf").array().object().key("type").string(first).end();
    out_.object().key("type").string(second).end().end();
  };
  const auto [type, format] = primitive_of(kind);
  if (!format.empty()) out_.key("format").string(format);
  if (form_ == Form::v3 && kind == Kind::quantity) one_of("string", "number");
  else if (form_ == Form::v3 && kind == Kind::int_or_string) one_of("integer", "string");
  else if (!type.empty()) out_.key("type").string(type);
  out_.end();
}

void Definitions::structure(const Struct& type) {
  out_.object();
  if (!type.doc.empty()) out_.key("description").string(type.doc);
  if (!type.custom_json) {
    out_.key("type").string("object");
    std::vector<std::string_view> required;
    if (!type.by_name.empty() || type.root) {
      out_.key("properties").object();
      properties(type, required);
      out_.end();
    }
    if (!required.empty()) {
      out_.key("required").array();
      for (const std::string_view name : required) out_.string(name);
      out_.end();
    }
  }
  if (type.root || is_of_every_group(type)) kinds_of(type);
  if (type.atomic) out_.key("x-kubernetes-map-type").string("atomic");
  unions_of(type);
  out_.end();
}

void Definitions::properties(const Struct& type, std::vector<std::string_view>& required) {
  if (type.root) {
    constexpr std::pair<std::string_view, std::string_view> members[] = {
        {"apiVersion", "The group and version that the object's fields are meant in."},
        {"kind", "The kind of the object, in CamelCase. It cannot be changed."},
    };
    for (const auto& [name, doc] : members) {
      out_.key(name).object().key("description").string(doc).key("type").string("string").end();
    }
  }
  for (const Field& each : type.fields) {
    if (each.hidden) continue;
    if (each.is_inline) {
      properties(*each.type.object, required);
      continue;
    }
    out_.key(each.name);
    field(each);
    if (each.required) required.push_back(each.name);
  }
}

// A default that clients may assume: the one of the schema, or the zero of what is always there. Only v3
// tells of them.
std::string_view Definitions::zero_of(const Type& type) const {
  if (form_ == Form::v2) return {};
  switch (type.kind) {
    case Kind::object: return type.object->custom_json ? "" : "{}";
    case Kind::string: return "\"\"";
    case Kind::boolean: return "false";
    case Kind::int32:
    case Kind::int64:
    case Kind::number: return "0";
    default: return {};
  }
}

void Definitions::field(const Field& field) {
  out_.object();
  if (!field.doc.empty()) out_.key("description").string(field.doc);
  std::string_view zero;
  if (form_ == Form::v3 && field.published_default) zero = field.default_json;
  else if (!field.pointer && (field.type.kind == Kind::object || field.always)) zero = zero_of(field.type);
  value(field.type, field.values, zero, field.doc.empty());
  topology(field);
  out_.end();
}

// The members that say what a value is. `alone`: nothing else stands beside a reference.
void Definitions::value(const Type& type, const schema::Enum* values, std::string_view zero, bool alone) {
  if (type.kind == Kind::list || type.kind == Kind::map) {
    out_.key("type").string(type.kind == Kind::list ? "array" : "object");
    out_.key(type.kind == Kind::list ? "items" : "additionalProperties").object();
    value(*type.item, values, zero_of(*type.item), true);
    out_.end();
    return;
  }
  const std::string name =
      type.kind == Kind::object ? names_.of(*type.object) : std::string(model_of(type.kind));
  if (!name.empty()) {
    // In v3 nothing may stand beside a "$ref".
    const bool wrapped = form_ == Form::v3 && (!alone || !zero.empty());
    if (wrapped) out_.key("allOf").array().object();
    reference(name);
    if (wrapped) out_.end().end();
  } else {
    const auto [primitive, format] = primitive_of(type.kind);
    out_.key("type").string(primitive);
    if (!format.empty()) out_.key("format").string(format);
    if (values != nullptr && values->published) {
      out_.key("enum").array();
      for (const std::string_view each : values->values) out_.string(each);
      out_.end();
    }
  }
  if (!zero.empty()) out_.key("default").raw(zero);
}

void Definitions::topology(const Field& field) {
  if (field.type.kind == Kind::list) {
    constexpr std::string_view names[] = {"atomic", "set", "map"};
    if (field.list_type == ListType::map) {
      out_.key("x-kubernetes-list-map-keys").array();
      for (const std::string_view key : field.list_keys) out_.string(key);
      out_.end();
    }
    out_.key("x-kubernetes-list-type").string(names[static_cast<std::size_t>(field.list_type)]);
  } else if (!field.granular && (field.type.kind == Kind::map || field.type.kind == Kind::object)) {
    out_.key("x-kubernetes-map-type").string("atomic");
  }
  if (!field.patch_key.empty()) out_.key("x-kubernetes-patch-merge-key").string(field.patch_key);
  std::string strategy;
  const auto add = [&](bool there, std::string_view word) {
    if (!there) return;
    if (!strategy.empty()) strategy += ',';
    strategy += word;
  };
  add(field.patch_merge, "merge");
  add(field.patch_retain_keys, "retainKeys");
  add(field.patch_replace, "replace");
  if (!strategy.empty()) out_.key("x-kubernetes-patch-strategy").string(strategy);
}

void Definitions::kinds_of(const Struct& type) {
  const auto kind = [&](std::string_view group, std::string_view version) {
    out_.object().key("group").string(group).key("kind").string(type.short_name());
    out_.key("version").string(version).end();
  };
  const schema::GroupVersion& home = names_.home_of(type);
  out_.key("x-kubernetes-group-version-kind").array();
  if (is_of_every_group(type)) {
    for (const schema::GroupVersion& each : schema_.group_versions()) {
      if (!each.version.empty() && each.prefix != home.prefix) kind(each.group, each.version);
    }
  } else {
    kind(home.group == "meta.k8s.io" ? "" : home.group, home.version);
  }
  out_.end();
}

void Definitions::unions_of(const Struct& type) {
  if (type.unions.empty()) return;
  out_.key("x-kubernetes-unions").array();
  for (const schema::Union& each : type.unions) {
    out_.object();
    if (!each.discriminator.empty()) out_.key("discriminator").string(each.discriminator);
    out_.key("fields-to-discriminateBy").object();
    for (const std::string_view name : each.fields) out_.key(name).string(capitalized(name));
    out_.end().end();
  }
  out_.end();
}

}  // namespace podo::openapi
