#include <doctest/doctest.h>

#include "model/dockerfile/dockerfile.h"

namespace podo::dockerfile {
namespace {

using Lines = std::vector<std::string>;

// "RULE LINE: MESSAGE" of every warning.
Lines warnings(std::string_view text, std::string_view check = {}) {
  const auto file = parse(text, "Dockerfile", check);
  REQUIRE_MESSAGE(file, (file ? "" : file.error().message()));
  Lines told;
  for (const Warning& warning : file->warnings)
    told.push_back(podo::text("{} {}: {}", warning.rule, warning.place.line, warning.message));
  return told;
}

TEST_CASE("names and keywords of stages") {
  CHECK(warnings("FROM scratch AS BadName\nFROM scratch as b\nFROM scratch AS c\n") ==
        Lines{"StageNameCasing 1: Stage name 'BadName' should be lowercase",
              "FromAsCasing 2: 'as' and 'FROM' keywords' casing do not match"});
  CHECK(warnings("from scratch AS base\nfrom scratch as base2\n") ==
        Lines{"FromAsCasing 1: 'AS' and 'from' keywords' casing do not match"});
  CHECK(warnings("FROM scratch AS b\nFROM scratch AS b\n") ==
        Lines{"DuplicateStageName 2: Duplicate stage name \"b\", stage names should be unique"});
  CHECK(warnings("FROM scratch AS scratch\nFROM scratch AS context\nFROM scratch\n") ==
        Lines{"ReservedStageName 1: Stage name should not use the same name as reserved stage \"scratch\"",
              "ReservedStageName 2: Stage name should not use the same name as reserved stage \"context\""});
}

TEST_CASE("the platform of a stage") {
  CHECK(warnings("FROM --platform=$TARGETPLATFORM a\nFROM --platform=${TARGETPLATFORM} a\n").size() == 2);
  CHECK(
      warnings("FROM --platform=${TARGETPLATFORM} a\n") ==
      Lines{
          "RedundantTargetPlatform 1: Setting platform to predefined ${TARGETPLATFORM} in FROM is redundant "
          "as this is the default behavior"});
  CHECK(warnings("FROM --platform=$BUILDPLATFORM a\n").empty());
  CHECK(warnings("FROM --platform=linux/amd64 a\n") ==
        Lines{"FromPlatformFlagConstDisallowed 1: FROM --platform flag should not use constant value "
              "\"linux/amd64\""});
  CHECK(warnings("FROM --platform=linux/amd64 a AS my_amd64_stage\n").empty());
  CHECK(warnings("FROM --platform=linux/amd64 a AS linux\n").empty());
}

TEST_CASE("an empty line inside of an instruction") {
  CHECK(warnings("FROM scratch\nCOPY Dockerfile \\\n\n.\nCOPY Dockerfile \\\n.\n") ==
        Lines{"NoEmptyContinuation 4: Empty continuation line"});
  CHECK(warnings("FROM scratch\nRUN a \\\n# comment\n  b\n").empty());
}

TEST_CASE("keywords keep to the casing of most") {
  const auto first = [](std::string_view text) {
    const Lines told = warnings(text);
    REQUIRE(told.size() == 1);
    return told[0];
  };
  const std::string begin = "ConsistentInstructionCasing ";
  CHECK(first("From scratch as base\nFROM scratch AS base2\n") ==
        begin + "1: Command 'From' should match the case of the command majority (uppercase)");
  CHECK(first("frOM scratch as base\nfrom scratch as base2\n") ==
        begin + "1: Command 'frOM' should match the case of the command majority (lowercase)");
  CHECK(first("FROM scratch\ncopy a b\nCOPY a c\n") ==
        begin + "2: Command 'copy' should match the case of the command majority (uppercase)");
  CHECK(first("from scratch\nCOPY a b\ncopy a c\n") ==
        begin + "2: Command 'COPY' should match the case of the command majority (lowercase)");
  CHECK(first("from scratch\nCOPY a b\nCOPY a c\n") ==
        begin + "1: Command 'from' should match the case of the command majority (uppercase)");
  CHECK(warnings("from scratch\ncopy a b\n").empty());
  CHECK(warnings("arg A\nFROM scratch\nCOPY a b\n").empty());
}

TEST_CASE("commands for a shell that nobody chose") {
  const std::string end = " to prevent unintended behavior related to OS signals";
  CHECK(warnings("FROM a\nCMD x\n") ==
        Lines{"JSONArgsRecommended 2: JSON arguments recommended for CMD" + end});
  CHECK(warnings("FROM a\nENTRYPOINT x\n") ==
        Lines{"JSONArgsRecommended 2: JSON arguments recommended for ENTRYPOINT" + end});
  CHECK(warnings("FROM a\nCMD [\"x\"]\n").empty());
  CHECK(warnings("FROM a\nSHELL [\"/sh\"]\nCMD x\n").empty());
  CHECK(warnings("FROM a AS base\nSHELL [\"/sh\"]\nFROM base\nENTRYPOINT x\n").empty());
  CHECK(warnings("FROM a AS base\nSHELL [\"/sh\"]\nFROM a\nENTRYPOINT x\n").size() == 1);
}

TEST_CASE("working directories that depend on the base") {
  CHECK(
      warnings("FROM a\nWORKDIR app/\n") ==
      Lines{"WorkdirRelativePath 2: Relative workdir \"app/\" can have unexpected results if the base image "
            "changes"});
  CHECK(warnings("FROM a AS b\nWORKDIR /app\nFROM b\nWORKDIR sub\n").empty());
  CHECK(warnings("FROM a\nWORKDIR /app\nWORKDIR sub\n").empty());
  CHECK(warnings("FROM a\nWORKDIR $X\n").empty());
  CHECK(warnings("FROM a\nWORKDIR \"/a b\"\n").empty());
}

TEST_CASE("instructions of which only the last counts") {
  const auto told = [](std::string_view name, int line) {
    return text(
        "MultipleInstructionsDisallowed {}: Multiple {} instructions should not be used in the same "
        "stage because only the last one will be used",
        line, name);
  };
  CHECK(warnings(
            "FROM a\nENTRYPOINT [\"a\"]\nCMD [\"a\"]\nHEALTHCHECK CMD [\"a\"]\nUSER u\nENTRYPOINT [\"b\"]\n"
            "CMD [\"b\"]\nHEALTHCHECK CMD [\"b\"]\nCMD [\"c\"]\n") ==
        Lines{told("ENTRYPOINT", 2), told("CMD", 3), told("HEALTHCHECK", 4), told("CMD", 7)});
  CHECK(warnings("FROM a AS b\nCMD [\"a\"]\nFROM b\nCMD [\"a\"]\n").empty());
}

TEST_CASE("what is old") {
  CHECK(
      warnings("FROM a\nENV k v\nLABEL k v\nMAINTAINER m\n") ==
      Lines{
          "LegacyKeyValueFormat 2: \"ENV key=value\" should be used instead of legacy \"ENV key value\" "
          "format",
          "LegacyKeyValueFormat 3: \"LABEL key=value\" should be used instead of legacy \"LABEL key value\" "
          "format",
          "MaintainerDeprecated 4: Maintainer instruction is deprecated in favor of using label"});
}

TEST_CASE("secrets are not for everybody's eyes") {
  const Lines told = warnings(
      "FROM a\nARG SECRET_PASSPHRASE\nENV SUPER_Secret=foo\nENV password=bar secret=baz\n"
      "ARG super_duper_secret_token=foo auth=bar\nENV apikey=bar sunflower=foo\nENV git_key=\nENV "
      "PUBLIC_KEY=\n"
      "ARG public_token\nENV monkey=1\n");
  REQUIRE(told.size() == 8);
  CHECK(told[0] ==
        "SecretsUsedInArgOrEnv 2: Do not use ARG or ENV instructions for sensitive data (ARG "
        "\"SECRET_PASSPHRASE\")");
  CHECK(told[7] ==
        "SecretsUsedInArgOrEnv 7: Do not use ARG or ENV instructions for sensitive data (ENV "
        "\"git_key\")");
}

TEST_CASE("ports") {
  CHECK(
      warnings("FROM a\nEXPOSE 80/TCP 53/udp $P\nEXPOSE 127.0.0.1:80:80\n") ==
      Lines{"ExposeProtoCasing 2: Defined protocol '80/TCP' in EXPOSE instruction should be lowercase",
            "ExposeInvalidFormat 3: EXPOSE instruction should not define an IP address or host-port mapping, "
            "found '127.0.0.1:80:80'"});
}

TEST_CASE("descriptions are looked at only when somebody asks for it") {
  const std::string_view good =
      "# foo this is the foo\nARG foo=bar\n\n# base this is it\nFROM scratch AS base\n# baz x\nARG foo=a "
      "baz=b\n#\n"
      "ARG bit\n# anything\nCOPY a b\n";
  const std::string_view bad =
      "# bar x\nARG foo=bar\n# BasE x\nFROM scratch AS base\n# bad x\nARG version\n# bad x\nARG a b\n";
  CHECK(warnings(bad).empty());
  CHECK(warnings(good, "experimental=InvalidDefinitionDescription").empty());
  CHECK(
      warnings(bad, "experimental=all") ==
      Lines{
          "InvalidDefinitionDescription 2: Comment for ARG should follow the format: `# foo <description>`",
          "InvalidDefinitionDescription 4: Comment for FROM should follow the format: `# base <description>`",
          "InvalidDefinitionDescription 6: Comment for ARG should follow the format: `# version "
          "<description>`",
          "InvalidDefinitionDescription 8: Comment for ARG should follow the format: `# <arg_key> "
          "<description>`"});
}

TEST_CASE("rules can be skipped") {
  const std::string file = "FROM scratch as base\ncopy Dockerfile .\n";
  CHECK(warnings("#check=skip=all\n" + file).empty());
  CHECK(warnings("#check=skip=ConsistentInstructionCasing,FromAsCasing\n" + file).empty());
  CHECK(warnings("#check=skip=ConsistentInstructionCasing\n" + file) ==
        Lines{"FromAsCasing 2: 'as' and 'FROM' keywords' casing do not match"});
  CHECK(warnings("#check=skip=all\n" + file, "skip=ConsistentInstructionCasing;error=true").size() == 1);
  Directives directives;
  directives.skipped_checks = {"all"};
  CHECK_FALSE(directives.checks("UndefinedVar"));
  CHECK_FALSE(directives.checks("CopyIgnoredFile"));
  directives.experimental_checks = {"CopyIgnoredFile"};
  CHECK(directives.checks("CopyIgnoredFile"));
}

}  // namespace
}  // namespace podo::dockerfile
