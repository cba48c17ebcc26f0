#include "base/core/ensure.h"
#include "model/schema/convert.h"
#include "model/schema/walk.h"

namespace podo::schema {
namespace {

// Most constants are plain words, and need no parser.
void set_constant(json::Item& item, std::string_view json) {
  if (json == "{}") item.set_object();
  else if (json == "true" || json == "false") item.set_boolean(json == "true");
  else if (json.starts_with('"') && !json.contains('\\')) item.set_string(json.substr(1, json.size() - 2));
  else if (json[0] >= '0' && json[0] <= '9') item.set_number(json);
  else ENSURE(item.copy_text(json).has_value());  // the schema's author wrote it
}

void apply_to(json::Item& object, const Struct& type);

void apply_below(json::Item& item, const Type& type) {
  if (type.kind == Kind::object) {
    if (item.is(json::Kind::object)) apply_to(item, *type.object);
    return;
  }
  if (type.item == nullptr || (type.kind == Kind::list) != item.is(json::Kind::array)) return;
  for (json::Item* i = item.first(); i != nullptr; i = i->next()) apply_below(*i, *type.item);
}

void apply_to(json::Item& object, const Struct& type) {
  if (!type.defaults_below || type.custom_json) return;
  for (const Field* field : type.defaulted) {
    json::Item* item = object.find(field->name);
    if (item != nullptr && !item->is(json::Kind::null) && (field->pointer || !is_zero(*item, field->type)))
      continue;
    if (item == nullptr) item = &object.add(field->name);
    if (field->default_json.empty()) item->set_object();
    else set_constant(*item, field->default_json);
  }
  for (json::Item* i = object.first(); i != nullptr; i = i->next()) {
    if (!i->is(json::Kind::object) && !i->is(json::Kind::array)) continue;
    if (const Field* field = type.find(i->key())) apply_below(*i, field->type);
  }
}

}  // namespace

void apply_defaults(json::Item& object, const Struct& type) {
  if (object.is(json::Kind::object)) apply_to(object, type);
}

}  // namespace podo::schema
