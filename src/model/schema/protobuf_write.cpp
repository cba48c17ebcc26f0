// Objects as Go's generated code writes them: fields by number; what is no pointer is written even when
// it is zero; maps by key.
#include <algorithm>

#include "base/core/timestamp.h"
#include "base/format/base64.h"
#include "base/format/protobuf.h"
#include "model/schema/convert.h"
#include "model/schema/instant.h"
#include "model/schema/walk.h"

namespace podo::schema {
namespace {

using protobuf::Writer;

class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  void message(const json::Item& object, const Struct& type) {
    if (type.custom_json) return custom(object, type);
    for (const Field* field : type.by_number) {
      if (field->is_inline) {
        const auto opened = out_.open(field->number);
        message(object, *field->type.object);
        out_.close(opened);
        continue;
      }
      if (field->hidden) continue;
      const json::Item* item = object.find(field->name);
      if (item != nullptr && !item->is(json::Kind::null)) present(*item, *field);
      else if (!field->pointer) absent(*field);
    }
  }

 private:
  void present(const json::Item& item, const Field& field) {
    switch (field.type.kind) {
      case Kind::list: return list(item, field);
      case Kind::map: return map(item, field);
      default: return value(item, field.type, field.number);
    }
  }

  void absent(const Field& field) {
    switch (field.type.kind) {
      case Kind::string: return out_.string(field.number, "");
      case Kind::int32:
      case Kind::int64:
      case Kind::boolean: return out_.varint(field.number, 0);
      case Kind::number: return out_.real(field.number, 0);
      case Kind::object: return zero_message(field.number, *field.type.object);
      case Kind::quantity: return text_message(field.number, "0");
      case Kind::int_or_string: return int_or_string(field.number, 0, 0, "");
      case Kind::duration: return number_message(field.number, 0);
      case Kind::time:
      case Kind::micro_time:
      case Kind::raw_object:
      case Kind::fields:
      case Kind::json: return out_.string(field.number, "");  // messages with nothing in them
      default: return;
    }
  }

  void zero_message(std::uint32_t number, const Struct& type) {
    const auto opened = out_.open(number);
    for (const Field* field : type.by_number) {
      if (field->is_inline) zero_message(field->number, *field->type.object);
      else if (!field->pointer) absent(*field);
    }
    out_.close(opened);
  }

  void text_message(std::uint32_t number, std::string_view text) {
    const auto opened = out_.open(number);
    out_.string(1, text);
    out_.close(opened);
  }

  void number_message(std::uint32_t number, std::int64_t value) {
    const auto opened = out_.open(number);
    out_.integer(1, value);
    out_.close(opened);
  }

  void int_or_string(std::uint32_t number, std::int64_t kind, std::int64_t integer, std::string_view text) {
    const auto opened = out_.open(number);
    out_.integer(1, kind);
    out_.integer(2, integer);
    out_.string(3, text);
    out_.close(opened);
  }

  void instant(const json::Item& item, std::uint32_t number, Precision precision) {
    const auto at = parse_instant(item.string_or(""), precision);
    if (!at || at->is_zero()) return out_.string(number, "");
    const auto opened = out_.open(number);
    out_.integer(1, at->seconds);
    out_.integer(2, precision == Precision::micros ? at->nanos : 0);
    out_.close(opened);
  }

  void value(const json::Item& item, const Type& type, std::uint32_t number) {
    switch (type.kind) {
      case Kind::string: return out_.string(number, item.string_or(""));
      case Kind::int32:
      case Kind::int64: return out_.integer(number, item.as_int64().value_or(0));
      case Kind::boolean: return out_.boolean(number, item.is(json::Kind::boolean) && item.boolean());
      case Kind::number: return out_.real(number, item.as_double().value_or(0));
      case Kind::bytes: return out_.string(number, decode_base64(item.string_or("")).value_or(std::string()));
      case Kind::quantity: return text_message(number, item.string_or("0"));
      case Kind::int_or_string:
        if (item.is(json::Kind::string)) return int_or_string(number, 1, 0, item.string());
        return int_or_string(number, 0, item.as_int64().value_or(0), "");
      case Kind::time: return instant(item, number, Precision::seconds);
      case Kind::micro_time: return instant(item, number, Precision::micros);
      case Kind::duration:
        return number_message(number, parse_duration(item.string_or("")).value_or(Duration()).ns);
      case Kind::raw_object:
      case Kind::fields:
      case Kind::json: {
        std::string text;
        append_text(text, item);
        return text_message(number, text);
      }
      case Kind::object: {
        const auto opened = out_.open(number);
        message(item, *type.object);
        return out_.close(opened);
      }
      default: return;
    }
  }

  void items(const json::Item& item, const Type& type, std::uint32_t number) {
    for (const json::Item* i = item.first(); i != nullptr; i = i->next()) value(*i, type, number);
  }

  void list(const json::Item& item, const Field& field) {
    if (!field.wrapped) return items(item, *field.type.item, field.number);
    const auto opened = out_.open(field.number);
    items(item, *field.type.item, 1);
    out_.close(opened);
  }

  void map(const json::Item& item, const Field& field) {
    std::vector<const json::Item*> entries;
    for (const json::Item* i = item.first(); i != nullptr; i = i->next()) entries.push_back(i);
    std::ranges::sort(entries, {}, &json::Item::key);
    for (const json::Item* i : entries) {
      const auto entry = out_.open(field.number);
      out_.string(1, i->key());
      if (field.items_wrapped) {
        const auto wrapped = out_.open(2);
        items(*i, *field.type.item->item, 1);
        out_.close(wrapped);
      } else {
        value(*i, *field.type.item, 2);
      }
      out_.close(entry);
    }
  }

  void custom(const json::Item& item, const Struct& type) {
    const CustomForm form = custom_form(type);
    const bool has_schema = item.is(json::Kind::object);
    if (form.allows != nullptr) {
      out_.boolean(form.allows->number, has_schema || (item.is(json::Kind::boolean) && item.boolean()));
    }
    if (has_schema) value(item, form.schema->type, form.schema->number);
    if (form.list != nullptr && item.is(json::Kind::array))
      items(item, *form.list->type.item, form.list->number);
  }

  Writer out_;
};

}  // namespace

void append_message(std::string& out, const json::Item& object, const Struct& type) {
  Encoder(out).message(object, type);
}

std::string in_envelope(std::string_view message, std::string_view api_version, std::string_view kind) {
  std::string out(protobuf_magic);
  out.reserve(message.size() + api_version.size() + kind.size() + 32);
  Writer writer(out);
  const auto type_meta = writer.open(1);
  writer.string(1, api_version);
  writer.string(2, kind);
  writer.close(type_meta);
  writer.string(2, message);
  writer.string(3, "");
  writer.string(4, "");
  return out;
}

std::string to_protobuf(const json::Item& object, const Struct& type) {
  std::string message;
  append_message(message, object, type);
  const auto text_of = [&](std::string_view name) {
    const json::Item* item = object.find(name);
    return item ? item->string_or("") : std::string_view();
  };
  return in_envelope(message, text_of("apiVersion"), text_of("kind"));
}

}  // namespace podo::schema
