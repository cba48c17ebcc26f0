#include <doctest/doctest.h>

#include <string>

#include "base/format/json.h"
#include "base/format/json_writer.h"

namespace podo::json {
namespace {

std::string problem_of(std::string text, const Limits& limits = {}) {
  const auto document = parse(std::move(text), limits);
  return document ? "accepted" : document.error().message();
}

std::string rewritten(std::string text) {
  const auto document = parse(std::move(text));
  if (!document) return document.error().message();
  return Writer().value(document->root()).take();
}

std::string repeated(std::string_view part, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += part;
  return all;
}

}  // namespace

TEST_CASE("every form of value is read") {
  const struct { const char* text; const char* compact; } rows[] = {
      {"null", "null"},
      {" \t\r\n true \n", "true"},
      {"false", "false"},
      {"0", "0"},
      {"-0", "-0"},
      {"-0.0e-0", "-0.0e-0"},
      {"123.456e+789", "123.456e+789"},
      {"1E5", "1E5"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"\"\"", "\"\""},
      {"[]", "[]"},
      {"[ ]", "[]"},
      {"{}", "{}"},
      {"{\n}", "{}"},
      {"[1 , 2,[ ],{} ]", "[1,2,[],{}]"},
      {"{\"\":0}", "{\"\":0}"},
      {"{\"b\" : 1, \"a\":{\"b\":[null]}}", "{\"b\":1,\"a\":{\"b\":[null]}}"},
      {"{\"a\":{\"a\":{\"a\":[[[{\"a\":1}]]]}}}", "{\"a\":{\"a\":{\"a\":[[[{\"a\":1}]]]}}}"},
      {"\"\x7F\"", "\"\x7F\""},
      {"\"\\/ \\\" \\\\ \\b\\f\\n\\r\\t\"", "\"/ \\\" \\\\ \\b\\f\\n\\r\\t\""},
      {"\"\\u0000\\u001F\\u0061\"", "\"\\u0000\\u001fa\""},
      {"\"\\u00e9\\uAC00\\ud83C\\udF47\"", "\"\xC3\xA9\xEA\xB0\x80\xF0\x9F\x8D\x87\""},
      {"\"\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\"",
       "\"\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80"
       "\xF4\x8F\xBF\xBF\""},
      {"{\"\\u0061\\n\":\"long enough to be scanned by words\\t, twice over\"}",
       "{\"a\\n\":\"long enough to be scanned by words\\t, twice over\"}"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK_EQ(rewritten(row.text), row.compact);
  }
}

TEST_CASE("what is not JSON is refused, with the place and what was expected there") {
  const struct { std::string text; const char* problem; } rows[] = {
      {"", "line 1, column 1: found the end of the text, expected a value"},
      {" \n ", "line 2, column 2: found the end of the text, expected a value"},
      {"nul", "line 1, column 1: found 'n', expected a value"},
      {"True", "line 1, column 1: found 'T', expected a value"},
      {"NaN", "line 1, column 1: found 'N', expected a value"},
      {"Infinity", "line 1, column 1: found 'I', expected a value"},
      {"'a'", "line 1, column 1: found ''', expected a value"},
      {"truefalse", "line 1, column 5: found 'f', expected the end of the text"},
      {"1 2", "line 1, column 3: found '2', expected the end of the text"},
      {"{}}", "line 1, column 3: found '}', expected the end of the text"},
      {"[1]x", "line 1, column 4: found 'x', expected the end of the text"},
      {"\xEF\xBB\xBF{}", "line 1, column 1: found a byte order mark, expected a value"},
      {"\xEA\xB0\x80", "line 1, column 1: found '\xEA\xB0\x80', expected a value"},
      {"/* c */1", "line 1, column 1: found '/', expected a value"},
      {std::string("[1,\0]", 5), "line 1, column 4: found byte 0x00, expected a value"},
      {std::string("[1]\0", 4), "line 1, column 4: found byte 0x00, expected the end of the text"},
      {"\f1", "line 1, column 1: found byte 0x0c, expected a value"},

      {"01", "line 1, column 2: found '1', expected no digit after a leading zero"},
      {"-01", "line 1, column 3: found '1', expected no digit after a leading zero"},
      {"+1", "line 1, column 1: found '+', expected a value"},
      {".5", "line 1, column 1: found '.', expected a value"},
      {"-", "line 1, column 2: found the end of the text, expected a digit"},
      {"-a", "line 1, column 2: found 'a', expected a digit"},
      {"1.", "line 1, column 3: found the end of the text, expected a digit"},
      {"1.e1", "line 1, column 3: found 'e', expected a digit"},
      {"1e", "line 1, column 3: found the end of the text, expected a digit"},
      {"1e+", "line 1, column 4: found the end of the text, expected a digit"},
      {"[1e-]", "line 1, column 5: found ']', expected a digit"},
      {"0x10", "line 1, column 2: found 'x', expected the end of the text"},
      {"1_000", "line 1, column 2: found '_', expected the end of the text"},
      {"1.2.3", "line 1, column 4: found '.', expected the end of the text"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK_EQ(problem_of(row.text), row.problem);
  }
}

TEST_CASE("brackets, keys and strings that are wrong are refused in the same way") {
  const struct { std::string text; const char* problem; } rows[] = {
      {"[", "line 1, column 2: found the end of the text, expected a value"},
      {"[1", "line 1, column 3: found the end of the text, expected ',' or ']'"},
      {"[1,", "line 1, column 4: found the end of the text, expected a value"},
      {"[1,]", "line 1, column 4: found ']', expected a value"},
      {"[,1]", "line 1, column 2: found ',', expected a value"},
      {"[1 2]", "line 1, column 4: found '2', expected ',' or ']'"},
      {"[1}", "line 1, column 3: found '}', expected ',' or ']'"},
      {"]", "line 1, column 1: found ']', expected a value"},
      {"{", "line 1, column 2: found the end of the text, expected a key in quotes, or '}'"},
      {"{a:1}", "line 1, column 2: found 'a', expected a key in quotes, or '}'"},
      {"{1:1}", "line 1, column 2: found '1', expected a key in quotes, or '}'"},
      {"{\"a\"}", "line 1, column 5: found '}', expected ':'"},
      {"{\"a\":}", "line 1, column 6: found '}', expected a value"},
      {"{\"a\":1,}", "line 1, column 8: found '}', expected a key in quotes"},
      {"{\"a\":1]", "line 1, column 7: found ']', expected ',' or '}'"},
      {"{\"a\":1 \"b\":2}", "line 1, column 8: found '\"', expected ',' or '}'"},
      {"{\"a\"::1}", "line 1, column 6: found ':', expected a value"},
      {"{\n  \"process\": {\n    \"\xEA\xB0\x80\": ,\n", "line 3, column 10: found ',', expected a value"},

      {"\"a", "line 1, column 3: found the end of the text, expected the closing '\"' of the string"},
      {"\"a\nb\"",
       "line 1, column 3: found byte 0x0a, expected an escape instead of a raw control character"},
      {"\"\x1F\"",
       "line 1, column 2: found byte 0x1f, expected an escape instead of a raw control character"},
      {"\"\\x\"", "line 1, column 3: found 'x', expected one of \"\\/bfnrtu after a backslash"},
      {"\"\\", "line 1, column 3: found the end of the text, expected one of \"\\/bfnrtu after a backslash"},
      {"\"\\u12G4\"", "line 1, column 6: found 'G', expected four hex digits after \\u"},
      {"\"\\u12", "line 1, column 6: found the end of the text, expected four hex digits after \\u"},
      {"\"\\uD800\"", "line 1, column 2: found half of a surrogate pair, expected both"},
      {"\"\\uD800\\n\"", "line 1, column 2: found half of a surrogate pair, expected both"},
      {"\"\\uD800\\uD800\"", "line 1, column 2: found half of a surrogate pair, expected both"},
      {"\"\\uD800\\u0041\"", "line 1, column 2: found half of a surrogate pair, expected both"},
      {"\"a\\uDC00\"", "line 1, column 3: found the second half of a surrogate pair without the first"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK_EQ(problem_of(row.text), row.problem);
  }
}

TEST_CASE("bytes that are not UTF-8 are refused inside strings") {
  const char* rows[] = {
      "\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41",            // stray, overlong, cut short
      "\xE0\x80\x80", "\xE0\x9F\xBF", "\xE2\x82", "\xED\xA0\x80", "\xED\xBF\xBF",  // overlong, surrogates
      "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xFE",
      "\xF0\x9F\x8D", "\xE9"};
  for (const std::string part : rows) {
    CAPTURE(part);
    for (const std::string before : {"", "a", "twelve bytes", "\\n"}) {
      const std::string problem = problem_of("[\"" + before + part + "\"]");
      CHECK_NE(problem.find(", expected UTF-8"), std::string::npos);
      CHECK_NE(problem.find(text("column {}", 3 + before.size())), std::string::npos);
    }
  }
}

TEST_CASE("a key may stand once in an object, however it is written") {
  CHECK_EQ(problem_of("{\"a\":1,\"b\":2,\n\"a\":3}"),
           "line 2, column 1: the key \"a\" stands twice in one object");
  CHECK_EQ(problem_of("{\"a\":1,\n \"\\u0061\":3}"),
           "line 2, column 2: the key \"a\" stands twice in one object");
  CHECK_EQ(problem_of("[{\"a\":{\"a\":1}},{\"a\":2}]"), "accepted");
  std::string many = "{";
  for (int i = 0; i < 1000; ++i) many += text("\"key{}\":{},", i, i);
  CHECK_EQ(problem_of(many + "\"key1000\":0}"), "accepted");
  CHECK_EQ(problem_of(many + "\n\"key500\":0}"),
           "line 2, column 1: the key \"key500\" stands twice in one object");
}

TEST_CASE("limits on bytes, depth and values are kept") {
  CHECK_EQ(problem_of("[1,2]", {.bytes_max = 5}), "accepted");
  CHECK_EQ(problem_of("[1,2]", {.bytes_max = 4}), "5 bytes of JSON are more than the 4 allowed");
  CHECK_EQ(problem_of("[[{}]]", {.depth_max = 3}), "accepted");
  CHECK_EQ(problem_of("[[{\"a\":[]}]]", {.depth_max = 3}),
           "line 1, column 8: arrays and objects lie more than 3 deep");
  CHECK_EQ(problem_of("[1,2,3]", {.values_max = 4}), "accepted");
  CHECK_EQ(problem_of("[1,2,3,4]", {.values_max = 4}), "line 1, column 9: more than 4 values");
  CHECK_EQ(problem_of(repeated("[", 100'000)),
           "line 1, column 129: arrays and objects lie more than 128 deep");
}

TEST_CASE("depth costs memory and no stack") {
  const int depth = 1'000'000;
  const auto document = parse(repeated("[", depth) + repeated("]", depth), {.depth_max = 1'000'000});
  REQUIRE(document);
  CHECK_EQ(Writer().value(document->root()).take().size(), 2u * depth);
}

}  // namespace podo::json
