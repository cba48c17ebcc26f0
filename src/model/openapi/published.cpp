#include "model/openapi/published.h"

#include <algorithm>
#include <charconv>

#include "base/core/ensure.h"
#include "base/core/text.h"

namespace podo::openapi {
namespace {

using schema::GroupVersion;
using schema::Kind;
using schema::Struct;

// Clients that look for a kind without a group take the first that has it, so this order is part of the API.
constexpr std::string_view group_order[] = {
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
};

std::size_t place_of(std::string_view group) {
  return static_cast<std::size_t>(std::ranges::find(group_order, group) - std::begin(group_order));
}

unsigned number_of(std::string_view version) {  // "v2" -> 2
  unsigned number = 0;
  std::from_chars(version.data() + 1, version.data() + version.size(), number);
  return number;
}

constexpr std::pair<Kind, std::string_view> models[] = {
    {Kind::quantity, "io.k8s.apimachinery.pkg.api.resource.Quantity"},
    {Kind::int_or_string, "io.k8s.apimachinery.pkg.util.intstr.IntOrString"},
    {Kind::time, "io.k8s.apimachinery.pkg.apis.meta.v1.Time"},
    {Kind::micro_time, "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime"},
    {Kind::duration, "io.k8s.apimachinery.pkg.apis.meta.v1.Duration"},
    {Kind::raw_object, "io.k8s.apimachinery.pkg.runtime.RawExtension"},
    {Kind::fields, "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1"},
    {Kind::json, "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON"},
};

}  // namespace

std::vector<Group> served_groups(const schema::Schema& schema) {
  std::vector<Group> groups;
  for (const GroupVersion& each : schema.group_versions()) {
    if (!each.served || each.resources.empty()) continue;
    auto found = std::ranges::find(groups, each.group, &Group::name);
    if (found == groups.end()) found = groups.insert(found, Group{each.group, {}});
    found->versions.push_back(&each);
  }
  std::ranges::stable_sort(groups, {}, [](const Group& group) { return place_of(group.name); });
  for (Group& group : groups) {
    std::ranges::sort(group.versions, std::greater(),
                      [](const GroupVersion* each) { return number_of(each->version); });
  }
  return groups;
}

std::string root_of(const GroupVersion& group_version) {
  return text("{}/{}", group_version.group.empty() ? "api" : "apis", group_version.api_version);
}

Names::Names(const schema::Schema& schema) {
  for (const GroupVersion& each : schema.group_versions()) by_prefix_.emplace(each.prefix, &each);
}

const GroupVersion& Names::home_of(const Struct& type) const {
  const std::string_view prefix = type.name.substr(0, type.name.rfind('.'));
  const auto found = by_prefix_.find(prefix);
  ENSURE(found != by_prefix_.end());
  return *found->second;
}

std::string Names::of(const Struct& type) const {
  return text("{}.{}", home_of(type).openapi, type.short_name());
}

std::string_view model_of(Kind kind) {
  for (const auto& [each, name] : models) {
    if (each == kind) return name;
  }
  return {};
}

void Reached::add(const Struct& type) {
  std::vector<const Struct*> left = {&type};
  while (!left.empty()) {
    const Struct* const next = left.back();
    left.pop_back();
    if (!structs_.emplace(next, true).second || next->custom_json) continue;
    for (const schema::Field* field : next->by_name) {
      if (field->hidden) continue;
      const schema::Type* value = &field->type;
      while (value->item != nullptr) value = value->item;
      if (value->kind == Kind::object) left.push_back(value->object);
      else kinds_ |= 1u << static_cast<unsigned>(value->kind);
    }
  }
}

std::vector<const Struct*> Reached::structs() const {
  std::vector<const Struct*> sorted;
  for (const auto& [each, there] : structs_) sorted.push_back(each);
  std::ranges::sort(sorted, {}, &Struct::name);
  return sorted;
}

std::string capitalized(std::string_view word) {
  std::string made(word);
  if (!made.empty() && made[0] >= 'a' && made[0] <= 'z') made[0] = static_cast<char>(made[0] - 'a' + 'A');
  return made;
}

void append_verbs(std::vector<std::string_view>& into, std::uint32_t verbs) {
  for (std::uint32_t bit = 1; bit <= schema::verb_watch; bit <<= 1) {
    if ((verbs & bit) != 0) into.push_back(name_of(static_cast<schema::Verb>(bit)));
  }
}

}  // namespace podo::openapi
