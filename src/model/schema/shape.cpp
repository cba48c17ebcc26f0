#include "model/schema/convert.h"
#include "model/schema/walk.h"

namespace podo::schema {
namespace {

// The way from the root to a value, through the frames of the walk.
struct Step {
  const Step* up = nullptr;
  std::string_view name = {};  // of a field or a key
  std::size_t index = 0;       // of a list's item
  const Struct* of = nullptr;  // whose field it is; null: a key or an item
};

// "spec.containers[0].image"
void append_path(std::string& out, const Step* step) {
  if (step == nullptr) return;
  append_path(out, step->up);
  if (step->name.data() == nullptr) {
    out += text("[{}]", step->index);
    return;
  }
  if (!out.empty()) out += '.';
  out += step->name;
}

// "spec.containers.image": Go tells of fields only.
void append_fields(std::string& out, const Step* step) {
  if (step == nullptr) return;
  append_fields(out, step->up);
  if (step->of == nullptr) return;
  if (!out.empty()) out += '.';
  out += step->name;
}

class Shaper {
 public:
  explicit Shaper(const ShapeOptions& options) : options_(options) {}

  Result<> root(json::Item& object, const Struct& type) {
    if (!object.is(json::Kind::object)) {
      return invalid("json: cannot unmarshal {} into Go value of type {}",
                     object.is(json::Kind::boolean) ? "bool" : name_of(object.kind()),
                     go_name({.kind = Kind::object, .object = &type}, Field()));
    }
    members(object, type, nullptr, 0);
    return std::move(result_);
  }

 private:
  bool failed() const { return !result_; }

  void members(json::Item& object, const Struct& type, const Step* up, unsigned depth) {
    object.keep_if([&](json::Item& item) { return failed() || member(item, type, up, depth); });
  }

  // Whether it stays.
  bool member(json::Item& item, const Struct& type, const Step* up, unsigned depth) {
    const Step here = {.up = up, .name = item.key(), .of = &type};
    const Field* field = type.find(item.key());
    if (field == nullptr) {
      if (!type.root || (item.key() != "kind" && item.key() != "apiVersion"))
        return unknown(item, type, here);
      static constexpr Field name = {};
      if (item.is(json::Kind::null)) return false;
      scalar(item, name.type, name, here);
      return true;
    }
    if (item.is(json::Kind::null) || field->off) return false;
    value(item, field->type, *field, here, depth);
    return failed() || (!item.is(json::Kind::null) && (field->pointer || !is_zero(item, field->type)));
  }

  bool unknown(const json::Item& item, const Struct& type, const Step& here) {
    if (options_.findings == nullptr || options_.findings->size() >= findings_max) return false;
    Finding& found = options_.findings->emplace_back();
    found.kind = Finding::Kind::unknown;
    append_path(found.path, &here);
    found.hint = nearest_name(item.key(), type);
    return false;
  }

  void value(json::Item& item, const Type& type, const Field& field, const Step& here, unsigned depth) {
    switch (type.kind) {
      case Kind::object: return object(item, type, field, here, depth);
      case Kind::list: return list(item, type, field, here, depth);
      case Kind::map: return map(item, type, field, here, depth);
      default: return scalar(item, type, field, here);
    }
  }

  void object(json::Item& item, const Type& type, const Field& field, const Step& here, unsigned depth) {
    if (depth >= depth_max) return fail_with(invalid("exceeded max depth"));
    if (type.object->custom_json) return custom(item, *type.object, here, depth);
    if (!item.is(json::Kind::object)) return mismatch(item, go_name(type, field), here);
    members(item, *type.object, &here, depth + 1);
  }

  void custom(json::Item& item, const Struct& type, const Step& here, unsigned depth) {
    const CustomForm form = custom_form(type);
    if (item.is(json::Kind::object)) return value(item, form.schema->type, *form.schema, here, depth + 1);
    if (form.allows != nullptr && !item.is(json::Kind::boolean)) {
      return fail_with(invalid("boolean or JSON schema expected"));
    }
    if (form.list == nullptr) return;
    if (item.is(json::Kind::array)) return value(item, form.list->type, *form.list, here, depth + 1);
    item.set_object();  // Go leaves it empty
  }

  void list(json::Item& item, const Type& type, const Field& field, const Step& here, unsigned depth) {
    if (!item.is(json::Kind::array)) return mismatch(item, go_name(type, field), here);
    Step step = {.up = &here};
    for (json::Item* i = item.first(); i != nullptr && !failed(); i = i->next(), ++step.index) {
      element(*i, *type.item, field, step, depth);
    }
  }

  void map(json::Item& item, const Type& type, const Field& field, const Step& here, unsigned depth) {
    if (!item.is(json::Kind::object)) return mismatch(item, go_name(type, field), here);
    for (json::Item* i = item.first(); i != nullptr && !failed(); i = i->next()) {
      const Step step = {.up = &here, .name = i->key()};
      element(*i, *type.item, field, step, depth);
    }
  }

  // Null is the zero value here: it counts as an item.
  void element(json::Item& item, const Type& type, const Field& field, const Step& here, unsigned depth) {
    if (!item.is(json::Kind::null)) return value(item, type, field, here, depth);
    switch (type.kind) {
      case Kind::string:
      case Kind::bytes: return item.set_string("");
      case Kind::int32:
      case Kind::int64:
      case Kind::number:
      case Kind::int_or_string: return item.set_number(0);
      case Kind::boolean: return item.set_boolean(false);
      case Kind::quantity: return item.set_string("0");
      case Kind::object: return item.set_object();
      default: return;
    }
  }

  void scalar(json::Item& item, const Type& type, const Field& field, const Step& here) {
    const auto problem = shape_scalar(item, type, field);
    if (!problem) return;
    if (!problem->text.empty()) return fail_with(invalid("{}", problem->text));
    unmarshal(problem->value, problem->type, here);
  }

  void mismatch(const json::Item& item, std::string_view type, const Step& here) {
    unmarshal(item.is(json::Kind::boolean) ? "bool" : name_of(item.kind()), type, here);
  }

  void unmarshal(std::string_view value, std::string_view type, const Step& here) {
    std::string fields;
    append_fields(fields, &here);
    const Step* innermost = &here;
    while (innermost->of == nullptr) innermost = innermost->up;
    fail_with(invalid("json: cannot unmarshal {} into Go struct field {}.{} of type {}", value,
                      innermost->of->short_name(), fields, type));
  }

  void fail_with(Failure failure) {
    if (!failed()) result_ = std::move(failure);
  }

  ShapeOptions options_;
  Result<> result_;
};

}  // namespace

Result<> shape(json::Item& object, const Struct& type, const ShapeOptions& options) {
  return Shaper(options).root(object, type);
}

}  // namespace podo::schema
