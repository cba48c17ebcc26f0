// Everything that holds for all built-in kinds: random objects of every type go through every form.
#include "model/kube/schema.h"

#include <doctest/doctest.h>

#include "base/core/clock.h"
#include "base/core/random.h"
#include "model/schema/convert.h"

namespace podo::kube {
namespace {

using json::Item;
using schema::Field;
using schema::Kind;
using schema::Struct;
using schema::Type;

// An object in which a share of the fields is set, shaped; deep ones get sparser.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  void object(Item& item, const Struct& type) {
    left_ = 400;
    object(item, type, 0);
  }

 private:
  void object(Item& item, const Struct& type, int depth) {
    item.set_object();
    members(item, type, depth);
  }

  void members(Item& item, const Struct& type, int depth) {
    for (const Field& field : type.fields) {
      if (field.is_inline) members(item, *field.type.object, depth);
      else if (!field.hidden && !field.off && left_ > 0 &&
               random_.below(static_cast<std::uint64_t>(3 + depth)) < 2) {
        --left_;
        value(item.member(field.name), field.type, field, depth + 1, true);
        const Item& made = *item.find(field.name);
        if (made.is(json::Kind::null)) item.remove(field.name);
      }
    }
  }

  void value(Item& item, const Type& type, const Field& field, int depth, bool is_field) {
    // What is no pointer is absent when it is zero.
    const bool zero = (!is_field || field.pointer) && random_.below(4) == 0;
    const auto few = 1 + random_.below(depth > 6 ? 1 : 2);
    switch (type.kind) {
      case Kind::string: return item.set_string(zero ? "" : text("<text&{}>\n", random_.below(9)));
      case Kind::int32: return item.set_number(zero ? 0 : limit(INT32_MIN, INT32_MAX));
      case Kind::int64: return item.set_number(zero ? 0 : limit(INT64_MIN, INT64_MAX));
      case Kind::boolean: return item.set_boolean(!zero);
      case Kind::number: return item.set_number(zero ? "0" : random_.below(2) ? "1.5" : "-1e-7");
      case Kind::bytes: return item.set_string(zero ? "" : random_.below(2) ? "AP8=" : "YWJj");
      case Kind::quantity: return item.set_string(random_.below(2) ? "1536Mi" : "250m");
      case Kind::int_or_string:
        if (random_.below(2)) return item.set_string("25%");
        return item.set_number(zero && field.pointer ? 0 : limit(INT32_MIN, INT32_MAX));
      case Kind::time: return item.set_string("2024-02-29T23:59:59Z");
      case Kind::micro_time: return item.set_string("2024-02-29T23:59:59.000120Z");
      case Kind::duration: return item.set_string("1h0m0.5s");
      case Kind::raw_object:
      case Kind::fields:
      case Kind::json:
      case Kind::any: item.member("f:x").append().set_string("&"); return;
      case Kind::object:
        if (type.object->custom_json) return custom(item, *type.object, depth);
        if (depth > 8) return item.set_object();
        return object(item, *type.object, depth);
      case Kind::list:
        for (std::uint64_t i = 0; i < few; ++i) value(item.append(), *type.item, field, depth, false);
        return;
      case Kind::map:
        for (std::uint64_t i = 0; i < few; ++i)
          value(item.member(text("k{}", i)), *type.item, field, depth, false);
    }
  }

  void custom(Item& item, const Struct& type, int depth) {
    const Field* allows = type.find_number(1)->type.kind == Kind::boolean ? type.find_number(1) : nullptr;
    if (allows) return item.set_boolean(random_.below(2) == 0);
    if (random_.below(2) == 0)
      return value(item, type.find_number(2)->type, *type.find_number(2), depth, false);
    item.member("description").set_string("x");
  }

  std::int64_t limit(std::int64_t least, std::int64_t most) {
    const std::int64_t some[] = {least, most, -1, 1, 443};
    return some[random_.below(std::size(some))];
  }

  SeededRandom random_;
  int left_ = 0;  // fields, until it is enough
};

}  // namespace

TEST_CASE("the built-in schema has all that Kubernetes v1.36 serves, in little memory") {
  const schema::Schema schema = parse_schema();
  std::size_t resources = 0, served = 0, fields = 0;
  for (const auto& group_version : schema.group_versions()) {
    served += group_version.served ? 1 : 0;
    resources += group_version.resources.size();
  }
  for (const Struct* type : schema.types()) fields += type->fields.size();
  CHECK_EQ(served, 22);
  CHECK_EQ(resources, 68);
  CHECK_EQ(schema.types().size(), 646);
  CHECK_EQ(fields, 2404);
  CHECK_LE(schema.memory_bytes(), 600'000);
  CHECK_EQ(schema.find_resource("apps", "v1", "deployments")->find("scale")->type->name,
           "autoscaling.v1.Scale");
  CHECK_EQ(schema.find_root("apps/v1", "DeleteOptions")->name, "meta.v1.DeleteOptions");
  CHECK_EQ(schema.find_root("v1", "Status")->name, "meta.v1.Status");
  CHECK_EQ(schema.find_root("v1", "PodList")->name, "core.v1.PodList");
}

TEST_CASE("random objects of every type keep all they say in JSON, protobuf and back") {
  const schema::Schema schema = parse_schema();
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Maker maker(seed);
    for (const Struct* type : schema.types()) {
      if (type->no_proto || type->custom_json || type->name.starts_with("runtime.")) continue;
      CAPTURE(type->name);
      json::Tree tree;
      maker.object(tree.root(), *type);
      const std::string once = schema::canonical(tree.root(), *type);
      CAPTURE(once);

      auto again = json::Tree::parse(once);
      REQUIRE(again);
      std::vector<schema::Finding> findings;
      const auto shaped = schema::shape(again->root(), *type, {&findings});
      REQUIRE_MESSAGE(shaped, shaped.error().message());
      CHECK(findings.empty());
      REQUIRE_EQ(schema::canonical(again->root(), *type), once);

      std::string bytes, bytes_again;
      schema::append_message(bytes, tree.root(), *type);
      schema::append_message(bytes_again, again->root(), *type);
      CHECK_EQ(bytes == bytes_again, true);
      json::Tree read;
      const auto done = schema::read_message(bytes, *type, read.root());
      REQUIRE_MESSAGE(done, done.error().message());
      REQUIRE_EQ(schema::canonical(read.root(), *type), once);
      std::string written;
      schema::append_message(written, read.root(), *type);
      CHECK_EQ(written == bytes, true);

      for (std::size_t size = 0; size < bytes.size();
           size += bytes.size() / 20 + 1) {  // never more than an error
        json::Tree part;
        static_cast<void>(schema::read_message(std::string_view(bytes).substr(0, size), *type, part.root()));
      }
    }
  }
}

TEST_CASE("defaults applied twice are applied once, and every type takes them") {
  const schema::Schema schema = parse_schema();
  Maker maker(3);
  for (const Struct* type : schema.types()) {
    if (type->custom_json) continue;
    CAPTURE(type->name);
    json::Tree tree;
    maker.object(tree.root(), *type);
    schema::apply_defaults(tree.root(), *type);
    const std::string once = tree.to_text();
    schema::apply_defaults(tree.root(), *type);
    CHECK_EQ(tree.to_text(), once);
    std::vector<schema::Finding> findings;
    REQUIRE(schema::shape(tree.root(), *type, {&findings}));
    CHECK(findings.empty());
    CHECK_EQ(tree.to_text(), once);
  }
}

}  // namespace podo::kube
