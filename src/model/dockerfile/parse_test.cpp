#include <doctest/doctest.h>

#include "model/dockerfile/dockerfile.h"

namespace podo::dockerfile {
namespace {

using Words = std::vector<std::string>;
using Pairs = std::vector<std::pair<std::string, std::optional<std::string>>>;

Dockerfile parsed(std::string_view text) {
  auto file = parse(text, "Dockerfile");
  REQUIRE_MESSAGE(file, (file ? "" : file.error().message()));
  return *std::move(file);
}

// The only step of a file.
Instruction step(std::string_view text) {
  Dockerfile file = parsed("FROM scratch\n" + std::string(text));
  REQUIRE(file.stages.size() == 1);
  REQUIRE(file.stages[0].steps.size() == 1);
  return file.stages[0].steps[0];
}

Words words(std::string_view text) { return step(text).words; }

TEST_CASE("a file is stages of instructions, in front of them arguments") {
  const Dockerfile file = parsed(
      "# a comment\n"
      "ARG VERSION=1\n"
      "arg OTHER\n"
      "\n"
      "FROM --platform=linux/arm64 alpine:$VERSION AS Build\n"
      "RUN make\n"
      "  COPY a b\n"
      "from build\n");
  CHECK(file.name == "Dockerfile");
  CHECK(file.lines.size() == 8);
  REQUIRE(file.globals.size() == 2);
  CHECK(file.globals[0].pairs == Pairs{{"VERSION", "1"}});
  CHECK(file.globals[1].pairs == Pairs{{"OTHER", std::nullopt}});
  REQUIRE(file.stages.size() == 2);
  const Stage& build = file.stages[0];
  CHECK(build.name == "build");
  CHECK(build.from.words == Words{"alpine:$VERSION"});
  CHECK(build.from.flag("platform")->value == "linux/arm64");
  CHECK(build.from.text == "FROM --platform=linux/arm64 alpine:$VERSION AS Build");
  REQUIRE(build.steps.size() == 2);
  CHECK(build.steps[0].kind == Kind::run);
  CHECK(build.steps[0].words == Words{"make"});
  CHECK(build.steps[1].place.line == 7);
  CHECK(build.steps[1].place.column == 3);
  CHECK(file.stages[1].name.empty());
  CHECK(file.stages[1].from.place.line == 8);
}

TEST_CASE("a stage is found by its name or its number") {
  const Dockerfile file = parsed("FROM a AS one\nFROM b AS two\nFROM c AS one\n");
  CHECK(find_stage(file, "one", 2) == 0);
  CHECK(find_stage(file, "ONE", 3) == 2);
  CHECK(find_stage(file, "1", 3) == 1);
  CHECK_FALSE(find_stage(file, "two", 1));
  CHECK_FALSE(find_stage(file, "3", 3));
  CHECK_FALSE(find_stage(file, "", 3));
  CHECK_FALSE(find_stage(file, "99999999999999999999", 3));
  CHECK_FALSE(find_stage(file, "alpine", 100));
}

TEST_CASE("lines go on behind the escape character, over comments") {
  const Instruction run = step(
      "RUN one && \\  \n"
      "    two \\\n"
      "# a comment\n"
      "   # another\n"
      "  && three\n");
  CHECK(run.words == Words{"one &&     two   && three"});
  CHECK(run.text == "RUN one &&     two   && three");
  CHECK(run.place.line == 2);
  CHECK(run.place.last_line == 6);
  CHECK(words("RUN a\\\nb") == Words{"ab"});
  CHECK(words("RUN a \\\r\nb\r\n") == Words{"a b"});
  CHECK(words("RUN \\\n  a") == Words{"a"});
  CHECK(words("\\\nRUN a") == Words{"a"});
  CHECK(words("RUN a \\") == Words{"a"});
}

TEST_CASE("two escape characters do not go on") {
  const Dockerfile file = parsed("FROM scratch\nRUN a\\\\\nUSER x\n");
  REQUIRE(file.stages[0].steps.size() == 2);
  CHECK(file.stages[0].steps[0].words == Words{"a\\\\"});
}

TEST_CASE("carriage returns and a byte order mark do not count") {
  const Dockerfile file = parsed("\xEF\xBB\xBF# escape=`\r\nFROM a\r\nRUN b `\r\n c\r\nENV A=1\r\n");
  CHECK(file.directives.escape == '`');
  CHECK(file.stages[0].steps[0].words == Words{"b  c"});
  CHECK(file.stages[0].steps[1].pairs == Pairs{{"A", "1"}});
}

TEST_CASE("directives stand at the very top") {
  const Dockerfile file = parsed(
      "# syntax = docker/dockerfile:1\n"
      "#ESCAPE=`\n"
      "# check=skip=A, B;error=true;experimental=C\n"
      "FROM a\n");
  CHECK(file.directives.syntax == "docker/dockerfile:1");
  CHECK(file.directives.escape == '`');
  CHECK(file.directives.skipped_checks == Words{"A", "B"});
  CHECK(file.directives.experimental_checks == Words{"C"});
  CHECK(file.directives.checks_fail);
  CHECK(parsed("# hello\n# escape=`\nFROM a\n").directives.escape == '\\');
  CHECK(parsed("\n# escape=`\nFROM a\n").directives.escape == '\\');
  CHECK(parsed("# unknown=x\n# escape=`\nFROM a\n").directives.escape == '\\');
  CHECK(parse("# check=skip=A\nFROM a", "D", "error=1")->directives.skipped_checks.empty());
}

TEST_CASE("an exec form is a JSON array; anything else is for the shell") {
  const Instruction exec = step(R"(RUN ["a", "b c", "\u00e9\n"] )");
  CHECK(exec.exec_form);
  CHECK(exec.words == Words{"a", "b c", "\u00e9\n"});
  for (const std::string_view shell :
       {"['a']", "[ -f x ]", R"(["a")", R"j([ "$(cat x)" == "y" ])j", R"(["a",])"}) {
    CAPTURE(shell);
    const Instruction run = step("RUN " + std::string(shell));
    CHECK_FALSE(run.exec_form);
    CHECK(run.words == Words{std::string(shell)});
  }
  CHECK(words(R"(CMD ["a"] # why)") == Words{"a"});
  CHECK(words("CMD []").empty());
  CHECK(step("CMD []").exec_form);
  CHECK(words("CMD").empty());
  CHECK(words("ENTRYPOINT exec top -b") == Words{"exec top -b"});
  CHECK(words(R"(SHELL ["sh", "-c"])") == Words{"sh", "-c"});
  CHECK(words(R"(COPY ["a b", "c"])") == Words{"a b", "c"});
  CHECK(words(R"(VOLUME ["/a", "/b c"])") == Words{"/a", "/b c"});
}

TEST_CASE("quotes in a command stay") {
  CHECK(words(R"(RUN echo "a  b" 'c' \d $E)") == Words{R"(echo "a  b" 'c' \d $E)"});
}

TEST_CASE("words that are one word") {
  CHECK(words("WORKDIR /a b") == Words{"/a b"});
  CHECK(words("USER a:b") == Words{"a:b"});
  CHECK(words("STOPSIGNAL SIGTERM") == Words{"SIGTERM"});
  CHECK(words("MAINTAINER a <b@c>") == Words{"a <b@c>"});
}

TEST_CASE("names and values") {
  const auto pairs = [](std::string_view text) { return step(text).pairs; };
  CHECK(pairs("ENV A=1 B='2 3' C=\"4 5\" D=6\\ 7 E=") ==
        Pairs{{"A", "1"}, {"B", "'2 3'"}, {"C", "\"4 5\""}, {"D", "6\\ 7"}, {"E", ""}});
  CHECK(pairs("ENV A 1  2 = 3") == Pairs{{"A", "1  2 = 3"}});
  CHECK(pairs("ENV A=b=c") == Pairs{{"A", "b=c"}});
  CHECK(pairs("LABEL \"a b\"=c d=\"e\"") == Pairs{{"\"a b\"", "c"}, {"d", "\"e\""}});
  CHECK(pairs("LABEL a=b\\\n  c=d") == Pairs{{"a", "b"}, {"c", "d"}});
  CHECK(pairs("ARG A B=1 C=\"2 3\"") == Pairs{{"A", std::nullopt}, {"B", "1"}, {"C", "\"2 3\""}});
}

TEST_CASE("flags") {
  const Instruction copy =
      step("COPY --from=x --link --parents=FALSE --exclude=a --exclude=\"b c\" --chmod=755 s d");
  CHECK(copy.words == Words{"s", "d"});
  REQUIRE(copy.flags.size() == 6);
  CHECK(copy.flag("link")->value == "true");
  CHECK(copy.flag("parents")->value == "false");
  CHECK(copy.flag("exclude")->value == "b c");
  CHECK(copy.flags[3].value == "a");
  CHECK(copy.flags[1].place.column == 15);
  CHECK(copy.flag("chown") == nullptr);
  CHECK(words("RUN -- --x") == Words{"--x"});
  CHECK(step("RUN --mount=type=cache,target=/a \\\n --network=none make").flag("network")->place.line == 3);
  CHECK(step("RUN --mount=type=cache,target=/a \\\n --network=none make").flag("network")->place.column == 2);
  CHECK(step("ADD --checksum=sha256:a --keep-git-dir --unpack=true --chown=1:2 a b").flags.size() == 4);
}

TEST_CASE("health checks") {
  CHECK(words("HEALTHCHECK NONE") == Words{"NONE"});
  CHECK(words("HEALTHCHECK cmd  curl -f x") == Words{"curl -f x"});
  const Instruction check = step(
      "HEALTHCHECK --interval=5m --timeout=1.5s --start-period=0s --start-interval=1h2m3s --retries=3 "
      "CMD [\"a\", \"b\"]");
  CHECK(check.exec_form);
  CHECK(check.words == Words{"a", "b"});
  const HealthFlags flags = *health_flags(check);
  CHECK(flags.interval_ns == 300'000'000'000);
  CHECK(flags.timeout_ns == 1'500'000'000);
  CHECK(flags.start_period_ns == 0);
  CHECK(flags.start_interval_ns == 3'723'000'000'000);
  CHECK(flags.retries == 3);
}

TEST_CASE("triggers") {
  const Instruction on_build = step("onbuild  copy --from=x a b");
  REQUIRE(on_build.triggered.size() == 1);
  CHECK(on_build.triggered[0].kind == Kind::copy);
  CHECK(on_build.triggered[0].words == Words{"a", "b"});
  CHECK(trigger_text(on_build) == "copy --from=x a b");
  const Instruction here = step("ONBUILD RUN <<-A cat\n\tx\n\tA\n");
  CHECK(trigger_text(here) == "RUN <<-A cat\nx\nA");
  const auto again = parse_instruction(trigger_text(here));
  REQUIRE(again);
  CHECK(again->heredocs[0].content == "x\n");
}

TEST_CASE("one instruction alone") {
  CHECK(parse_instruction("ENV a=b")->pairs == Pairs{{"a", "b"}});
  CHECK(parse_instruction("RUN a `\n b", '`')->words == Words{"a  b"});
  CHECK(parse_instruction("").error().message() == "file with no instructions");
  CHECK(parse_instruction("FOO").error().message() == "unknown instruction: FOO (did you mean FROM?)");
  CHECK_FALSE(parse_instruction("USER a\nUSER b"));
}

TEST_CASE("ports") {
  CHECK(*exposed_ports("80") == Words{"80/tcp"});
  CHECK(*exposed_ports("53/UDP") == Words{"53/udp"});
  CHECK(*exposed_ports("8000-8002/sctp") == Words{"8000/sctp", "8001/sctp", "8002/sctp"});
  CHECK(*exposed_ports("127.0.0.1:8080:80") == Words{"80/tcp"});
  CHECK(exposed_ports("x").error().message() == "invalid containerPort: x");
  CHECK(exposed_ports("65536").error().message() == "invalid containerPort: 65536");
  CHECK(exposed_ports("2-1").error().message() == "invalid containerPort: 2-1");
  CHECK(exposed_ports("1/x").error().message() == "invalid proto: x");
  CHECK_FALSE(exposed_ports(""));
}

}  // namespace
}  // namespace podo::dockerfile
