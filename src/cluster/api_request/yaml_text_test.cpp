#include <doctest/doctest.h>

#include "base/format/yaml.h"
#include "cluster/api_request/answer.h"

namespace podo::apiserver {
namespace {

std::string yaml_of(std::string json) { return to_yaml(json::Tree::parse(std::move(json))->root()); }

// What is written reads back as what it was.
std::string back(const std::string& yaml) {
  const auto documents = yaml::to_json(yaml);
  REQUIRE_MESSAGE(documents, yaml);
  return documents->front();
}

}  // namespace

TEST_CASE("YAML has sorted keys, and lists at the column of their key") {
  CHECK(yaml_of(R"({"kind":"Pod","apiVersion":"v1","spec":{"list":)"
                R"([{"b":1,"a":[1,2]},"x"],"empty":[],"none":{}}})") ==
        "apiVersion: v1\nkind: Pod\nspec:\n  empty: []\n  list:\n  - a:\n    - 1\n    - 2\n    b: 1\n  - x\n"
        "  none: {}\n");
}

TEST_CASE("strings that look like something else are quoted") {
  for (const std::string_view text : {"true",       "no",
                                      "null",       "~",
                                      "",           "1",
                                      "0x1F",       "1e3",
                                      "-1.5",       ".5",
                                      "2020-01-01", "12:30:45",
                                      "- a",        "a: b",
                                      "a #b",       "#c",
                                      "*x",         "&y",
                                      "!z",         "'q'",
                                      "\"d\"",      "{f}",
                                      "[g]",        "|",
                                      ">",          "@",
                                      "`",          " lead",
                                      "trail ",     "x:",
                                      "tab\there",  "---",
                                      "?",          "? a",
                                      "y",          "=",
                                      "<<",         "\u00e9t\u00e9",
                                      "a\nb",       "a\nb\n",
                                      "a\n\n",      "\nx",
                                      "  x\ny"}) {
    json::Tree tree;
    tree.root().member("k").set_string(text);
    const std::string yaml = to_yaml(tree.root());
    const json::Tree read = *json::Tree::parse(back(yaml));
    REQUIRE_MESSAGE(read.root().find("k") != nullptr, yaml);
    CHECK_MESSAGE(read.root().find("k")->is(json::Kind::string), yaml);
    CHECK_MESSAGE(read.root().find("k")->string_or("?!") == text, yaml);
  }
}

TEST_CASE("several lines are a block") {
  CHECK(yaml_of(R"({"a":"one\ntwo\n","b":[{"c":"x\ny"}]})") ==
        "a: |\n  one\n  two\nb:\n- c: |-\n    x\n    y\n");
}

TEST_CASE("indented JSON is as Go indents it") {
  CHECK(to_pretty(json::Tree::parse(R"({"a":[],"b":[1,{"c":"<"}]})")->root()) ==
        "{\n  \"a\": [],\n  \"b\": [\n    1,\n    {\n      \"c\": \"\\u003c\"\n    }\n  ]\n}");
}

}  // namespace podo::apiserver
