#include "model/patch/path_set.h"

#include <doctest/doctest.h>

namespace podo::patch {
namespace {

struct Sets {
  Arena arena;
  std::vector<json::Tree> trees;  // what the sets view

  Result<PathSet> try_read(std::string_view text) {
    trees.push_back(*json::Tree::parse(std::string(text)));
    return read_fields(arena, trees.back().root());
  }
  PathSet read(std::string_view text) {
    auto set = try_read(text);
    REQUIRE_MESSAGE(set.has_value(), std::string(text));
    return *set;
  }
};

std::string text_of(PathSet set) {
  json::Tree tree;
  write_fields(tree.root(), set);
  return tree.to_text();
}

TEST_CASE("fieldsV1 is read and written in its order, whatever order it has") {
  Sets sets;
  const std::string canonical =
      R"({"f:a":{},"f:b":{".":{},"f:c":{}},"f:l":{"k:{\"name\":\"x\"}":{".":{},"f:image":{}},)"
      R"("k:{\"port\":80,\"protocol\":\"TCP\"}":{},"k:{\"port\":443,\"protocol\":\"TCP\"}":{}},)"
      R"("f:s":{"v:2":{},"v:10":{},"v:\"a\"":{},"v:true":{}},"f:z":{"i:2":{},"i:10":{}}})";
  CHECK(text_of(sets.read(canonical)) == canonical);
  CHECK(text_of(sets.read(
            R"({"f:z":{"i:10":{},"i:2":{}},"f:s":{"v:true":{},"v:10":{},"v:\"a\"":{},"v:2":{}},"f:b":)"
            R"({"f:c":{},".":{}},"f:a":{},"f:l":{"k:{\"protocol\":\"TCP\", \"port\":443}":{},)"
            R"("k:{\"port\":80,\"protocol\":\"TCP\"}":{},)"
            R"("k:{\"name\":\"x\"}":{"f:image":{},".":{}}},"x:later":{}})")) == canonical);
  CHECK_FALSE(sets.try_read(R"({"a":{}})"));
  CHECK_FALSE(sets.try_read(R"({"fa":{}})"));
  CHECK_FALSE(sets.try_read(R"({"f:a":1})"));
  CHECK_FALSE(sets.try_read(R"({"k:nothing":{}})"));
  CHECK_FALSE(sets.try_read(R"({"k:[1]":{}})"));
  CHECK_FALSE(sets.try_read(R"({"i:x":{}})"));
  CHECK(sets.read("{}").empty());
}

TEST_CASE("sets are united, intersected and subtracted") {
  Sets sets;
  const PathSet a = sets.read(R"({"f:a":{},"f:b":{".":{},"f:c":{},"f:d":{}}})");
  const PathSet b = sets.read(R"({"f:b":{"f:c":{},"f:e":{}},"f:f":{}})");
  CHECK(text_of(unite(sets.arena, a, b)) ==
        R"({"f:a":{},"f:b":{".":{},"f:c":{},"f:d":{},"f:e":{}},"f:f":{}})");
  CHECK(text_of(intersect(sets.arena, a, b)) == R"({"f:b":{"f:c":{}}})");
  CHECK(text_of(subtract(sets.arena, a, b)) == R"({"f:a":{},"f:b":{".":{},"f:d":{}}})");
  CHECK(equal(subtract(sets.arena, a, PathSet()), a));
  CHECK(subtract(sets.arena, a, a).empty());
  CHECK(equal(unite(sets.arena, a, a), a));
  CHECK_FALSE(equal(a, b));
  const PathSet parent = sets.read(R"({"f:b":{}})");
  CHECK(text_of(subtract(sets.arena, a, parent)) == R"({"f:a":{},"f:b":{"f:c":{},"f:d":{}}})");
  CHECK(text_of(subtract_below(sets.arena, a, parent)) == R"({"f:a":{}})");
}

TEST_CASE("sets of dotted paths, and what begins with them") {
  Sets sets;
  constexpr std::string_view paths[] = {"spec", "metadata.labels", "metadata.name"};
  CHECK(text_of(set_of(sets.arena, paths)) == R"({"f:metadata":{"f:labels":{},"f:name":{}},"f:spec":{}})");
  constexpr std::string_view only[] = {"spec.l.*.r"};
  const PathSet set =
      sets.read(R"({"f:a":{},"f:spec":{"f:l":{"k:{\"n\":\"x\"}":{".":{},"f:q":{},"f:r":{"f:s":{}}}}}})");
  CHECK(text_of(keep_only(sets.arena, set, set_of(sets.arena, only))) ==
        R"({"f:spec":{"f:l":{"k:{\"n\":\"x\"}":{"f:r":{"f:s":{}}}}}})");
}

TEST_CASE("paths for people") {
  Sets sets;
  std::vector<std::string> paths;
  append_paths(paths, sets.read(R"({"f:l":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:x":{}}},)"
                                R"("f:s":{"v:\"a\"":{}},"f:t":{"i:3":{}},"f:z":{}})"));
  const std::vector<std::string> expected = {".z", ".l[port=80,protocol=\"TCP\"]",
                                             ".l[port=80,protocol=\"TCP\"].x", ".s[=\"a\"]", ".t[3]"};
  CHECK(paths == expected);
}

}  // namespace
}  // namespace podo::patch
