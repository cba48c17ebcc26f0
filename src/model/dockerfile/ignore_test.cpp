#include "model/dockerfile/ignore.h"

#include <doctest/doctest.h>

namespace podo::dockerfile {
namespace {

IgnoreRules rules(std::string_view text) {
  auto parsed = IgnoreRules::parse(text);
  REQUIRE(parsed);
  return *std::move(parsed);
}

// "yes", "no" or the error.
std::string_view matched(std::string_view pattern, std::string_view path, DoubleStar double_star) {
  const auto result = match_path(pattern, path, double_star);
  if (!result) return result.error().message() == "syntax error in pattern" ? "bad" : "another error";
  return *result ? "yes" : "no";
}

struct Case {
  std::string_view pattern, path, result;
};

TEST_CASE("patterns of one folder mean what they mean in Go") {
  constexpr Case cases[] = {
      {"abc", "abc", "yes"},
      {"*", "abc", "yes"},
      {"*", "", "yes"},
      {"", "", "yes"},
      {"", "a", "no"},
      {"*c", "abc", "yes"},
      {"a*", "a", "yes"},
      {"a*", "abc", "yes"},
      {"a*", "ab/c", "no"},
      {"a*/b", "abc/b", "yes"},
      {"a*/b", "a/c/b", "no"},
      {"a*b*c*d*e*/f", "axbxcxdxe/f", "yes"},
      {"a*b*c*d*e*/f", "axbxcxdxexxx/f", "yes"},
      {"a*b*c*d*e*/f", "axbxcxdxe/xxx/f", "no"},
      {"a*b*c*d*e*/f", "axbxcxdxexxx/fff", "no"},
      {"a*b?c*x", "abxbbxdbxebxczzx", "yes"},
      {"a*b?c*x", "abxbbxdbxebxczzy", "no"},
      {"ab[c]", "abc", "yes"},
      {"ab[b-d]", "abc", "yes"},
      {"ab[e-g]", "abc", "no"},
      {"ab[^c]", "abc", "no"},
      {"ab[^b-d]", "abc", "no"},
      {"ab[^e-g]", "abc", "yes"},
      {"a\\*b", "a*b", "yes"},
      {"a\\*b", "ab", "no"},
      {"a?b", "a☺b", "yes"},
      {"a[^a]b", "a☺b", "yes"},
      {"a???b", "a☺b", "no"},
      {"a[^a][^a][^a]b", "a☺b", "no"},
      {"[a-ζ]*", "α", "yes"},
      {"*[a-ζ]", "A", "no"},
      {"a?b", "a/b", "no"},
      {"a*b", "a/b", "no"},
      {"[\\]a]", "]", "yes"},
      {"[\\-]", "-", "yes"},
      {"[x\\-]", "x", "yes"},
      {"[x\\-]", "-", "yes"},
      {"[x\\-]", "z", "no"},
      {"[\\-x]", "a", "no"},
      {"[]a]", "]", "bad"},
      {"[-]", "-", "bad"},
      {"[x-]", "x", "bad"},
      {"[-x]", "x", "bad"},
      {"\\", "a", "bad"},
      {"[a-b-c]", "a", "bad"},
      {"[", "a", "bad"},
      {"[^", "a", "bad"},
      {"[^bc", "a", "bad"},
      {"a[", "a", "bad"},
      {"a[", "ab", "bad"},
      {"*x", "xxx", "yes"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.pattern);
    CAPTURE(each.path);
    CHECK(matched(each.pattern, each.path, DoubleStar::star) == each.result);
    CHECK(matched(each.pattern, each.path, DoubleStar::folders) == each.result);
  }
  CHECK(matched("a/**/c", "a/b/c", DoubleStar::star) == "yes");
  CHECK(matched("a/**/c", "a/b/b/c", DoubleStar::star) == "no");
}

TEST_CASE("two stars are any number of folders") {
  constexpr Case cases[] = {
      {"**", "file", "yes"},
      {"**/", "file", "yes"},
      {"**", "dir/file", "yes"},
      {"**/**", "dir/file", "yes"},
      {"dir/**", "dir/file", "yes"},
      {"dir/**", "dir/dir2/file", "yes"},
      {"dir/**", "dir", "no"},
      {"**/dir", "dir", "yes"},
      {"**/dir", "a/dir", "yes"},
      {"**/dir", "adir", "no"},
      {"**/dir", "dir/file", "no"},
      {"**/dir2/*", "dir/dir2/file", "yes"},
      {"**/dir2/**", "dir/dir2/dir3/file", "yes"},
      {"**file", "file", "yes"},
      {"**file", "dir/file", "yes"},
      {"**file", "afile", "no"},
      {"**/file*txt", "dir/dir/file.txt", "yes"},
      {"**/**/*.txt", "dir/dir/file.txt", "yes"},
      {"**/**/*.txt2", "dir/dir/file.txt", "no"},
      {"**/*.txt", "file.txt", "yes"},
      {"a**/*.txt", "a/file.txt", "yes"},
      {"a**/*.txt", "a/dir/dir/file.txt", "yes"},
      {"a/**/c", "a/c", "yes"},
      {"a/**/c", "a/b/b/c", "yes"},
      {"a/**/c", "a/b/bc", "no"},
      {"a/*.txt", "a/dir/file.txt", "no"},
      {"a/*.txt**", "a/file.txt", "yes"},
      {"**/.foo", "bar.foo", "no"},
      {"a.|)$(}+{bc", "a.|)$(}+{bc", "yes"},
      {"dist/*.whl", "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", "yes"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.pattern);
    CAPTURE(each.path);
    CHECK(matched(each.pattern, each.path, DoubleStar::folders) == each.result);
  }
}

TEST_CASE("an ignored folder takes along what is in it, and the last rule that matches wins") {
  CHECK(rules("docs").ignores("docs/a/b.md"));
  CHECK(rules("**/dir").ignores("a/dir/file"));
  CHECK_FALSE(rules("a*").ignores("b/a"));
  CHECK_FALSE(rules("docs\n!docs/README.md").ignores("docs/README.md"));
  CHECK_FALSE(rules("docs/\n!docs/README.md").ignores("docs/README.md"));
  CHECK_FALSE(rules("docs/*\n!docs/README.md").ignores("docs/README.md"));
  CHECK(rules("docs/*\n!docs/README.md").ignores("docs/other.md"));
  CHECK(rules("!f.go\n*.go").ignores("f.go"));
  CHECK_FALSE(rules("*.go\n!f.go").ignores("f.go"));
  CHECK_FALSE(rules("**\n!util/docker/web").ignores("util/docker/web/foo"));
  CHECK(rules("**\n!util/docker/web\nutil/docker/web/foo").ignores("util/docker/web/foo"));
  CHECK_FALSE(rules("").ignores("a"));
}

TEST_CASE("the file has comments, blanks, and paths that are cleaned") {
  const IgnoreRules made = rules(
      "\xEF\xBB\xBF# a comment\r\n"
      "   \n"
      "  spaced  \r\n"
      "/rooted\n"
      "./a//b/\n"
      "x/../y\n"
      "  ! rooted/back \n"
      " # no comment\n");
  for (const std::string_view path : {"spaced", "rooted", "rooted/other", "a/b", "y", "# no comment"}) {
    CAPTURE(path);
    CHECK(made.ignores(path));
  }
  for (const std::string_view path : {"rooted/back", "a", "x", "# a comment"}) {
    CAPTURE(path);
    CHECK_FALSE(made.ignores(path));
  }
  CHECK(rules("# only\n\n").empty());
  CHECK(IgnoreRules::parse("a\n!\n").error().message() == "illegal exclusion pattern: \"!\"");
  CHECK(IgnoreRules::make({"["}).error().message() == "syntax error in pattern");
}

TEST_CASE("a folder is left out of a walk only when nothing below it can come back") {
  CHECK(rules("a").ignores_all_below("a"));
  CHECK_FALSE(rules("a").ignores_all_below("b"));
  CHECK_FALSE(rules("a\n!a/b/c").ignores_all_below("a"));
  CHECK_FALSE(rules("a\n!a/b/c").ignores_all_below("a/b"));
  CHECK(rules("a\n!a/b/c").ignores_all_below("a/x"));
  CHECK_FALSE(rules("node_modules\n!**/keep").ignores_all_below("node_modules/x"));
  CHECK_FALSE(rules("*\n!*.go").ignores_all_below("x.go"));
  CHECK(rules("*\n!*.go").ignores_all_below("sub"));
  CHECK_FALSE(rules("*\n!sub/*.go").ignores_all_below("sub"));
  CHECK_FALSE(rules("**\n!a").ignores_all_below("a"));
  CHECK(rules("**\n!a\na/b").ignores_all_below("a/b"));
}

}  // namespace
}  // namespace podo::dockerfile
