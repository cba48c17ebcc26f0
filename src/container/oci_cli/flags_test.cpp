#include <doctest/doctest.h>

#include "container/oci_cli/flags.h"

namespace podo::oci_cli {
namespace {

constexpr Flag known[] = {{"bundle", "b", "DIR", "x"},
                          {"detach", "d", "", "x"},
                          {"env", "e", "NAME=VALUE", "x"},
                          {"limit", "", "N", "x"},
                          {"force", "f", "", "x"}};

struct Words {
  std::vector<std::string> words;
  std::vector<char*> pointers;
  Words(std::initializer_list<const char*> list) : words(list.begin(), list.end()) {
    for (auto& each : words) pointers.push_back(each.data());
  }
};

Result<Flags> parse(std::initializer_list<const char*> list, FlagOrder order = FlagOrder::anywhere) {
  Words words(list);
  return Flags::parse(known, words.pointers, order);
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a value follows its flag or its equals sign, behind one dash or two") {
  for (const auto& words : {std::initializer_list<const char*>{"--bundle", "/x", "id"},
                            {"--bundle=/x", "id"},
                            {"-b", "/x", "id"},
                            {"-b=/x", "id"},
                            {"-bundle", "/x", "id"},
                            {"id", "--bundle", "/x"},
                            {"-b", "/y", "id", "-b", "/x"}}) {
    const auto flags = parse(words);
    REQUIRE(flags);
    CHECK_EQ(flags->text("bundle", "."), "/x");
    CHECK_EQ(flags->arguments(), Strings{"id"});
  }
  CHECK_EQ(parse({"id"})->text("bundle", "."), ".");
  CHECK_EQ(parse({"--bundle="})->text("bundle", "."), "");
  CHECK_EQ(parse({"--env", "A=b=c"})->text("env"), "A=b=c");
  CHECK_EQ(parse({"--env=A=b"})->text("env"), "A=b");
}

TEST_CASE("a value may look like a flag") {
  CHECK_EQ(*parse({"--limit", "-1"})->number("limit", 0), -1);
  CHECK_EQ(parse({"-b", "--detach"})->text("bundle"), "--detach");
  CHECK_EQ(parse({"-b", "-"})->text("bundle"), "-");
}

TEST_CASE("booleans are given, or told to be false") {
  CHECK(parse({"-d"})->on("detach"));
  CHECK(parse({"--detach=true"})->on("detach"));
  CHECK(parse({"--detach=1"})->on("detach"));
  CHECK_FALSE(parse({"--detach=false"})->on("detach"));
  CHECK(parse({"--detach=false"})->given("detach"));
  CHECK_FALSE(parse({"-d", "--detach=F"})->on("detach"));
  CHECK_FALSE(parse({})->given("detach"));
  CHECK_EQ(parse({"-d", "id"})->arguments(), Strings{"id"});  // takes no word
}

TEST_CASE("what is given again is kept in order") {
  CHECK_EQ(parse({"-e", "A=1", "x", "--env=B=2", "-e", "A=3"})->all("env"), (Strings{"A=1", "B=2", "A=3"}));
}

TEST_CASE("a command's own flags are not ours") {
  const auto flags =
      parse({"-d", "id", "sh", "-c", "echo --detach", "--", "-b"}, FlagOrder::before_arguments);
  REQUIRE(flags);
  CHECK(flags->on("detach"));
  CHECK_EQ(flags->arguments(), (Strings{"id", "sh", "-c", "echo --detach", "--", "-b"}));
  CHECK_EQ(parse({"id", "--", "-d"})->arguments(), (Strings{"id", "-d"}));
  CHECK_EQ(parse({"--", "-d"}, FlagOrder::before_arguments)->arguments(), Strings{"-d"});
  CHECK_EQ(parse({"-"})->arguments(), Strings{"-"});
  CHECK_EQ(parse({""})->arguments(), Strings{""});
}

TEST_CASE("where there are no flags, all words are arguments") {
  CHECK_EQ(parse({"--grape", "-d", "--", "x"}, FlagOrder::nowhere)->arguments(),
           (Strings{"--grape", "-d", "--", "x"}));
}

TEST_CASE("help is known to every verb") {
  CHECK(parse({"-h"})->wants_help());
  CHECK(parse({"id", "--help"})->wants_help());
  CHECK_FALSE(parse({"id", "--", "--help"})->wants_help());
}

TEST_CASE("what is wrong is told by name") {
  const auto message = [](std::initializer_list<const char*> list) { return parse(list).error().message(); };
  CHECK_EQ(message({"--grape=1"}), "unknown flag --grape");
  CHECK_EQ(message({"-x"}), "unknown flag -x");
  CHECK_EQ(message({"-df"}), "unknown flag -df");
  CHECK_EQ(message({"---detach"}), "unknown flag ---detach");
  CHECK_EQ(message({"--=x"}), "unknown flag --");
  CHECK_EQ(message({"id", "--bundle"}), "--bundle needs a value");
  CHECK_EQ(message({"--detach=maybe"}), "--detach: 'maybe' is neither true nor false");
  CHECK_EQ(parse({"--limit", "ten"})->number("limit", 0).error().message(),
           "--limit: 'ten' is not a whole number");
}

}  // namespace podo::oci_cli
