#include <doctest/doctest.h>

#include "model/dockerfile/dockerfile.h"

namespace podo::dockerfile {
namespace {

std::string error_of(std::string_view text) {
  const auto file = parse(text, "Dockerfile");
  return file ? std::string() : file.error().message();
}

struct Case {
  std::string_view step, message;
};

void check_messages(std::span<const Case> cases) {
  for (const Case& each : cases) {
    CAPTURE(each.step);
    const std::string message = error_of("FROM scratch\n" + std::string(each.step));
    CAPTURE(message);
    CHECK(message.starts_with("Dockerfile:2:"));
    CHECK(message.contains("dockerfile parse error on line 2: " + std::string(each.message)));
  }
}

TEST_CASE("what is wrong with an instruction is told in the words that tools look for") {
  constexpr Case cases[] = {
      {"FOO bar", "unknown instruction: FOO (did you mean FROM?)"},
      {"BADCMD", "unknown instruction: BADCMD\n"},
      {"wrokdir /a", "unknown instruction: WROKDIR (did you mean WORKDIR?)"},
      {"FROM", "FROM requires either one or three arguments"},
      {"FROM a b", "FROM requires either one or three arguments"},
      {"FROM a b c", "FROM requires either one or three arguments"},
      {"FROM a AS 1b",
       "invalid name for build stage: \"1b\", name can't start with a number or contain symbols"},
      {"COPY a",
       "COPY requires at least two arguments, but only one was provided. Destination could not be "
       "determined."},
      {"COPY\t\n", "COPY requires at least two arguments"},
      {"ADD a", "ADD requires at least two arguments, but only one was provided."},
      {"ADD", "ADD requires at least two arguments"},
      {"ENV", "ENV requires at least one argument"},
      {"ENV A", "ENV must have two arguments"},
      {"LABEL A", "LABEL must have two arguments"},
      {"ENV A=1 B", "Syntax error - can't find = in \"B\". Must be of the form: name=value"},
      {"ENV =a", "ENV names can not be blank"},
      {"LABEL =a", "LABEL names can not be blank"},
      {"ARG", "ARG requires at least one argument"},
      {"ARG =a", "ARG names can not be blank"},
      {"EXPOSE", "EXPOSE requires at least one argument"},
      {"VOLUME", "VOLUME requires at least one argument"},
      {"VOLUME [\"\"]", "VOLUME specified can not be an empty string"},
      {"USER", "USER requires exactly one argument"},
      {"WORKDIR", "WORKDIR requires exactly one argument"},
      {"STOPSIGNAL", "STOPSIGNAL requires exactly one argument"},
      {"MAINTAINER", "MAINTAINER requires exactly one argument"},
      {"ONBUILD", "ONBUILD requires at least one argument"},
      {"HEALTHCHECK", "HEALTHCHECK requires at least one argument"},
      {"RUN", "RUN requires at least one argument"},
      {"SHELL", "SHELL requires at least one argument"},
      {"SHELL []", "SHELL requires at least one argument"},
      {"SHELL sh -c", "SHELL requires the arguments to be in JSON form"},
      {"CMD [\"a\", 1]", "when using JSON array syntax, arrays must be comprised of strings only"},
      {"COPY [\"a\", null]", "when using JSON array syntax, arrays must be comprised of strings only"},
  };
  check_messages(cases);
}

TEST_CASE("what is wrong with triggers, health checks and flags") {
  constexpr Case cases[] = {
      {"ONBUILD ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"},
      {"ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"},
      {"ONBUILD maintainer x", "MAINTAINER isn't allowed as an ONBUILD trigger"},
      {"ONBUILD FOO", "unknown instruction: FOO"},
      {"HEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments"},
      {"HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"},
      {"HEALTHCHECK curl x", "Unknown type \"CURL\" in HEALTHCHECK (try CMD)"},
      {"HEALTHCHECK --interval=50ns CMD x", "interval \"interval\" cannot be less than 1ms"},
      {"HEALTHCHECK --timeout=5 CMD x", "time: missing unit in duration \"5\""},
      {"HEALTHCHECK --timeout=x CMD x", "time: invalid duration \"x\""},
      {"HEALTHCHECK --timeout=5y CMD x", "time: unknown unit \"y\" in duration \"5y\""},
      {"HEALTHCHECK --retries=-1 CMD x", "--retries cannot be negative (-1)"},
      {"HEALTHCHECK --retries=a CMD x", "strconv.ParseInt: parsing \"a\": invalid syntax"},
      {"MAINTAINER --boo joe", "unknown flag: --boo"},
      {"RUN --mont=type=tmpfs x", "unknown flag: --mont (did you mean mount?)"},
      {"RUN --mount x", "missing a value on flag: mount"},
      {"COPY --link= a b", "missing a value on flag: link"},
      {"COPY --link=x a b", "expecting boolean value for flag link, not: x"},
      {"COPY --from=a --from=b a b", "duplicate flag specified: --from"},
      {"COPY --from=$X a b", "variable expansion is not supported for --from, define a new stage with FROM"},
      {"RUN --mount=type=foo x", "unsupported mount type \"foo\""},
      {"RUN --mount=type=$T,from=$X x", "'from' doesn't support variable expansion"},
      {"RUN --network=hots x", "invalid network mode \"hots\" (did you mean host?)"},
      {"RUN --security=x x", "security \"x\" is not valid"},
      {"RUN --device=x x", "RUN --device: builds are given no devices"},
  };
  check_messages(cases);
}

TEST_CASE("what is wrong with a whole file") {
  CHECK(error_of("") == "the Dockerfile (Dockerfile) cannot be empty");
  CHECK(error_of("\n \n# only\n") == "file with no instructions");
  CHECK(error_of("ARG A\n") == "dockerfile contains no stages to build");
  CHECK(error_of("RUN x\n").contains("no build stage in current context"));
  CHECK(error_of("# escape=x\nFROM a\n").contains("invalid escape token 'x' does not match ` or \\"));
  CHECK(
      error_of("# escape=`\n# escape=`\nFROM a\n").contains("only one escape parser directive can be used"));
  CHECK(error_of("# check=skp=x\nFROM a\n").contains("invalid check option \"skp=x\" (did you mean skip?)"));
  CHECK(error_of("# check=error=x\nFROM a\n").contains("failed to parse check option"));
  CHECK(error_of(std::string(file_bytes_max + 1, '#')).contains("more than"));
}

TEST_CASE("an error shows its place") {
  CHECK(error_of("FROM a\nRUN x \\\n  && y\nRUN --mont=type=cache make\n") ==
        "Dockerfile:4:5: dockerfile parse error on line 4: unknown flag: --mont (did you mean mount?)\n"
        "  4 | RUN --mont=type=cache make\n"
        "    |     ^~~~~~~~~~~~~~~~~");
  CHECK(error_of("FROM a\nRUN \\\n\t--mont make\n") ==
        "Dockerfile:3:2: dockerfile parse error on line 3: unknown flag: --mont (did you mean mount?)\n"
        "  3 |  --mont make\n"
        "    |  ^~~~~~");
}

TEST_CASE("a place in a long line, in one with other letters, and none at all") {
  Dockerfile file;
  file.name = "D";
  file.lines = {"한국 word", std::string(300, 'a') + " here " + std::string(300, 'b')};
  CHECK(at(file, {1, 8, 1}, "m", "perhaps").message() == "D:1:8: m\n  1 | 한국 word\n    |    ^~~~\nperhaps");
  CHECK(at(file, {2, 302, 2}, "m").message() == "D:2:302: m\n  2 | ..." + std::string(39, 'a') + " here " +
                                                    std::string(115, 'b') + "\n    | " +
                                                    std::string(43, ' ') + "^~~~");
  CHECK(at(file, {}, "m").message() == "D: m");
  CHECK(at(file, {7, 1, 7}, "m").message() == "D:7:1: m");
  CHECK(at(file, {1, 99, 1}, "m").message() == "D:1:99: m\n  1 | 한국 word\n    |        ^");
}

TEST_CASE("the nearest of several words") {
  constexpr std::string_view names[] = {"DIR_BINARIES", "DIR_ASSETS", "PATH", "A"};
  CHECK(nearest("DIR_ASSET", names) == "DIR_ASSETS");
  CHECK(nearest("PAHT", names) == "PATH");
  CHECK(nearest("PATH", names).empty());
  CHECK(nearest("foo", names).empty());
  CHECK(nearest("B", names).empty());
  CHECK(suggestion("PAHT", names) == " (did you mean PATH?)");
  CHECK(suggestion("other", names).empty());
}

TEST_CASE("where to read about a rule") {
  CHECK(url_of("JSONArgsRecommended") == "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/");
  CHECK(url_of("FromAsCasing") == "https://docs.docker.com/go/dockerfile/rule/from-as-casing/");
}

}  // namespace
}  // namespace podo::dockerfile
