// Patches of objects: nothing crashes, a JSON patch is done or not at all, and applying a configuration twice
// is applying it once.
//
//   input := kind:1 how:1 object 0x00 patch
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/core/ensure.h"
#include "model/kube/schema.h"
#include "model/patch/apply.h"
#include "model/patch/patch.h"
#include "model/schema/convert.h"

namespace podo::patch {
namespace {

Manager manager(std::string_view name, const schema::Resource& resource, std::int64_t second) {
  return {std::string(name), false, std::string(resource.group_version->api_version), "",
          Wall{second * 1'000'000'000}};
}

void check_json_patch(json::Tree& object, const json::Item& patch) {
  const json::Tree before = json::Tree::copy_of(object.root());
  if (!json_patch(object, patch)) ENSURE(json::same(before.root(), object.root()));
}

// As an API server stores it.
bool settle(json::Tree& object, const schema::Struct& type) {
  if (!object.root().is(json::Kind::object) || !schema::shape(object.root(), type)) return false;
  object = *json::Tree::parse(schema::canonical(object.root(), type));
  return true;
}

void check_apply(json::Tree& object, json::Item& wanted, const schema::Resource& resource) {
  if (!wanted.is(json::Kind::object) || !settle(object, *resource.type)) return;
  wanted.member("apiVersion").set_string(resource.group_version->api_version);
  wanted.member("kind").set_string(resource.kind);
  wanted.remove("status");  // what a request cannot change, the server takes back: not a patch's business
  const json::Tree before = json::Tree::copy_of(object.root());
  const auto gentle = apply(object, wanted, resource, {manager("me", resource, 1), false});
  if (!gentle || !gentle->empty()) ENSURE(json::same(before.root(), object.root()));
  if (!apply(object, wanted, resource, {manager("me", resource, 2), true})) return;
  if (!settle(object, *resource.type)) return;
  // A leaf whose zeros the server writes out may get a new time, that admission's end takes back.
  const json::Tree once = json::Tree::copy_of(object.root());
  const auto again = apply(object, wanted, resource, {manager("me", resource, 3), false});
  ENSURE(again && again->empty());
  ENSURE(settle(object, *resource.type));
  keep_times(once.root(), object.root());
  ENSURE(schema::canonical(object.root(), *resource.type) == schema::canonical(once.root(), *resource.type));
}

void check_track(json::Tree& before, json::Tree& now, const schema::Resource& resource) {
  if (!settle(before, *resource.type) || !settle(now, *resource.type)) return;
  ENSURE(track(&before.root(), now.root(), resource, manager("hand", resource, 4)));
  ENSURE(track(nullptr, now.root(), resource, manager("hand", resource, 5)));
  ENSURE(schema::shape(now.root(), *resource.type));
  // Nothing more has changed: nobody's entry does.
  json::Tree again = json::Tree::copy_of(now.root());
  ENSURE(track(&now.root(), again.root(), resource, manager("hand", resource, 6)));
  ENSURE(json::same(now.root(), again.root()));
}

}  // namespace
}  // namespace podo::patch

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo;
  static const schema::Schema& known = *new schema::Schema(kube::parse_schema());
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"v1", "Pod"},     {"apps/v1", "Deployment"},
      {"v1", "Service"}, {"v1", "ConfigMap"},
      {"v1", "Node"},    {"apiextensions.k8s.io/v1", "CustomResourceDefinition"}};
  if (size < 3) return 0;
  const auto [version, kind] = names[data[0] % std::size(names)];
  const schema::Resource& resource = *known.find_kind(version, kind);
  const std::string_view bytes(reinterpret_cast<const char*>(data + 2), size - 2);
  const std::size_t end = bytes.find('\0');
  if (end == std::string_view::npos) return 0;
  auto object = json::Tree::parse(std::string(bytes.substr(0, end)));
  auto patch = json::Tree::parse(std::string(bytes.substr(end + 1)));
  if (!object || !patch) return 0;
  switch (data[1] % 5) {
    case 0: patch::check_json_patch(*object, patch->root()); break;
    case 1: patch::merge_patch(object->root(), patch->root()); break;
    case 2: (void)patch::strategic_patch(*object, patch->root(), *resource.type); break;
    case 3: patch::check_apply(*object, patch->root(), resource); break;
    default: patch::check_track(*object, *patch, resource);
  }
  return 0;
}
