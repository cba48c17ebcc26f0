#include <doctest/doctest.h>

#include "base/format/json.h"

namespace podo::json {
namespace {

Document read(std::string text) {
  auto document = parse(std::move(text));
  REQUIRE_MESSAGE(document, document.error().message());
  return std::move(*document);
}

template <class T>
std::string problem_of(const Result<T>& result) {
  return result ? "no problem" : result.error().message();
}

}  // namespace

TEST_CASE("fields of the right kind are read") {
  const Document document =
      read(R"({"s":"x","t":true,"i":-3,"u":4294967296,"d":0.5,"a":[1,"two"],"o":{"k":1}})");
  const Field root(document);
  CHECK_EQ(*root["s"].string(), "x");
  CHECK_EQ(*root["t"].boolean(), true);
  CHECK_EQ(*root["i"].int64(), -3);
  CHECK_EQ(*root["u"].uint64(), 4294967296);
  CHECK_EQ(*root["d"].number(), 0.5);
  CHECK(root["a"].array());
  CHECK(root["o"].object());
  CHECK_EQ(root["a"].size(), 2);
  CHECK_EQ(*root["a"][1].string(), "two");
  CHECK_EQ(*root["o"]["k"].uint32(), 1);
  CHECK_EQ(root["o"]["k"].key(), "k");
  CHECK_EQ(*root["o"]["k"].uint32_or(9), 1);
}

TEST_CASE("an absent field gives the alternative, and null is absent") {
  const Document document = read(R"({"null":null})");
  const Field root(document);
  for (const Field field : {root["gone"], root["null"], root["gone"]["deeper"], root["null"]["deeper"][3]}) {
    CHECK_FALSE(field.present());
    CHECK_EQ(*field.string_or("else"), "else");
    CHECK_EQ(*field.boolean_or(true), true);
    CHECK_EQ(*field.int64_or(-1), -1);
    CHECK_EQ(*field.uint64_or(2), 2);
    CHECK_EQ(*field.uint32_or(3), 3);
  }
}

TEST_CASE("the error of a field names its path, what was expected and what is there") {
  const Document document =
      read(R"({"linux":{"resources":{"pids":{"limit":"ten"}},"x":[{"y":null}]},"s":"x","n":1.5})");
  const Field root(document);
  const Field limit = root["linux"]["resources"]["pids"]["limit"];
  CHECK_EQ(problem_of(limit.int64_or(0)),
           "linux.resources.pids.limit: expected an integer, got the string \"ten\"");
  CHECK_EQ(problem_of(root["n"].int64()), "n: expected an integer, got the number 1.5");
  CHECK_EQ(problem_of(root["n"].uint64()), "n: expected an integer from 0 to 2^64-1, got the number 1.5");
  CHECK_EQ(problem_of(root["linux"].string_or("")), "linux: expected a string, got an object");
  CHECK_EQ(problem_of(root["linux"]["x"].object()), "linux.x: expected an object, got an array");
  CHECK_EQ(problem_of(root["linux"]["x"][0]["y"].string()), "linux.x[0].y: expected a string, got null");
  CHECK_EQ(problem_of(root["linux"]["none"].boolean()), "linux.none: is missing, expected a boolean");
  CHECK_EQ(limit.wrong("must be positive").error().message(), "linux.resources.pids.limit: must be positive");
  CHECK_EQ(root.wrong("must be something else").error().message(), "must be something else");
  CHECK(limit.wrong("x").error().kind() == ErrorKind::invalid);
}

TEST_CASE("the first thing missing on the way is named") {
  const Document document = read(R"({"process":{}})");
  CHECK_EQ(problem_of(Field(document)["process"]["user"]["uid"].uint32()),
           "process.user: is missing, expected an integer from 0 to 2^32-1");
}

TEST_CASE("a member of something that has no members is an error, also where absence is fine") {
  const Document document = read(R"({"linux":"none","list":[1]})");
  const Field root(document);
  CHECK_EQ(problem_of(root["linux"]["resources"]["pids"].int64_or(0)),
           "linux: expected an object or an array, got the string \"none\"");
  CHECK_EQ(problem_of(root["list"]["first"].string_or("")), "list: expected an object, got an array");
  CHECK_EQ(problem_of(root["list"][0]["first"].string_or("")),
           "list[0]: expected an object or an array, got the number 1");
}

TEST_CASE("uint32 refuses what does not fit") {
  const Document document = read(R"([4294967295,4294967296,-1])");
  const Field root(document);
  CHECK_EQ(*root[0].uint32(), UINT32_MAX);
  CHECK_EQ(problem_of(root[1].uint32()),
           "[1]: expected an integer from 0 to 2^32-1, got the number 4294967296");
  CHECK_EQ(problem_of(root[2].uint32_or(0)), "[2]: expected an integer from 0 to 2^32-1, got the number -1");
}

}  // namespace podo::json
