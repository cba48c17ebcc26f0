#include "model/patch/typed.h"

#include <algorithm>

#include "model/schema/convert.h"

namespace podo::patch {

using json::Item;
using json::Kind;

constinit const Item implied{};

Place Place::item() const {
  if (type->kind == schema::Kind::json) return *this;
  return {type->item, nullptr};
}

namespace {

bool is_or_absent(const Item* item, Kind kind) {
  return item == nullptr || item->is(kind) || item->is(Kind::null);
}

Form form_of_type(const Place& place) {
  if (place.type == nullptr) return Form::leaf;
  const schema::Field* const field = place.field;
  switch (place.type->kind) {
    case schema::Kind::object:
      if (place.type->object->custom_json || (field != nullptr && !field->granular)) return Form::leaf;
      if (place.type->object->atomic && (field == nullptr || !field->granular_here)) return Form::leaf;
      return Form::structure;
    case schema::Kind::map: return field != nullptr && !field->granular ? Form::leaf : Form::map;
    case schema::Kind::list:
      if (field == nullptr || field->list_type == schema::ListType::atomic) return Form::leaf;
      return field->list_type == schema::ListType::set ? Form::set : Form::keyed;
    // Of custom resources that keep what is unknown: objects are maps of the same, all else is a leaf.
    case schema::Kind::json: return field != nullptr && field->granular_here ? Form::map : Form::leaf;
    default: return Form::leaf;
  }
}

}  // namespace

Form form_of(const Place& place, const Item* a, const Item* b) {
  const Form form = form_of_type(place);
  if (form == Form::leaf) return form;
  const Kind kind = form == Form::structure || form == Form::map ? Kind::object : Kind::array;
  return is_or_absent(a, kind) && is_or_absent(b, kind) ? form : Form::leaf;
}

bool is_implied(const schema::Field& field) {
  if (field.always) return true;
  return field.type.kind == schema::Kind::object && !field.pointer && !field.type.object->custom_json;
}

bool is_empty(const Item* item) {
  return item == nullptr || item->is(Kind::null) ||
         ((item->is(Kind::object) || item->is(Kind::array)) && item->size() == 0);
}

bool same_value(const schema::Type* type, const Item& a, const Item& b) {
  const auto is_zero = [](const Item& item) {
    switch (item.kind()) {
      case Kind::null: return true;
      case Kind::boolean: return !item.boolean();
      case Kind::number: return item.number() == "0";
      case Kind::string: return item.string().empty();
      default: return item.size() == 0;
    }
  };
  if (&a == &implied || &b == &implied) return is_zero(a) && is_zero(b);
  if (json::same(a, b)) return true;
  const auto text_of = [](const Item& item) {
    return item.is(Kind::number) ? item.number() : item.string_or("");
  };
  if (type == nullptr || type->kind != schema::Kind::quantity) return false;
  const std::string_view left = text_of(a), right = text_of(b);
  return !left.empty() && !right.empty() && schema::canonical_quantity(left) &&
         schema::canonical_quantity(right) && schema::compare_quantities(left, right) == 0;
}

namespace {

// The value of a key that the item leaves out.
std::string_view default_of(const Place& item, std::string_view name) {
  if (item.type == nullptr || item.type->kind != schema::Kind::object) return {};
  const schema::Field* const field = item.type->object->find(name);
  return field != nullptr && field->published_default ? field->default_json : std::string_view();
}

Result<Step> step_of_keys(Arena& arena, const Place& list, const Item& item) {
  if (item.is(Kind::null)) return invalid("associative list with keys may not have a null element");
  if (!item.is(Kind::object)) return invalid("associative list with keys may not have non-map elements");
  const std::span<std::string_view> names = arena.array<std::string_view>(list.field->list_keys.size());
  std::ranges::copy(list.field->list_keys, names.begin());
  std::ranges::sort(names);
  std::string out = "{";
  for (const std::string_view name : names) {
    if (out.size() > 1) out += ',';
    out.append("\"").append(name).append("\":");
    if (const Item* const value = item.find(name)) {
      json::append_text(out, *value, json::Escapes::html);
      continue;
    }
    const std::string_view otherwise = default_of(list.item(), name);
    if (otherwise.empty()) {
      return invalid(
          "associative list with keys has an element that omits key field \"{}\" (and doesn't have "
          "default value)",
          name);
    }
    out += otherwise;
  }
  out += '}';
  return Step{Step::Kind::key, arena.text(out)};
}

}  // namespace

Result<Step> step_of(Arena& arena, const Place& list, const Item& item) {
  if (list.field->list_type == schema::ListType::map) return step_of_keys(arena, list, item);
  if (item.is(Kind::object)) {
    return invalid("associative list without keys has an element that's a map type");
  }
  if (item.is(Kind::array)) return invalid("not supported: associative list with lists as elements");
  if (item.is(Kind::null)) {
    return invalid("associative list without keys has an element that's an explicit null");
  }
  std::string out;
  json::append_text(out, item, json::Escapes::html);
  return Step{Step::Kind::value, arena.text(out)};
}

Result<std::span<Located>> locate(Arena& arena, const Place& list, const Item* items) {
  const std::span<Located> found = arena.array<Located>(items != nullptr ? items->size() : 0);
  if (found.empty()) return found;
  std::size_t place = 0;
  bool sorted = true;
  for (const Item* i = items->first(); i != nullptr; i = i->next(), ++place) {
    found[place] = {TRY_IN(text("element {}", place), step_of(arena, list, *i)), i, place};
    sorted = sorted && (place == 0 || compare(found[place - 1].step, found[place].step) <= 0);
  }
  if (!sorted) {
    std::ranges::stable_sort(found,
                             [](const Located& a, const Located& b) { return compare(a.step, b.step) < 0; });
  }
  return found;
}

std::span<const Item*> sorted_members(Arena& arena, const Item* object) {
  const std::size_t size = object != nullptr ? object->size() : 0;
  const std::span<const Item*> found = arena.array<const Item*>(size);
  std::size_t place = 0;
  for (const Item* i = size != 0 ? object->first() : nullptr; i != nullptr; i = i->next()) found[place++] = i;
  const auto by_key = [](const Item* a, const Item* b) { return a->key() < b->key(); };
  if (!std::ranges::is_sorted(found, by_key)) std::ranges::sort(found, by_key);
  return found;
}

}  // namespace podo::patch
