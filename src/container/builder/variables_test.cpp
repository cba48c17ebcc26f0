#include "container/builder/variables.h"

#include <doctest/doctest.h>

namespace podo::builder {
namespace {

using Strings = std::vector<std::string>;

dockerfile::Instruction arg(std::string name, std::optional<std::string> standard) {
  dockerfile::Instruction step;
  step.kind = dockerfile::Kind::arg;
  step.pairs.emplace_back(std::move(name), std::move(standard));
  return step;
}

Globals globals_of(std::vector<dockerfile::Instruction> steps, const Given& given = {}) {
  dockerfile::Dockerfile file;
  file.globals = std::move(steps);
  const oci::Platform amd64{.os = "linux", .architecture = "amd64"};
  const oci::Platform armv7{.os = "linux", .architecture = "arm", .variant = "v7"};
  return *Globals::make(file, given, {.build = amd64, .target = armv7}, "");
}

}  // namespace

TEST_CASE("platforms are global arguments, and a given value takes their place") {
  const Globals globals = globals_of({});
  CHECK(globals.find("TARGETPLATFORM") == "linux/arm/v7");
  CHECK(globals.find("TARGETARCH") == "arm");
  CHECK(globals.find("TARGETVARIANT") == "v7");
  CHECK(globals.find("BUILDARCH") == "amd64");
  CHECK(globals.find("BUILDVARIANT") == "");
  CHECK(globals_of({}, {{"TARGETARCH", "mine"}}).find("TARGETARCH") == "mine");
  CHECK(globals_of({arg("TARGETOS", std::nullopt)}).find("TARGETOS") == "linux");
}

TEST_CASE("a global argument sees those before it; what is given counts more than its standard value") {
  const Globals globals = globals_of({arg("A", "1"), arg("B", "x$A"), arg("C", "c")}, {{"C", "given"}});
  CHECK(globals.find("B") == "x1");
  CHECK(globals.find("C") == "given");
  CHECK(!globals.find("D"));
}

TEST_CASE("an argument of a stage: given, else its standard value, else the global one") {
  const Globals globals = globals_of({arg("A", "global"), arg("B", "global")});
  Scope scope;
  scope.declare("A", std::nullopt, globals, {});
  scope.declare("B", "own", globals, {});
  scope.declare("C", "own", globals, {{"C", "given"}});
  scope.declare("D", std::nullopt, globals, {{"D", std::nullopt}});
  CHECK(scope.find("A", {}) == "global");
  CHECK(scope.find("B", {}) == "own");
  CHECK(scope.find("C", {}) == "given");
  CHECK(!scope.find("D", {}));
  CHECK(!scope.find("TARGETARCH", {}));  // not declared here
}

TEST_CASE("of ENV and ARG the later one counts, if it has a value") {
  const Globals globals = globals_of({});
  Scope scope;
  scope.declare("A", "arg", globals, {});
  scope.declare("B", "arg", globals, {});
  scope.declare("C", std::nullopt, globals, {});
  const Strings env = {"A=env", "C=env", "EMPTY="};
  CHECK(scope.find("A", env) == "arg");
  CHECK(scope.find("C", env) == "env");
  CHECK(scope.find("EMPTY", env) == "");
  CHECK(scope.over(env) == Strings{"A=arg", "C=env", "EMPTY=", "B=arg"});
  scope.hide("A");
  CHECK(scope.find("A", env) == "env");
  CHECK(scope.over(env) == Strings{"A=env", "C=env", "EMPTY=", "B=arg"});
  CHECK(scope.history(env) == "|3 A=env B=arg C=env ");
  CHECK(Scope().history(env).empty());
  scope.declare("A", "again", globals, {});
  CHECK(scope.find("A", env) == "again");
}

TEST_CASE("an argument that is declared again keeps its place") {
  const Globals globals = globals_of({});
  Scope scope;
  scope.declare("A", "1", globals, {});
  scope.declare("B", "2", globals, {});
  scope.declare("A", "3", globals, {});
  CHECK(scope.history({}) == "|2 A=3 B=2 ");
  scope.declare("A", std::nullopt, globals, {});
  CHECK(scope.find("A", {}) == "3");
}

TEST_CASE("proxies need no declaration") {
  CHECK(is_proxy_argument("HTTP_PROXY"));
  CHECK(is_proxy_argument("no_proxy"));
  CHECK(!is_proxy_argument("Http_Proxy"));
  CHECK(!is_proxy_argument("PROXY"));
  CHECK(proxies_of({{"http_proxy", "p"}, {"X", "y"}, {"ALL_PROXY", std::nullopt}}) ==
        Strings{"http_proxy=p"});
}

TEST_CASE("unused are arguments that no ARG declares") {
  dockerfile::Dockerfile file;
  file.globals.push_back(arg("A", std::nullopt));
  file.stages.resize(1);
  file.stages[0].steps.push_back(arg("B", std::nullopt));
  dockerfile::Instruction trigger;
  trigger.kind = dockerfile::Kind::on_build;
  trigger.triggered.push_back(arg("T", std::nullopt));
  file.stages[0].steps.push_back(trigger);
  CHECK(unused_arguments(file, {{"A", "1"},
                                {"B", "1"},
                                {"T", "1"},
                                {"Z", "1"},
                                {"C", "1"},
                                {"N", std::nullopt},
                                {"HTTP_PROXY", "p"},
                                {"SOURCE_DATE_EPOCH", "1"},
                                {"BUILDKIT_INLINE_CACHE", "1"}}) == Strings{"C", "Z"});
}

TEST_CASE("a variable with a standard value may be missing") {
  CHECK(has_standard_value("a${X:-y}", "X"));
  CHECK(has_standard_value("${X-y}", "X"));
  CHECK(has_standard_value("${X+y}", "X"));
  CHECK(!has_standard_value("${X}$X", "X"));
  CHECK(!has_standard_value("${XY:-z}", "X"));
}

}  // namespace podo::builder
