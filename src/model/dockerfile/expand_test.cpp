#include "model/dockerfile/expand.h"

#include <doctest/doctest.h>

#include <map>

namespace podo::dockerfile {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;
using Words = std::vector<std::string>;

Lookup lookup_in(const Values& values) {
  return [&values](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

// The result, or "error: ..." with its message.
std::string expanded(std::string_view word, const Values& values, Quotes quotes = Quotes::removed,
                     char escape = '\\') {
  const auto result = expand(word, lookup_in(values), escape, quotes);
  return result ? *result : "error: " + result.error().message();
}

struct Case {
  std::string_view word, result;
};

const Values home = {{"PWD", "/home"}, {"SHELL", "bash"}, {"KOREAN", "한국어"}, {"NULL", ""}};

TEST_CASE("words lose their quotes and get their variables") {
  constexpr Case cases[] = {
      {"hello", "hello"},
      {"he'll'o", "hello"},
      {"he'llo", "error: unexpected end of statement while looking for matching single-quote"},
      {R"(he\'llo)", "he'llo"},
      {R"(he\\'llo)", "error: unexpected end of statement while looking for matching single-quote"},
      {R"(abc\tdef)", "abctdef"},
      {R"("abc\tdef")", R"(abc\tdef)"},
      {R"("abc\\tdef")", R"(abc\tdef)"},
      {R"('abc\tdef')", R"(abc\tdef)"},
      {R"(hello\)", "hello"},
      {R"("hello\)", "error: unexpected end of statement while looking for matching double-quote"},
      {R"('hello\')", R"(hello\)"},
      {R"("")", ""},
      {R"("'")", "'"},
      {R"('"')", "\""},
      {"$PWD", "/home"},
      {"he$PWD.", "he/home."},
      {"he${PWD}xx", "he/homexx"},
      {"'he$PWD'", "he$PWD"},
      {R"("he$PWD")", "he/home"},
      {R"(he\$PWD)", "he$PWD"},
      {R"("he\$PWD")", "he$PWD"},
      {R"("he\\$PWD")", R"(he\/home)"},
      {R"(\\$PWD)", R"(\/home)"},
      {R"(\\\$PWD)", R"(\$PWD)"},
      {"$unset", ""},
      {"he$unset-x", "he-x"},
      {"he$", "he$"},
      {"he$/x", "he$/x"},
      {"$1x", "x"},
      {"$12x", "x"},
      {"$@$*$#$?$$", ""},
      {"$KOREAN", "한국어"},
      {"안녕$SHELL", "안녕bash"},
      {"${SHELL}님", "bash님"},
      {"'안녕\\$SHELL'", "안녕\\$SHELL"},
      {"${", "error: syntax error: missing '}'"},
      {"${PWD", "error: syntax error: missing '}'"},
      {"${}", "error: syntax error: bad substitution"},
      {"${:}", "error: syntax error: bad substitution"},
      {"${{PWD}}", "error: syntax error: bad substitution"},
      {"${PWD!}", "error: unsupported modifier (!) in substitution"},
      {"${PWD=x}", "error: unsupported modifier (=) in substitution"},
      {"${PWD:#x}", "error: unsupported modifier (:#) in substitution"},
      {"${PWD:", "error: syntax error: missing '}'"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.word);
    CHECK(expanded(each.word, home) == each.result);
  }
}

TEST_CASE("a variable that is not set, or empty, has stand-ins") {
  const Values values = {{"SET", "v"}, {"NULL", ""}, {"ARG", "x"}};
  constexpr Case cases[] = {
      {"${SET-d} ${NULL-d} ${NO-d}", "v  d"},
      {"${SET:-d} ${NULL:-d} ${NO:-d}", "v d d"},
      {"${SET+d} ${NULL+d} ${NO+d}", "d d "},
      {"${SET:+d} ${NULL:+d} ${NO:+d}", "d  "},
      {"${SET?m}${NULL?m}", "v"},
      {"${NO?message here$ARG}", "error: NO: message herex"},
      {"${NO:?message here$ARG}", "error: NO: message herex"},
      {"${NULL:?}", "error: NULL: is not allowed to be unset"},
      {"${SET:?m}", "v"},
      {"${NO:-}", ""},
      {"${NO:-$SET}", "v"},
      {"${NO:-${SET}}", "v"},
      {"${NO:-${ALSO:-${SET:+deep}}}", "deep"},
      {"${NO:-'a}b'}", "a}b"},
      {"${NO:-\"a b\"}", "a b"},
      {R"(${NO:-a\}b})", "a}b"},
      {"${NO:-a", "error: syntax error: missing '}'"},
      {"${NO:-'a}", "error: unexpected end of statement while looking for matching single-quote"},
      {"x-${NO:+-${NO}}.gz", "x-.gz"},
      {"x${SET:+-${SET}}.gz", "x-v.gz"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.word);
    CHECK(expanded(each.word, values) == each.result);
  }
}

struct PatternCase {
  std::string_view word;
  Values values;
  std::string_view result;
};

TEST_CASE("patterns take away prefixes and suffixes, the shortest or the longest") {
  const PatternCase cases[] = {
      {"${X#*/}", {{"X", "a/b/c"}}, "b/c"},
      {"${X##*/}", {{"X", "a/b/c"}}, "c"},
      {"${X%/*}", {{"X", "a/b/c"}}, "a/b"},
      {"${X%%/*}", {{"X", "a/b/c"}}, "a"},
      {"${X#v}", {{"X", "v1.2"}}, "1.2"},
      {"${X#x}", {{"X", "v1.2"}}, "v1.2"},
      {"${X%.2}", {{"X", "v1.2"}}, "v1"},
      {"${X#?}", {{"X", "한국어"}}, "국어"},
      {"${X%?}", {{"X", "한국어"}}, "한국"},
      {"${X%국*}", {{"X", "한국어"}}, "한"},
      {R"(${X#()[]{\}^$.\*\?|\\})", {{"X", R"(()[]{}^$.*?|\x)"}}, "x"},
      {R"(${X%%\**})", {{"X", "xx**"}}, "xx"},
      {R"(${X%%\**\*})", {{"X", "a***yy*"}}, "a"},
      {R"(${X#?\?})", {{"X", "???y"}}, "?y"},
      {"${X#*x*y}", {{"X", "xxyy"}}, "y"},
      {"${X##*x*y}", {{"X", "xxyy"}}, ""},
      {"${X#*}", {{"X", "xxyy"}}, "xxyy"},
      {"${X##*}", {{"X", "xxyy"}}, ""},
      {"${X%%*}", {{"X", "xxyy"}}, ""},
      {"${X#$Y}", {{"X", "xxyy"}, {"Y", "x"}}, "xyy"},
      {"${X#$Y}", {{"X", "xxyy"}, {"Y", ""}}, "xxyy"},
      {"${X#}", {{"X", "xxyy"}}, "xxyy"},
      {"${X##}", {{"X", "xxyy"}}, "xxyy"},
      {"${X%}", {{"X", "xxyy"}}, "xxyy"},
      {"${X##*x}", {{"X", "xxyy"}}, "yy"},
      {"${NO:-.}${X%x}${NO:-.}", {{"X", "xxyy"}}, ".xxyy."},
      {"${NO#x}", {}, ""},
      {R"(${X#\a})", {{"X", "a"}}, R"(error: invalid pattern (\a) in substitution: invalid escape '\a')"},
      {R"(${X#a)", {{"X", "a"}}, "error: syntax error: missing '}'"},
  };
  for (const PatternCase& each : cases) {
    CAPTURE(each.word);
    CHECK(expanded(each.word, each.values) == each.result);
  }
}

TEST_CASE("patterns are replaced, once or everywhere") {
  const PatternCase cases[] = {
      {"${X/$N/.} - ${X//$N/.}", {{"X", "/foo*/*/*.txt"}, {"N", R"(\*/)"}}, "/foo.*/*.txt - /foo..*.txt"},
      {"${X/$N/} - ${X//$N/}", {{"X", "/tmp/tmp/bar.txt"}, {"N", "/tmp"}}, "/tmp/bar.txt - /bar.txt"},
      {"${X/$N/$R} - ${X//$N/$R}",
       {{"X", "/a/foo/b/c.txt"}, {"N", "/?/"}, {"R", "/"}},
       "/foo/b/c.txt - /foo/c.txt"},
      {R"(${X//\//\/})", {{"X", "/tmp/foo.txt"}}, R"(\/tmp\/foo.txt)"},
      {"${X/http:\\/\\//https:\\/\\/}", {{"X", "http://a"}}, R"(https:\/\/a)"},
      {"${X/$N/$R}", {{"X", "http://a.de"}, {"N", "http://"}, {"R", "https://"}}, "https://a.de"},
      {"${X/a*b/-}", {{"X", "xaabbx"}}, "x-x"},
      {"${X//a*/-}", {{"X", "xaabb"}}, "x-"},
      {"${X//b*c/-}", {{"X", "bbbbbbbb"}}, "bbbbbbbb"},
      {"${X//어/아}", {{"X", "어국어"}}, "아국아"},
      {"${X/$N/ww}", {{"X", "xxyy"}, {"N", ""}}, "wwxxyy"},
      {"${X///}", {{"X", "xxyy"}}, "xxyy"},
      {"${X///}", {}, ""},
      {"${X//ww}", {{"X", "xxyy"}}, "error: syntax error: missing '/' in ${}"},
      {"${X//}", {{"X", "xxyy"}}, "error: syntax error: missing '/' in ${}"},
      {"${X/a/b", {{"X", "xxyy"}}, "error: syntax error: missing '}'"},
  };
  for (const PatternCase& each : cases) {
    CAPTURE(each.word);
    CHECK(expanded(each.word, each.values) == each.result);
  }
}

TEST_CASE("quotes may stay, or be characters like others") {
  CHECK(expanded(R"('$PWD' "$PWD" \$PWD)", home, Quotes::kept) == R"('$PWD' "/home" \$PWD)");
  CHECK(expanded(R"("a\"b")", home, Quotes::kept) == R"("a\"b")");
  CHECK(expanded(R"(it's "$PWD" '$PWD' \$PWD)", home, Quotes::plain) == R"(it's "/home" '/home' $PWD)");
}

TEST_CASE("the escape character is the one of the directive") {
  CHECK(expanded(R"(C:\$SHELL)", home, Quotes::removed, '`') == R"(C:\bash)");
  CHECK(expanded("`$SHELL", home, Quotes::removed, '`') == "$SHELL");
  CHECK(expanded("\"a`\"b\"", home, Quotes::removed, '`') == "a\"b");
}

TEST_CASE("one word may become several") {
  const Values values = {{"PORTS", "80 443"}, {"ONE", "1"}, {"NULL", ""}};
  const auto words = [&values](std::string_view word) {
    return expand_words(word, lookup_in(values), '\\').value_or(Words{"error"});
  };
  CHECK(words("hello") == Words{"hello"});
  CHECK(words("hello ${NO:-bye}") == Words{"hello", "bye"});
  CHECK(words("$PORTS") == Words{"80", "443"});
  CHECK(words("x$PORTS$ONE") == Words{"x80", "4431"});
  CHECK(words("\"$PORTS\" 8") == Words{"80 443", "8"});
  CHECK(words("'a b' c\\ d") == Words{"a b", "c d"});
  CHECK(words("  a  b  ") == Words{"a", "b"});
  CHECK(words("$NULL") == Words{});
  CHECK(words("") == Words{});
  CHECK(words("\"") == Words{"error"});
}

TEST_CASE("every name is asked for, and nothing else") {
  std::vector<std::string> asked;
  const Lookup lookup = [&asked](std::string_view name) -> std::optional<std::string> {
    asked.emplace_back(name);
    return std::nullopt;
  };
  CHECK(expand("$A ${B:-$C} '$D' ${E#x} ${F/a/$G}", lookup, '\\').has_value());
  CHECK(asked == Words{"A", "C", "B", "E", "G", "F"});
}

TEST_CASE("what grows without end is stopped") {
  const std::string much(1 << 20, 'x');
  const Values values = {{"M", much}};
  const std::string word = "$M$M$M$M$M$M$M$M$M";
  for (const std::string& each : {word, "\"" + word + "\"", "${M//x/" + std::string(100, 'y') + "}"}) {
    const auto result = expand(each, lookup_in(values), '\\');
    REQUIRE_FALSE(result);
    CHECK(result.error().kind() == ErrorKind::exhausted);
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "${a:-";
  CHECK_FALSE(expand(deep, lookup_in({}), '\\'));
}

}  // namespace
}  // namespace podo::dockerfile
