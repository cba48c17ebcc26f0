#include "model/kube/selectors.h"

#include <doctest/doctest.h>

#include "model/kube/schema.h"

namespace podo::kube {
namespace {

std::string problem(std::string_view query) {
  const auto selector = LabelSelector::parse(query);
  return selector ? "none" : selector.error().message();
}

bool selects(std::string_view query, std::string labels) {
  const auto selector = LabelSelector::parse(query);
  REQUIRE_MESSAGE(selector, selector.error().message());
  const auto tree = json::Tree::parse(std::move(labels));
  return selector->matches(&tree->root());
}

bool has_fields(std::string_view query, std::string object) {
  const auto selector = FieldSelector::parse(query);
  REQUIRE_MESSAGE(selector, selector.error().message());
  return selector->matches(json::Tree::parse(std::move(object))->root());
}

}  // namespace

TEST_CASE("label selectors match by every operator") {
  const std::string labels = R"({"app":"web","tier":"a","n":"5","empty":""})";
  for (const std::string_view query :
       {"", "app=web", "app==web", "app!=db", "gone!=x", "app in (db,web)", "app notin (db)",
        "gone notin (x)", "app", "!gone", "n>4", "n<6", "empty=", "empty in (,x)",
        " app = web , tier in ( a , b ) ", "app=web,!gone,n>1", "in!=x", "app in (web,in)"}) {
    CAPTURE(query);
    CHECK(selects(query, labels));
  }
  for (const std::string_view query : {"app=db", "app!=web", "app in (db)", "app notin (web)", "gone", "!app",
                                       "n>5", "n<5", "app>1", "empty=x", "app=web,tier=b"}) {
    CAPTURE(query);
    CHECK_FALSE(selects(query, labels));
  }
}

TEST_CASE("a selector that cannot be read is told of as the API server does") {
  CHECK_EQ(problem("a=b,"), "found '', expected: identifier after ','");
  CHECK_EQ(problem("=a"), "found '=', expected: !, identifier, or 'end of string'");
  CHECK_EQ(problem("a b"), "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
  CHECK_EQ(problem("a=b c"), "found 'c', expected: ',' or 'end of string'");
  CHECK_EQ(problem("a in b"), "unable to parse requirement: found 'b' expected: '('");
  CHECK_EQ(problem("a in (b"), "unable to parse requirement: found '', expected: ',', ')' or identifier");
  CHECK_EQ(problem("a in (b c)"), "unable to parse requirement: found 'c', expected: ',' or ')'");
  CHECK_EQ(problem("a in ()"),
           "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, "
           "values set can't be empty");
  CHECK_EQ(problem("a>x"),
           "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' "
                           "operators, "
           "the value must be an integer");
  CHECK_EQ(problem("!"), "unable to parse requirement: found '', expected: identifier");
  CHECK(problem("-a=b").starts_with(
      "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must "));
  CHECK(problem("a=-b").starts_with(
      "unable to parse requirement: values[0][a]: Invalid value: \"-b\": a valid label"));
}

TEST_CASE("a LabelSelector object selects as its parts say, and is printed by key") {
  const auto tree = json::Tree::parse(
      R"({"matchLabels":{"z":"1","a":"2"},"matchExpressions":[)"
      R"({"key":"m","operator":"In","values":["y","x"]},)"
      R"({"key":"b","operator":"Exists"},{"key":"c","operator":"DoesNotExist"}]})");
  const auto selector = LabelSelector::of(&tree->root());
  REQUIRE(selector);
  CHECK_EQ(selector->text(), "a=2,b,!c,m in (x,y),z=1");
  const auto labels = json::Tree::parse(R"({"a":"2","b":"","m":"x","z":"1"})");
  CHECK(selector->matches(&labels->root()));
  CHECK_FALSE(selector->matches(nullptr));
  CHECK(LabelSelector::of(&json::Tree::parse("{}")->root())->matches(nullptr));
  CHECK_EQ(LabelSelector::of(&json::Tree::parse("{}")->root())->text(), "<none>");
  CHECK_FALSE(LabelSelector::of(nullptr)->matches(&labels->root()));
  const auto odd = json::Tree::parse(R"({"matchExpressions":[{"key":"m","operator":"Like"}]})");
  CHECK_EQ(LabelSelector::of(&odd->root()).error().message(),
           "\"Like\" is not a valid label selector operator");
}

TEST_CASE("field selectors match paths, and what is absent is empty, false or 0") {
  const std::string pod = R"({"metadata":{"name":"p"},"spec":{"nodeName":"n"},"status":{"phase":"Running",)"
                          R"("podIPs":[{"ip":"10.0.0.1"},{"ip":"fd::1"}]}})";
  CHECK(has_fields("metadata.name=p,spec.nodeName==n,status.phase!=Failed", pod));
  CHECK(has_fields("spec.hostNetwork=false,status.podIPs=fd::1,spec.schedulerName=", pod));
  CHECK_FALSE(has_fields("metadata.name!=p", pod));
  CHECK_FALSE(has_fields("status.podIPs=10.0.0.2", pod));
  CHECK(has_fields(R"(reason=a\,b\=c,source=kubelet)",
                   R"({"reason":"a,b=c","reportingController":"kubelet"})"));
  CHECK_EQ(*FieldSelector::parse("metadata.name=x")->exact("metadata.name"), "x");
  CHECK_EQ(FieldSelector::parse("metadata.name!=x")->exact("metadata.name"), nullptr);
}

TEST_CASE("fields that a kind does not know cannot be asked for") {
  const schema::Schema schema = parse_schema();
  const auto problem_of = [&](std::string_view plural, std::string_view query) {
    const auto selector = FieldSelector::parse(query);
    const auto checked = selector ? selector->check(*schema.find_resource("", "v1", plural))
                                  : Result<>(Failure(selector.error()));
    return checked ? "none" : checked.error().message();
  };
  CHECK_EQ(problem_of("pods", "spec.nodeName=x,metadata.namespace=y"), "none");
  CHECK_EQ(problem_of("pods", "spec.foo=x"), "field label not supported: spec.foo");
  CHECK_EQ(problem_of("configmaps", "data=x"),
           "\"data\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
  CHECK_EQ(problem_of("pods", "abc"), "invalid selector: 'abc'; can't understand 'abc'");
}

}  // namespace podo::kube
