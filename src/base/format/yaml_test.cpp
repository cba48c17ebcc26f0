#include <doctest/doctest.h>

#include <string>

#include "base/format/yaml.h"

namespace podo::yaml {
namespace {

// The documents, one a line, or the error.
std::string read(std::string_view yaml, const Limits& limits = {}) {
  const auto documents = to_json(yaml, limits);
  if (!documents) return documents.error().message();
  std::string all;
  for (const std::string& document : *documents) all += (all.empty() ? "" : "\n") + document;
  return all;
}

}  // namespace

TEST_CASE("a manifest becomes JSON in its own order") {
  CHECK_EQ(read(R"(apiVersion: v1
kind: Pod
metadata:
  name: web        # a comment
  labels: {app: web, "tier": 'front'}
spec:
  containers:
  - name: web
    args: ["--port", "8080"]
    command:
    - sh
    - -c
    - |
      echo one
      echo "two"
  - name: side
    note: >-
      folded
      text
)"),
           R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web",)"
           R"("labels":{"app":"web","tier":"front"}},)"
           R"("spec":{"containers":[{"name":"web","args":["--port","8080"],"command":["sh","-c",)"
           R"("echo one\necho \"two\"\n"]},{"name":"side","note":"folded text"}]}})");
}

TEST_CASE("every document of a stream is one text, and empty ones are left out") {
  CHECK_EQ(read("a: 1\n---\nb: 2\n"), "{\"a\":1}\n{\"b\":2}");
  CHECK_EQ(read("---\n---\n# nothing\n---\na: 1\n...\n---\n"), "{\"a\":1}");
  CHECK_EQ(read("--- null\n--- ''\n--- []\n"), "null\n\"\"\n[]");
  CHECK_EQ(read(""), "");
  CHECK_EQ(read("{\"json\": [1, true, null, \"\\u00e9\"]}"), "{\"json\":[1,true,null,\"\xC3\xA9\"]}");
}

TEST_CASE("plain scalars mean what they mean to Kubernetes") {
  const struct { const char* yaml; const char* json; } rows[] = {
      {"~", "null"}, {"null", "null"}, {"Null", "null"}, {"NULL", "null"}, {"nUll", "\"nUll\""},
      {"true", "true"}, {"True", "true"}, {"TRUE", "true"}, {"yes", "true"}, {"Yes", "true"}, {"on", "true"},
      {"y", "true"}, {"Y", "true"}, {"ON", "true"}, {"oN", "\"oN\""}, {"yEs", "\"yEs\""},
      {"false", "false"}, {"no", "false"}, {"NO", "false"}, {"off", "false"}, {"n", "false"}, {"N", "false"},
      {"0", "0"}, {"-0", "0"}, {"+12", "12"}, {"-12", "-12"}, {"1_000", "1000"},
      {"0x1F", "31"}, {"-0x1f", "-31"}, {"0o17", "15"}, {"017", "15"}, {"0644", "420"}, {"0b101", "5"},
      {"00", "0"},
      {"08", "8"}, {"18446744073709551615", "18446744073709551615"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"-9223372036854775809", "-9223372036854775809"},
      {"1.5", "1.5"}, {".5", "0.5"}, {"-.5", "-0.5"}, {"1.", "1"}, {"01.50", "1.50"}, {"1e3", "1e3"},
      {"1E+3", "1e3"},
      {"1.5e-3", "1.5e-3"}, {"1e999", "\"1e999\""}, {"0x", "\"0x\""}, {"0b2", "\"0b2\""},
      {"0xfg", "\"0xfg\""},
      {"1.2.3", "\"1.2.3\""}, {"1e", "\"1e\""}, {"-", "[null]"}, {"+", "\"+\""}, {".Nan", "\".Nan\""},
      {".", "\".\""}, {"_1", "\"_1\""},
      {"12:30", "\"12:30\""}, {"2001-12-14", "\"2001-12-14\""}, {"1.5.", "\"1.5.\""}, {"10Gi", "\"10Gi\""},
      {"500m", "\"500m\""}, {"\"1\"", "\"1\""}, {"'true'", "\"true\""}, {"|-\n 12", "\"12\""},
      {"!!str 12", "\"12\""}, {"! 12", "\"12\""}, {"!!int \"12\"", "12"}, {"!!float 3", "3"},
      {"!!bool 'no'", "false"},
      {"!!null ''", "null"}, {"!!binary aGVsbG8=", "\"hello\""}, {"!!timestamp 2001-12-14", "\"2001-12-14\""},
      {"!custom 12", "\"12\""}, {"!!map {a: 1}", "{\"a\":1}"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.yaml);
    CHECK_EQ(read(row.yaml), row.json);
  }
}

TEST_CASE("keys become strings as their values are written") {
  CHECK_EQ(read("8080: a\n0x10: b\non: c\n1.5: d\n'on': e\n? f\n: g\n"),
           R"({"8080":"a","16":"b","true":"c","1.5":"d","on":"e","f":"g"})");
  CHECK_EQ(read("a:\nb: \n"), "{\"a\":null,\"b\":null}");
}

TEST_CASE("aliases repeat what their anchor holds") {
  CHECK_EQ(read("a: &x [1, &y {k: v}]\nb: *x\nc: *y\n"),
           R"({"a":[1,{"k":"v"}],"b":[1,{"k":"v"}],"c":{"k":"v"}})");
  CHECK_EQ(read("- &x 1\n- &x 2\n- *x\n"), "[1,2,2]");
  CHECK_EQ(read("&k key: value\nother: *k\n"), R"({"key":"value","other":"key"})");
  CHECK_EQ(read("- &k key\n- {*k : value}\n"), R"(["key",{"key":"value"}])");
}

TEST_CASE("merge keys bring members that are not there yet") {
  CHECK_EQ(read("base: &b {k: 1, l: 2}\nuse:\n  l: 3\n  <<: *b\n  z: 4\n"),
           R"({"base":{"k":1,"l":2},"use":{"l":3,"z":4,"k":1}})");
  CHECK_EQ(read("- &a {k: 1}\n- &b {k: 2, l: 2}\n- <<: [*a, *b]\n"),
           R"([{"k":1},{"k":2,"l":2},{"k":1,"l":2}])");
  CHECK_EQ(read("- &a {k: 1}\n- &b {<<: *a, l: 2}\n- {<<: *b}\n"),
           R"([{"k":1},{"l":2,"k":1},{"l":2,"k":1}])");
  CHECK_EQ(read("{'<<': 1}"), R"({"<<":1})");
  CHECK_EQ(read("{<<: {a: 1}}"), R"({"a":1})");
}

TEST_CASE("what cannot be JSON is refused with its place") {
  const struct { const char* yaml; const char* problem; } rows[] = {
      {"a: 1\nb:\n  a: 1\n  c: 2\n  a: 3\n", "line 5, column 3: the key \"a\" stands twice in one map"},
      {"{1: a, \"1\": b}", "line 1, column 8: the key \"1\" stands twice in one map"},
      {"a: *x\n", "line 1, column 4: no anchor &x before this alias"},
      {"a: &x 1\n---\nb: *x\n", "line 3, column 4: no anchor &x before this alias"},
      {"a: &x [1, *x]\n", "line 1, column 11: the alias *x stands inside its own anchor"},
      {"? [a]\n: 1\n", "line 1, column 3: a list or a map cannot be a key"},
      {"~: 1\n", "line 1, column 1: null cannot be a key"},
      {"<<: 3\n", "line 1, column 5: << merges a map or a list of maps"},
      {"<<: [{}, 3]\n", "line 1, column 5: << merges a map or a list of maps"},
      {"a: .inf", "line 1, column 4: .inf is not a number that JSON knows"},
      {"a: -.Inf", "line 1, column 4: -.Inf is not a number that JSON knows"},
      {"a: .NaN", "line 1, column 4: .NaN is not a number that JSON knows"},
      {"a: +.INF", "line 1, column 4: +.INF is not a number that JSON knows"},
      {"!!int x", "line 1, column 1: \"x\" is not a !!int"},
      {"!!int 1.5", "line 1, column 1: \"1.5\" is not a !!int"},
      {"!!binary a", "line 1, column 1: !!binary is not base64"},
      {"!!binary \"a==b\"", "line 1, column 1: !!binary is not base64"},
      {"!!binary /w==", "line 1, column 1: !!binary holds bytes that are not UTF-8"},
      {"a: [1, 2\nb: 3\n",
       "line 2, column 2: did not find expected ',' or ']' while parsing a flow sequence"},
      {"a: b: c", "line 1, column 5: mapping values are not allowed in this context"},
      {"a:\n\t- b",
       "line 2, column 1: found character that cannot start any token while scanning for the next token"},
      {"a: \"\\ud800\"",
       "line 1, column 7: found invalid Unicode character escape code while parsing a quoted scalar"},
      {"ok: 1\nb: \xFF\n", "line 2, column 4: invalid leading UTF-8 octet"},
      {"a: \x01", "line 1, column 4: control characters are not allowed"},
      {"%YAML 3.0\n---\na", "line 1, column 1: found incompatible YAML document"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.yaml);
    CHECK_EQ(read(row.yaml), row.problem);
  }
}

TEST_CASE("what expands past the limits is refused before it is written") {
  std::string laughs = "a0: &a0 [ha, ha]\n";
  for (int i = 1; i < 40; ++i) laughs += text("a{}: &a{} [*a{}, *a{}]\n", i, i, i - 1, i - 1);
  CHECK_NE(read(laughs).find("the text grows over its limit of bytes here"), std::string::npos);

  std::string tower = "- &a0 []\n";
  for (int i = 1; i < 1000; ++i) tower += text("- &a{} [*a{}]\n", i, i - 1);
  CHECK_EQ(read(tower), "line 129, column 3: lists and maps lie more than 128 deep");
  CHECK_EQ(read(std::string(100'000, '[')), "line 1, column 129: lists and maps lie more than 128 deep");

  std::string merges = "- &a {a: 1, b: 2, c: 3}\n";
  for (int i = 0; i < 10; ++i) merges += "- {<<: *a}\n";
  CHECK_EQ(read(merges, {.values_max = 39}), "line 11, column 3: merges look at more than 39 members");

  CHECK_EQ(read("[1, 2]", {.bytes_max = 5}), "6 bytes of YAML are more than the 5 allowed");
  CHECK_EQ(read("- &a \"0123456789\"\n---\n- &a \"0123456789\"\n- *a\n- *a\n", {.bytes_max = 54}),
           "line 3, column 1: the text grows over its limit of bytes here (40 are left)");
  CHECK_EQ(read("[1, 2, 3]", {.values_max = 2}), "line 1, column 8: more than 2 values");
}

}  // namespace podo::yaml
