#include "container/docker/filters.h"

#include <doctest/doctest.h>

namespace podo::docker {
namespace {

TEST_CASE("both forms of filters mean the same") {
  for (const std::string_view text : {R"({"label":{"x=y":true,"z":true}})", R"({"label":["x=y","z"]})"}) {
    const Filters filters = *Filters::parse(text);
    CHECK(filters.values("label").size() == 2);
    CHECK(filters.labels({{"x", "y"}, {"z", ""}}));
    CHECK(!filters.labels({{"x", "other"}, {"z", ""}}));
    CHECK(!filters.labels({{"x", "y"}}));
  }
}

TEST_CASE("a list without a filter takes everything") {
  const Filters filters = *Filters::parse("");
  CHECK(filters.exact("name", "x"));
  CHECK(filters.pattern("name", "x"));
  CHECK(filters.labels({}));
  CHECK(*filters.truth("dangling", true));
}

TEST_CASE("what is no filter is refused") {
  for (const std::string_view text : {"x", "[]", "3", R"({"a":3})", R"({"a":[3]})", R"({"a":{"b":3}})"}) {
    CHECK(Filters::parse(text).error().kind() == ErrorKind::invalid);
  }
  CHECK(Filters::parse(R"({"foo":["a"]})")->allow({"name"}).error().message() == "invalid filter 'foo'");
  CHECK(Filters::parse(R"({"dangling":["x"]})")->truth("dangling", true).error().message() ==
        "invalid filter 'dangling=[x]'");
  CHECK(*Filters::parse(R"({"dangling":["false"]})")->truth("dangling", true) == false);
}

TEST_CASE("labels may be unwanted") {
  const Filters filters = *Filters::parse(R"({"label!":["keep"]})");
  CHECK(filters.labels({}));
  CHECK(!filters.labels({{"keep", "1"}}));
}

TEST_CASE("patterns are the everyday part of regular expressions") {
  CHECK(matches_pattern("web", "my-web-1"));
  CHECK(!matches_pattern("^web", "my-web-1"));
  CHECK(matches_pattern("^web$", "web"));
  CHECK(matches_pattern("^/?web.[0-9]+$", "/web-12"));
  CHECK(!matches_pattern("^web[^0-9]$", "web1"));
  CHECK(matches_pattern("w*b?$", "wwwb"));
  CHECK(matches_pattern("a\\.b", "xa.b"));
  CHECK(!matches_pattern("a\\.b", "aXb"));
  CHECK(matches_pattern("^x$|^y$", "y"));
  CHECK(matches_pattern("", "anything"));
  CHECK(matches_pattern("^web(-|$)", "web-1"));
  CHECK(matches_pattern("^web(-|$)", "web"));
  CHECK(!matches_pattern("^web(-|$)", "web1"));
  CHECK(matches_pattern("^/?(?:a|b(1|2))$", "/b2"));
  CHECK(!matches_pattern("^(a|b(1|2))$", "b3"));
  CHECK(matches_pattern("a\\|b[|(]", "a|b("));
  CHECK(matches_pattern("\\d\\w", "1_"));
  CHECK(!matches_pattern("[", "x"));
  CHECK(!matches_pattern("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaab"));
}

TEST_CASE("an evil pattern costs little") {
  const std::string many(2000, 'a');
  std::string evil;
  for (int i = 0; i < 30; ++i) evil += "a*";
  CHECK(!matches_pattern("^" + evil + "b$", many));
  CHECK(!matches_glob("*a*a*a*a*a*a*a*a*a*a*b", many));
}

TEST_CASE("a glob's star stays inside a part of the path") {
  CHECK(matches_glob("busybox:*", "busybox:1.36"));
  CHECK(matches_glob("*/x:[0-9]", "a/x:1"));
  CHECK(!matches_glob("*", "a/x"));
  CHECK(matches_glob("b?x", "box"));
  CHECK(!matches_glob("b?x", "b/x"));
  CHECK(matches_glob("a\\*", "a*"));
  CHECK(!matches_glob("a", "ab"));
}

}  // namespace
}  // namespace podo::docker
