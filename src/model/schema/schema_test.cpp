#include "model/schema/schema.h"

#include <doctest/doctest.h>

namespace podo::schema {
namespace {

constexpr std::string_view core =
    "group - version v1 prefix core.v1 openapi io.k8s.api.core.v1 proto k8s.io.api.core.v1\n"
    "# a comment\n"
    "\n"
    "resource things Thing namespaced verbs(*) short(th,t) categories(all) selector(spec.a)\n"
    "      selector(b) stored(v1) "
    "hash(abc=)\n"
    "  sub scale Size verbs(get,patch) of(apps.example/v2)\n"
    "resource names Name cluster verbs(get)\n"
    "\n"
    "enum Colour published\n"
    "  Red\n"
    "  \"\"\n"
    "\n"
    "type Thing root\n"
    "  # What this is about.\n"
    "  spec: ThingSpec = 2 always\n"
    "    # What is wanted.\n"
    "type Name root\n"
    "type ThingSpec atomic union(-,a,b)\n"
    "  a: string = 3 enum(Colour) default(\"Red\") required\n"
    "  + Source = 1\n"
    "  list: []Thing = 2 map(name,port) merge(name) retain-keys\n"
    "    # Every one of them.\n"
    "  sizes: map[]apps.v2.Size = 9 atomic default-by-rule\n"
    "  deep: []map[][]int32 = 4\n"
    "type Source\n"
    "  b: int-or-string = 1 pointer server-default(\"25%\")\n"
    "  c: bool = 70 pointer off\n"
    "  secret: bytes hidden\n";
constexpr std::string_view apps =
    "group apps.example version v2 prefix apps.v2 openapi - proto - types-only\ntype Size root\n  n: int32 = "
    "1\n";

std::string problem_of(std::string_view source) {
  const std::string_view sources[] = {source};
  const auto schema = parse(sources);
  return schema ? "none" : schema.error().message();
}

std::string with(std::string_view lines) {
  return "group - version v1 prefix core.v1 openapi - proto -\n" + std::string(lines);
}

}  // namespace

TEST_CASE("a source is read into resources, types and fields") {
  const std::string_view sources[] = {core, apps};
  const auto schema = parse(sources);
  REQUIRE_MESSAGE(schema, schema.error().message());
  const Resource* things = schema->find_resource("", "v1", "things");
  REQUIRE(things);
  CHECK_EQ(things->singular, "thing");
  CHECK_EQ(things->verbs, 0xFF);
  CHECK_EQ(things->short_names[1], "t");
  CHECK_EQ(things->field_selectors[1], "b");
  CHECK_EQ(things->stored_as, "v1");
  CHECK_EQ(things->storage_hash, "abc=");
  CHECK_EQ(things->find("scale")->type, schema->find_type("apps.v2.Size"));
  CHECK_EQ(things->find("scale")->verbs, verb_get + verb_patch);
  CHECK_EQ(things->find("none"), nullptr);
  CHECK_EQ(things->group_version->api_version, "v1");
  CHECK_FALSE(schema->find_kind("v1", "Name")->namespaced);
  CHECK_EQ(schema->find_kind("apps.example/v2", "Size"), nullptr);
  CHECK_EQ(schema->find_root("apps.example/v2", "Size")->name, "apps.v2.Size");
  CHECK_EQ(schema->find_root("v1", "ThingSpec"), nullptr);
  CHECK_FALSE(schema->find("apps.example", "v2")->served);

  CHECK_EQ(things->type->doc, "What this is about.");
  CHECK_EQ(things->type->find("spec")->doc, "What is wanted.");
  const Struct& spec = *things->type->find("spec")->type.object;
  CHECK(spec.atomic);
  CHECK_EQ(spec.unions[0].discriminator, "");
  CHECK_EQ(spec.unions[0].fields[1], "b");
  CHECK_EQ(spec.find("a")->values->name, "core.v1.Colour");
  CHECK_EQ(spec.find("a")->values->values[1], "");
  CHECK(spec.find("a")->published_default);
  CHECK_EQ(spec.find("b")->type.kind, Kind::int_or_string);  // inline
  CHECK_EQ(spec.find("b")->default_json, "\"25%\"");
  CHECK_FALSE(spec.find("b")->published_default);
  CHECK(spec.find("c")->off);
  CHECK_EQ(spec.find("secret"), nullptr);
  CHECK_EQ(spec.find("list")->doc, "Every one of them.");
  CHECK_EQ(spec.find("list")->list_type, ListType::map);
  CHECK_EQ(spec.find("list")->list_keys.size(), 2);
  CHECK_EQ(spec.find("list")->patch_key, "name");
  CHECK(spec.find("list")->patch_retain_keys);
  CHECK_EQ(spec.find("sizes")->type.item->object->name, "apps.v2.Size");
  CHECK_FALSE(spec.find("sizes")->granular);
  CHECK_EQ(spec.find("deep")->type.item->item->item->kind, Kind::int32);
  CHECK_EQ(spec.find_number(1)->type.object->short_name(), "Source");
  CHECK_EQ(spec.find_number(9)->name, "sizes");
  CHECK_EQ(spec.find_number(5), nullptr);
  CHECK_EQ(spec.find_number(0), nullptr);
  CHECK_EQ(spec.defaulted.size(), 2);  // a, and b of Source; c is off
  CHECK(things->type->defaults_below);
  CHECK_FALSE(schema->find_type("core.v1.Name")->defaults_below);
}

TEST_CASE("what is wrong with a source is told with its line") {
  CHECK_EQ(problem_of("resource x X\n"),
           "schema, line 1: expected group, version, prefix, openapi and proto");
  CHECK_EQ(problem_of(with("type A\n  a: B = 1\n")), "core.v1, line 3: there is no type core.v1.B");
  CHECK_EQ(problem_of(with("type A\n  a: []map[]B = 1\n")), "core.v1, line 3: there is no type core.v1.B");
  CHECK_EQ(problem_of(with("type A\n  a: string enum(C)\n")), "core.v1, line 3: there is no enum core.v1.C");
  CHECK_EQ(problem_of(with("type A\n  a: string = x\n")), "core.v1, line 3: x is no field number");
  CHECK_EQ(problem_of(with("type A\n  a string\n")), "core.v1, line 3: expected a field's name and a colon");
  CHECK_EQ(problem_of(with("type A\n  a: string odd\n")), "core.v1, line 3: a field knows no word odd");
  CHECK_EQ(problem_of(with("type A odd\n")), "core.v1, line 2: a type knows no word odd");
  CHECK_EQ(problem_of(with("type A\ntype A\n")), "core.v1, line 3: the type core.v1.A comes twice");
  CHECK_EQ(problem_of(with("typo A\n")), "core.v1, line 2: expected a resource, an enum or a type");
  CHECK_EQ(problem_of(with("type A\n  + A = 1\n")), "core.v1.A stands in itself");
  CHECK_EQ(problem_of(with("type A\n  + string = 1\n")), "core.v1.A: only an object can be inline");
  CHECK_EQ(problem_of(with("resource as A cluster verbs(get)\n")), "core.v1: there is no type A");
  CHECK_EQ(problem_of(with("resource as A cluster verbs(eat)\n")), "eat is no verb");
  CHECK_EQ(problem_of(with("  sub as A\n")), "core.v1, line 2: a subresource of no resource");
}

}  // namespace podo::schema
