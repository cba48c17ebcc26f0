#include <doctest/doctest.h>

#include <cmath>

#include "base/format/json.h"
#include "base/format/json_writer.h"

namespace podo::json {

TEST_CASE("the writer sets commas and ends") {
  Writer out;
  out.object().key("id").string("x").key("pid").number(7).key("args").array().string("sh").string("-c").end();
  out.key("empty").object().end().key("none").null().key("raw").raw("[1]").key("on").boolean(false).end();
  CHECK_EQ(out.text(),
           R"({"id":"x","pid":7,"args":["sh","-c"],"empty":{},"none":null,"raw":[1],"on":false})");
  CHECK_EQ(out.take(),
           R"({"id":"x","pid":7,"args":["sh","-c"],"empty":{},"none":null,"raw":[1],"on":false})");
  CHECK_EQ(out.array().end().take(), "[]");
}

TEST_CASE("the indented layout is the one of jq") {
  Writer out(Layout::indented);
  out.object().key("a").array().number(1).array().end().object().end().end().key("b").object();
  out.key("c").null();
  CHECK_EQ(out.end().end().take(), R"({
  "a": [
    1,
    [],
    {}
  ],
  "b": {
    "c": null
  }
})");
}

TEST_CASE("strings are escaped as little as the grammar allows") {
  std::string out;
  append_quoted(out, std::string_view("\"\\/\b\f\n\r\t\x01\x1F\x7F\0<>&", 15));
  CHECK_EQ(out, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\\u0000<>&\"");
  out.clear();
  append_quoted(out, "\xEA\xB0\x80 \xFF\xC0\x80 \xED\xA0\x80");
  const std::string r = "\xEF\xBF\xBD";
  CHECK_EQ(out, "\"\xEA\xB0\x80 " + r + r + r + " " + r + r + r + "\"");
}

TEST_CASE("strings for HTML are escaped as encoding/json does it") {
  std::string out;
  append_quoted_html(out, "a<b>&c \xE2\x80\xA8\xE2\x80\xA9 \xC3\xA9 \xFF \b\f\x1F\x7F\"");
  CHECK_EQ(out, "\"a\\u003cb\\u003e\\u0026c \\u2028\\u2029 \xC3\xA9 \\ufffd \\b\\f\\u001f\x7F\\\"\"");
  out.clear();
  append_quoted_html(out, "plain");
  append_quoted_html(out, "");
  CHECK_EQ(out, "\"plain\"\"\"");
}

TEST_CASE("numbers are written in the form that reads back the same") {
  Writer out;
  out.array().number(INT64_MIN).number(UINT64_MAX).number(0.1).number(1e22).number(-0.0).number(5e-324);
  out.number(INFINITY).number(NAN).number(3u);
  CHECK_EQ(out.end().take(), "[-9223372036854775808,18446744073709551615,0.1,1e+22,-0,5e-324,null,null,3]");
}

TEST_CASE("a parsed value is written as it was read, apart from space and escapes") {
  const auto document = parse(R"( { "n" : [ 1.50, -0, 1E400 ], "s" : "\u0041\/" } )");
  REQUIRE(document);
  CHECK_EQ(Writer().value(document->root()).take(), R"({"n":[1.50,-0,1E400],"s":"A/"})");
  Writer out(Layout::indented);
  out.array().value(document->root().find("n"));
  CHECK_EQ(out.end().take(), "[\n  [\n    1.50,\n    -0,\n    1E400\n  ]\n]");
}

}  // namespace podo::json
