#include "model/patch/strategic_patch.h"

#include <algorithm>

namespace podo::patch {
namespace strategic {
namespace {

using json::Kind;

bool is_string(const Item* item, std::string_view text) {
  return item != nullptr && item->is(Kind::string) && item->string() == text;
}

bool starts_directive(std::string_view key, std::string_view prefix) { return key.starts_with(prefix); }

// NAME of "$setElementOrder/NAME".
std::string_view target_of(std::string_view key, std::string_view prefix) {
  return key.size() > prefix.size() && key[prefix.size()] == '/' ? key.substr(prefix.size() + 1) : "";
}

Result<Where> member_of(const Where& where, std::string_view name) {
  if (where.type == nullptr) return Where();
  if (where.type->kind == schema::Kind::map) return Where{where.type->item, nullptr};
  if (where.type->kind != schema::Kind::object) return Where();
  const schema::Field* const field = where.type->object->find(name);
  if (field == nullptr) {
    return invalid("unable to find api field in struct {} for the json field \"{}\"",
                   where.type->object->short_name(), name);
  }
  return Where{&field->type, field};
}

// Members of the object that $retainKeys does not name go; the patch must not set such ones.
Result<> keep_only_named(Item& object, const Item& patch, const Item& named) {
  constexpr std::string_view wrong = "invalid patch format of retainKeys";
  if (!named.is(Kind::array)) return invalid("{}", wrong);
  const auto names = [&](std::string_view key) {
    for (const Item* i = named.first(); i != nullptr; i = i->next()) {
      if (is_string(i, key)) return true;
    }
    return false;
  };
  for (const Item* i = patch.first(); i != nullptr; i = i->next()) {
    if (i->is(Kind::null) || i->key() == retain_keys || starts_directive(i->key(), delete_from) ||
        starts_directive(i->key(), element_order)) {
      continue;
    }
    if (!names(i->key())) return invalid("{}", wrong);
  }
  object.keep_if([&](const Item& member) { return names(member.key()); });
  return {};
}

// $setElementOrder/NAME together with NAME.
Result<> merge_ordered(Item& object, const Item& patch, const Item& order, const Where& where) {
  if (!order.is(Kind::array)) return bad_type("[]interface {}", order);
  const std::string_view name = target_of(order.key(), element_order);
  if (name.empty()) return invalid("invalid patch format of setElementOrder list");
  Item* list = object.find(name);
  const Item* const items = patch.find(name);
  if (list != nullptr && !list->is(Kind::array)) return bad_type("[]interface {}", *list);
  if (items != nullptr && !items->is(Kind::array)) return bad_type("[]interface {}", *items);
  const Where there = TRY(member_of(where, name));
  if (list == nullptr && items == nullptr) return {};
  if (list == nullptr) object.add(name).set_array(), list = object.find(name);
  return merge_list(*list, items, &order, there);
}

bool is_ordered(const Item& patch, std::string_view name) {
  for (const Item* i = patch.first(); i != nullptr; i = i->next()) {
    if (starts_directive(i->key(), element_order) && target_of(i->key(), element_order) == name) return true;
  }
  return false;
}

Result<> merge_member(Item& object, const Item& value, const Where& where) {
  Item* const old = object.find(value.key());
  if (value.is(Kind::null)) {
    if (old != nullptr) object.remove(*old);
    return {};
  }
  if (old == nullptr || old->kind() != value.kind()) {
    take_new(old != nullptr ? *old : object.add(value.key()), value);
    return {};
  }
  if (!value.is(Kind::object) && !value.is(Kind::array)) return old->copy(value), Result<>();
  const Where there = TRY(member_of(where, value.key()));
  if (value.is(Kind::array)) return merge_list(*old, &value, nullptr, there);
  if (there.field != nullptr && there.field->patch_replace) return take_new(*old, value), Result<>();
  return merge_object(*old, value, there);
}

}  // namespace

void take_new(Item& into, const Item& patch) {
  if (patch.is(Kind::array)) {
    into.set_array();
    for (const Item* i = patch.first(); i != nullptr; i = i->next()) {
      if (i->is(Kind::object) && i->find(directive) != nullptr) {
        if (is_string(i->find(directive), "delete") || i->size() == 1) continue;
      }
      take_new(into.append(), *i);
    }
  } else if (patch.is(Kind::object)) {
    into.set_object();
    if (is_string(patch.find(directive), "delete")) return;
    for (const Item* i = patch.first(); i != nullptr; i = i->next()) {
      if (i->is(Kind::null) || i->key() == directive || i->key() == retain_keys ||
          starts_directive(i->key(), element_order) || starts_directive(i->key(), delete_from)) {
        continue;
      }
      take_new(into.add(i->key()), *i);
    }
  } else {
    into.copy(patch);
  }
}

Result<> merge_object(Item& object, const Item& patch, const Where& where) {
  if (const Item* const what = patch.find(directive)) {
    if (is_string(what, "replace")) return take_new(object, patch), Result<>();
    if (is_string(what, "delete")) return object.set_object(), Result<>();
    return unknown_directive(*what, patch);
  }
  if (const Item* const named = patch.find(retain_keys)) TRY(keep_only_named(object, patch, *named));
  bool ordered = false;
  for (const Item* i = patch.first(); i != nullptr; i = i->next()) {
    if (!starts_directive(i->key(), element_order)) continue;
    ordered = true;
    TRY(merge_ordered(object, patch, *i, where));
  }
  for (const Item* i = patch.first(); i != nullptr; i = i->next()) {
    if (i->key() == retain_keys || starts_directive(i->key(), element_order)) continue;
    if (starts_directive(i->key(), delete_from)) {
      const std::string_view name = target_of(i->key(), delete_from);
      if (name.empty()) return invalid("invalid patch format of primitive list");
      Item* const list = object.find(name);
      if (i->is(Kind::null)) object.remove(name);
      else if (list != nullptr && list->is(Kind::array) && i->is(Kind::array)) TRY(delete_scalars(*list, *i));
    } else if (!ordered || !is_ordered(patch, i->key())) {
      TRY(merge_member(object, *i, where));
    }
  }
  return {};
}

std::string go_text(const Item& item) {
  switch (item.kind()) {
    case Kind::null: return "<nil>";
    case Kind::boolean: return item.boolean() ? "true" : "false";
    case Kind::number: return std::string(item.number());
    case Kind::string: return std::string(item.string());
    default: break;
  }
  std::vector<const Item*> children;
  for (const Item* i = item.first(); i != nullptr; i = i->next()) children.push_back(i);
  const bool is_map = item.is(Kind::object);
  if (is_map) std::ranges::sort(children, {}, &Item::key);
  std::string out = is_map ? "map[" : "[";
  for (const Item* const child : children) {
    if (child != children.front()) out += ' ';
    if (is_map) out.append(child->key()).append(":");
    out += go_text(*child);
  }
  return out + "]";
}

Failure no_merge_key(const Item& map, std::string_view key) {
  return invalid("map: {} does not contain declared merge key: {}", go_text(map), key);
}

Failure bad_type(std::string_view expected, const Item& got) {
  constexpr std::string_view names[] = {"%!s(<nil>)", "bool",           "int64",
                                        "string",     "[]interface {}", "map[string]interface {}"};
  return invalid("expected a {}, but received a {}", expected, names[static_cast<std::size_t>(got.kind())]);
}

Failure unknown_directive(const Item& what, const Item& map) {
  return invalid("unknown patch type: {} in map: {}", go_text(what), go_text(map));
}

}  // namespace strategic

Result<> strategic_patch(json::Tree& object, const json::Item& patch, const schema::Struct& type) {
  if (!patch.is(json::Kind::object)) {
    return invalid("json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                   json::name_of(patch.kind()));
  }
  json::Tree patched = json::Tree::copy_of(object.root());
  const schema::Type root = {schema::Kind::object, &type, nullptr};
  TRY(strategic::merge_object(patched.root(), patch, {&root, nullptr}));
  object = std::move(patched);
  return {};
}

}  // namespace podo::patch
