#include "model/schema/schema.h"

#include <algorithm>
#include <iterator>

#include "model/schema/state.h"

namespace podo::schema {
namespace {

constexpr std::pair<Verb, std::string_view> verb_names[] = {
    {verb_create, "create"}, {verb_delete, "delete"}, {verb_deletecollection, "deletecollection"},
    {verb_get, "get"},       {verb_list, "list"},     {verb_patch, "patch"},
    {verb_update, "update"}, {verb_watch, "watch"},
};

bool known_everywhere(std::string_view api_version, std::string_view kind) {
  return kind.ends_with("Options") || (api_version == "v1" && (kind == "Status" || kind == "List"));
}

}  // namespace

std::string_view name_of(Verb verb) {
  for (const auto& [value, name] : verb_names) {
    if (value == verb) return name;
  }
  return "";
}

std::uint32_t verb_named(std::string_view name) {
  for (const auto& [value, known] : verb_names) {
    if (known == name) return value;
  }
  return 0;
}

const Field* Struct::find(std::string_view json_name) const {
  const auto found = std::ranges::lower_bound(by_name, json_name, {}, &Field::name);
  return found == by_name.end() || (*found)->name != json_name ? nullptr : *found;
}

const Field* Struct::find_number(std::uint32_t number) const {
  // Most are where counting from one leads.
  if (number - 1 < by_number.size() && by_number[number - 1]->number == number) return by_number[number - 1];
  const auto found = std::ranges::lower_bound(by_number, number, {}, &Field::number);
  return found == by_number.end() || (*found)->number != number ? nullptr : *found;
}

std::string_view Struct::short_name() const { return name.substr(name.rfind('.') + 1); }

namespace {

bool is_defaulted(const Field& field) {
  if (field.off) return false;
  if (field.type.kind == Kind::object && !field.pointer && !field.type.object->defaulted.empty()) return true;
  const std::string_view value = field.default_json;
  return !value.empty() && (field.pointer || (value != "\"\"" && value != "0" && value != "false"));
}

}  // namespace

void index_fields(Struct& type, Arena& arena) {
  std::vector<const Field*> names, numbers, defaulted;
  for (const Field& field : type.fields) {
    if (field.number != 0) numbers.push_back(&field);
    if (field.is_inline) {
      std::ranges::copy(field.type.object->by_name, std::back_inserter(names));
      std::ranges::copy(field.type.object->defaulted, std::back_inserter(defaulted));
      continue;
    }
    if (!field.hidden) names.push_back(&field);
    if (is_defaulted(field)) defaulted.push_back(&field);
  }
  std::ranges::sort(names, {}, &Field::name);
  std::ranges::sort(numbers, {}, &Field::number);
  type.by_name = arena.copy(names);
  type.by_number = arena.copy(numbers);
  type.defaulted = arena.copy(defaulted);
}

void mark_defaults(std::span<Struct* const> types) {
  const auto leads_to_some = [](const Field& field) {
    const Type* type = &field.type;
    while (type->item != nullptr) type = type->item;
    return type->kind == Kind::object && type->object->defaults_below;
  };
  for (Struct* type : types) type->defaults_below = !type->defaulted.empty();
  for (bool changed = true; changed;) {
    changed = false;
    for (Struct* type : types) {
      if (type->defaults_below || std::ranges::none_of(type->fields, leads_to_some)) continue;
      type->defaults_below = changed = true;
    }
  }
}

const Subresource* Resource::find(std::string_view subresource) const {
  const auto found = std::ranges::find(subresources, subresource, &Subresource::name);
  return found == subresources.end() ? nullptr : &*found;
}

Schema::Schema(std::unique_ptr<State> state) : state_(std::move(state)) {}
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;
Schema::~Schema() = default;

std::span<const GroupVersion> Schema::group_versions() const { return state_->group_versions; }

const GroupVersion* Schema::find(std::string_view group, std::string_view version) const {
  for (const GroupVersion& known : group_versions()) {
    if (known.group == group && known.version == version) return &known;
  }
  return nullptr;
}

const Resource* Schema::find_resource(std::string_view group, std::string_view version,
                                      std::string_view plural) const {
  const GroupVersion* known = find(group, version);
  if (known == nullptr) return nullptr;
  const auto found = std::ranges::find(known->resources, plural, &Resource::plural);
  return found == known->resources.end() ? nullptr : &*found;
}

const Resource* Schema::find_kind(std::string_view api_version, std::string_view kind) const {
  for (const GroupVersion& known : group_versions()) {
    if (known.api_version != api_version) continue;
    const auto found = std::ranges::find(known.resources, kind, &Resource::kind);
    if (found != known.resources.end()) return &*found;
  }
  return nullptr;
}

const Struct* Schema::find_root(std::string_view api_version, std::string_view kind) const {
  const auto root_in = [&](std::string_view prefix) {
    const Struct* type = find_type(text("{}.{}", prefix, kind));
    return type != nullptr && type->root ? type : nullptr;
  };
  for (const GroupVersion& known : group_versions()) {
    if (known.api_version != api_version || api_version.empty()) continue;
    if (const Struct* type = root_in(known.prefix)) return type;
    if (known.served && known_everywhere(api_version, kind)) return root_in("meta.v1");
  }
  return nullptr;
}

const Struct* Schema::find_type(std::string_view name) const {
  const auto found = std::ranges::lower_bound(state_->types, name, {}, &Struct::name);
  return found == state_->types.end() || (*found)->name != name ? nullptr : *found;
}

std::span<const Struct* const> Schema::types() const { return state_->types; }

std::size_t Schema::memory_bytes() const {
  return sizeof(State) + state_->arena.memory_bytes() + state_->types.capacity() * sizeof(Struct*);
}

}  // namespace podo::schema
