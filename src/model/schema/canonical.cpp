// The JSON that Go's encoder makes of an object's struct.
#include <algorithm>

#include "base/format/json_writer.h"
#include "model/schema/convert.h"
#include "model/schema/walk.h"

namespace podo::schema {
namespace {

class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  void object(const json::Item& object, const Struct& type) {
    if (type.custom_json) return custom(object, type);
    out_.push_back('{');
    bool empty = true;
    const json::Item* next = object.first();
    if (type.root) {
      for (const std::string_view name : {"kind", "apiVersion"}) {
        const json::Item* item = object.find(name);
        if (item == nullptr || item->string_or("").empty()) continue;
        key(name, empty);
        value(*item, {});
      }
    }
    fields(object, type, empty, next);
    out_.push_back('}');
  }

 private:
  // `next`: where the next member is looked for first. Canonical objects are in order.
  void fields(const json::Item& object, const Struct& type, bool& empty, const json::Item*& next) {
    for (const Field& field : type.fields) {
      if (field.is_inline) {
        fields(object, *field.type.object, empty, next);
        continue;
      }
      if (field.hidden) continue;
      while (next != nullptr && (next->key() == "kind" || next->key() == "apiVersion") && type.root)
        next = next->next();
      const json::Item* item = next != nullptr && next->key() == field.name ? next : object.find(field.name);
      if (item == next && item != nullptr) next = next->next();
      if (item == nullptr || (item->is(json::Kind::null) || (!field.pointer && is_zero(*item, field.type)))) {
        if (field.always) zero(field, empty);
        continue;
      }
      key(field.name, empty);
      value(*item, field.type);
    }
  }

  void key(std::string_view name, bool& empty) {
    if (!empty) out_.push_back(',');
    empty = false;
    out_.push_back('"');
    out_ += name;
    out_ += "\":";
  }

  void zero(const Field& field, bool& empty) {
    key(field.name, empty);
    if (field.pointer) {
      out_ += "null";
      return;
    }
    switch (field.type.kind) {
      case Kind::string: out_ += "\"\""; return;
      case Kind::int32:
      case Kind::int64:
      case Kind::number:
      case Kind::int_or_string: out_ += '0'; return;
      case Kind::boolean: out_ += "false"; return;
      case Kind::quantity: out_ += "\"0\""; return;
      case Kind::duration: out_ += "\"0s\""; return;
      case Kind::object: return nothing(*field.type.object);
      default: out_ += "null";
    }
  }

  // A struct of which nothing is set.
  void nothing(const Struct& type) {
    if (type.custom_json) {
      out_ += custom_form(type).allows ? "false" : "null";
      return;
    }
    out_.push_back('{');
    bool empty = true;
    nothing_of(type, empty);
    out_.push_back('}');
  }

  void nothing_of(const Struct& type, bool& empty) {
    for (const Field& field : type.fields) {
      if (field.is_inline) nothing_of(*field.type.object, empty);
      else if (field.always) zero(field, empty);
    }
  }

  void value(const json::Item& item, const Type& type) {
    if (type.kind == Kind::object && type.object->custom_json) return custom(item, *type.object);
    switch (item.kind()) {
      case json::Kind::array:
        if (type.kind == Kind::list) return list(item, *type.item);
        return append_text(out_, item, json::Escapes::html);
      case json::Kind::object:
        if (type.kind == Kind::object) return object(item, *type.object);
        if (type.kind == Kind::map) return map(item, *type.item);
        return append_text(out_, item, json::Escapes::html);
      case json::Kind::string: return json::append_quoted_html(out_, item.string());
      case json::Kind::number: out_ += item.number(); return;
      case json::Kind::boolean: out_ += item.boolean() ? "true" : "false"; return;
      case json::Kind::null: out_ += "null"; return;
    }
  }

  void list(const json::Item& item, const Type& type) {
    out_.push_back('[');
    for (const json::Item* i = item.first(); i != nullptr; i = i->next()) {
      if (i != item.first()) out_.push_back(',');
      value(*i, type);
    }
    out_.push_back(']');
  }

  void entry(const json::Item& item, const Type& type, bool& empty) {
    if (!empty) out_.push_back(',');
    empty = false;
    json::append_quoted_html(out_, item.key());
    out_.push_back(':');
    value(item, type);
  }

  void map(const json::Item& item, const Type& type) {
    bool sorted = true, empty = true;
    for (const json::Item* i = item.first(); i != nullptr && i->next() != nullptr; i = i->next()) {
      sorted = sorted && i->key() < i->next()->key();
    }
    out_.push_back('{');
    if (sorted) {
      for (const json::Item* i = item.first(); i != nullptr; i = i->next()) entry(*i, type, empty);
    } else {
      std::vector<const json::Item*> entries;
      for (const json::Item* i = item.first(); i != nullptr; i = i->next()) entries.push_back(i);
      std::ranges::sort(entries, {}, &json::Item::key);
      for (const json::Item* i : entries) entry(*i, type, empty);
    }
    out_.push_back('}');
  }

  void custom(const json::Item& item, const Struct& type) {
    const CustomForm form = custom_form(type);
    if (item.is(json::Kind::object)) object(item, *form.schema->type.object);
    else if (item.is(json::Kind::array) && form.list != nullptr) list(item, *form.list->type.item);
    else value(item, {});
  }

  std::string& out_;
};

}  // namespace

std::string canonical(const json::Item& object, const Struct& type) {
  std::string out;
  append_canonical(out, object, type);
  return out;
}

void append_canonical(std::string& out, const json::Item& object, const Struct& type) {
  Encoder(out).object(object, type);
}

}  // namespace podo::schema
