#include "cli/console/flags.h"

#include <doctest/doctest.h>

#include "cli/console/units.h"

namespace podo::cli {
namespace {

constexpr Flag known[] = {
    {"interactive", 'i', FlagKind::toggle, "keep standard input open"},
    {"tty", 't', FlagKind::toggle, "a terminal"},
    {"env", 'e', FlagKind::values, "environment"},
    {"publish", 'p', FlagKind::values, "ports"},
    {"memory", 'm', FlagKind::bytes, "a limit"},
    {"sig-proxy", 0, FlagKind::toggle, "pass signals on", "true"},
    {"name", 0, FlagKind::value, "a name"},
    {"timeout", 't' + 1, FlagKind::integer, "seconds", "10"},
};

Result<Flags> parse(std::vector<const char*> words, Flags::Order order = Flags::Order::before_arguments) {
  std::vector<char*> pointers;
  for (const char* word : words) pointers.push_back(const_cast<char*>(word));
  return Flags::parse({known}, pointers, order);
}

std::string problem(std::vector<const char*> words) { return parse(std::move(words)).error().message(); }

}  // namespace

TEST_CASE("flags are read in all their spellings") {
  Flags flags = parse({"-it", "-eA=1", "-e", "B=2", "--env=C=3", "-p=80:80", "--name", "web", "-m512m",
                       "busybox", "-c", "--env"})
                    .value();
  CHECK(flags.on("interactive"));
  CHECK(flags.on("tty"));
  CHECK_EQ(join(flags.all("env"), ","), "A=1,B=2,C=3");
  CHECK_EQ(flags.all("publish")[0], "80:80");
  CHECK_EQ(flags.text("name"), "web");
  CHECK_EQ(flags.bytes("memory"), 512 << 20);
  CHECK_EQ(join(flags.arguments(), " "), "busybox -c --env");
  CHECK(flags.on("sig-proxy"));
  CHECK_EQ(flags.integer("timeout"), 10);
  CHECK_FALSE(parse({"--sig-proxy=false"})->on("sig-proxy"));
  CHECK_EQ(parse({"a", "-i", "b"}, Flags::Order::anywhere)->arguments().size(), 2);
  CHECK_EQ(join(parse({"-i", "--", "-t"})->arguments(), " "), "-t");
  CHECK(parse({"--help"})->wants_help());
}

TEST_CASE("mistakes are told in docker's words, with a guess") {
  CHECK_EQ(problem({"--nam=x"}), "unknown flag: --nam\nDid you mean --name?");
  CHECK_EQ(problem({"--zzzzzz"}), "unknown flag: --zzzzzz");
  CHECK_EQ(problem({"-iz"}), "unknown shorthand flag: 'z' in -iz");
  CHECK_EQ(problem({"--name"}), "flag needs an argument: --name");
  CHECK_EQ(problem({"-ie"}), "flag needs an argument: 'e' in -ie");
  CHECK(problem({"--memory", "x"}).starts_with("invalid argument \"x\" for \"-m, --memory\" flag: "));
  CHECK(problem({"--tty=perhaps"}).starts_with("invalid argument \"perhaps\" for \"-t, --tty\" flag: "));
}

TEST_CASE("sizes and times are shown as docker shows them") {
  CHECK_EQ(human_size(4'261'550, 3), "4.26MB");
  CHECK_EQ(human_size(0), "0B");
  CHECK_EQ(human_size(999), "999B");
  CHECK_EQ(binary_size(12.5 * 1024 * 1024), "12.5MiB");
  CHECK_EQ(human_duration(seconds(0)), "Less than a second");
  CHECK_EQ(human_duration(seconds(61)), "About a minute");
  CHECK_EQ(human_duration(seconds(3600 * 5)), "5 hours");
  CHECK_EQ(human_duration(seconds(86'400 * 20)), "2 weeks");
}

TEST_CASE("times are read and written") {
  CHECK_EQ(iso_text(parse_time("2026-01-02T03:04:05.25+01:00").value()), "2026-01-02T02:04:05.250000000Z");
  CHECK_EQ(parse_time("2026-01-02").value().ns % 1'000'000'000, 0);
  CHECK_FALSE(parse_time("2026-1-2"));
  CHECK_EQ(timestamp_of("10s", Wall{seconds(100).ns}).value(), "90.000000000");
  CHECK_EQ(timestamp_of("1700000000", Wall{}).value(), "1700000000");
  CHECK_FALSE(timestamp_of("yesterday", Wall{}));
}

}  // namespace podo::cli
