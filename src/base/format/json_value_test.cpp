#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "base/core/random.h"
#include "base/format/json.h"
#include "base/format/json_writer.h"

namespace podo::json {
namespace {

Document read(std::string text) {
  auto document = parse(std::move(text));
  REQUIRE_MESSAGE(document, document.error().message());
  return std::move(*document);
}

}  // namespace

TEST_CASE("values are reached by key, by index and by loops, in the order of the text") {
  const Document document = read(R"({"name":"web","tags":["a","\u0062"],"on":true,"none":null,"n":-7})");
  const Value root = document.root();
  CHECK(root.is(Kind::object));
  CHECK_EQ(root.size(), 5);
  CHECK_EQ(root.find("name").string(), "web");
  CHECK_EQ(root.find("tags").at(1).string(), "b");
  CHECK(root.find("on").boolean());
  CHECK(root.find("none").is(Kind::null));
  CHECK_EQ(root.find("n").number(), "-7");
  CHECK_FALSE(root.find("nam").present());
  CHECK_FALSE(root.find("tags").find("a").present());
  CHECK_FALSE(Value().present());
  CHECK_FALSE(Value().is(Kind::null));
  CHECK_EQ(root.key(3), "none");
  CHECK(root.find("on") == root.at(2));
  CHECK_FALSE(root.find("on") == root.at(1));

  std::string all;
  for (const auto& [key, value] : root.members()) all += text("{}:{} ", key, name_of(value.kind()));
  for (const Value tag : root.find("tags").items()) all += tag.string();
  CHECK_EQ(all, "name:string tags:array on:boolean none:null n:number ab");
}

TEST_CASE("every key of an object of any size is found, and no other") {
  for (const int size : {1, 15, 16, 17, 18, 100, 3000}) {
    CAPTURE(size);
    Writer out;
    out.object();
    for (int i = 0; i < size; ++i) out.key(text("k\n{}", i * 7919 % 3001)).number(i);
    const Document document = read(out.end().take());
    int found = 0;
    for (int i = 0; i < size; ++i) {
      found += document.root().find(text("k\n{}", i * 7919 % 3001)).as_int64() == i;
    }
    CHECK_EQ(found, size);
    CHECK_FALSE(document.root().find("k\n3001").present());
    CHECK_FALSE(document.root().find("").present());
    CHECK_EQ(document.path_of(document.root().at(size - 1)), text("[\"k\n{}\"]", (size - 1) * 7919 % 3001));
  }
}

TEST_CASE("a number becomes a machine number exactly or not at all") {
  const struct {
    const char* text;
    std::optional<std::int64_t> int64;
    std::optional<std::uint64_t> uint64;
  } rows[] = {
      {"0", 0, 0}, {"-0", 0, 0}, {"-0.0", 0, 0}, {"0e999999999999", 0, 0}, {"7", 7, 7}, {"-7", -7, {}},
      {"1.0", 1, 1}, {"1e3", 1000, 1000}, {"1200e-2", 12, 12}, {"0.0012E+4", 12, 12}, {"1.5", {}, {}},
      {"1e-1", {}, {}}, {"1e20", {}, {}}, {"1e99999999999999999999", {}, {}},
      {"1e-99999999999999999999", {}, {}},
      {"9223372036854775807", INT64_MAX, INT64_MAX},
      {"9223372036854775808", {}, 9223372036854775808u},
      {"-9223372036854775808", INT64_MIN, {}},
      {"-9223372036854775809", {}, {}},
      {"18446744073709551615", {}, UINT64_MAX},
      {"1844674407370955161500e-2", {}, UINT64_MAX},
      {"18446744073709551616", {}, {}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const Document document = read(row.text);
    CHECK_EQ(document.root().number(), row.text);
    CHECK(document.root().as_int64() == row.int64);
    CHECK(document.root().as_uint64() == row.uint64);
  }
  CHECK(read("0.1").root().as_double() == 0.1);
  CHECK(read("-1e-2").root().as_double() == -0.01);
  CHECK_FALSE(read("1e999").root().as_double());
  CHECK_FALSE(read("\"1\"").root().as_double());
  CHECK_FALSE(read("\"1\"").root().as_int64());
}

TEST_CASE("the path of a value is told as people write it") {
  const Document document =
      read(R"({"process":{"args":["sh",["-c"],[]]},"annotations":{"a.b/c":{"":1}},"":[0]})");
  const Value root = document.root();
  const Value args = root.find("process").find("args");
  CHECK_EQ(document.path_of(root), "");
  CHECK_EQ(document.path_of(args), "process.args");
  CHECK_EQ(document.path_of(args.at(0)), "process.args[0]");
  CHECK_EQ(document.path_of(args.at(1).at(0)), "process.args[1][0]");
  CHECK_EQ(document.path_of(args.at(2)), "process.args[2]");
  CHECK_EQ(document.path_of(root.at(1).at(0).at(0)), "annotations[\"a.b/c\"][\"\"]");
  CHECK_EQ(document.path_of(root.find("").at(0)), "[\"\"][0]");
}

TEST_CASE("a document keeps its values when it is moved, and takes twice the memory of its text") {
  Writer out;
  out.object().key("metadata").object().key("name").string("web-0").end().key("containers").array();
  for (int i = 0; i < 20; ++i) {
    out.object().key("name").string("web").key("image").string("registry.example/web:1.2");
    out.key("ports").array();
    out.object().key("containerPort").number(8080).key("protocol").string("TCP").end().end().end();
  }
  std::string written = out.end().end().take();
  written.shrink_to_fit();
  const std::size_t size = written.size();
  Document first = read(std::move(written));
  const Value name = first.root().find("metadata").find("name");
  const Document second = std::move(first);
  CHECK_EQ(name.string(), "web-0");
  CHECK_LT(second.memory_bytes(), 2 * size + 256);
}

namespace {

std::string random_string(Random& random) {
  constexpr std::string_view parts[] = {"a", "key", "\"", "\\", "\n", "\x01", "\xC3\xA9", "\xEA\xB0\x80",
                                        "\x7F", "\xF0\x9F\x8D\x87", " ", "longer than a word of the machine"};
  std::string all;
  for (std::uint64_t i = random.below(5); i > 0; --i) all += parts[random.below(std::size(parts))];
  return all;
}

void write_random(Writer& out, Random& random, int depth) {
  switch (random.below(depth > 0 ? 8 : 6)) {
    case 0: out.null(); break;
    case 1: out.boolean(random.below(2) == 1); break;
    case 2: out.number(static_cast<std::int64_t>(random.next())); break;
    case 3: out.number(random.next()); break;
    case 4: out.number(static_cast<double>(random.next()) / 1e10); break;
    case 5: out.string(random_string(random)); break;
    case 6:
      out.array();
      for (std::uint64_t i = random.below(6); i > 0; --i) write_random(out, random, depth - 1);
      out.end();
      break;
    default:
      out.object();
      for (std::uint64_t i = random.below(30); i > 0; --i) {
        write_random(out.key(text("{}{}", random_string(random), i)), random, depth - 1);
      }
      out.end();
  }
}

}  // namespace

TEST_CASE("what is written is read back the same, in both layouts") {
  SeededRandom random(20);
  for (int round = 0; round < 300; ++round) {
    Writer out(round % 2 == 0 ? Layout::compact : Layout::indented);
    write_random(out, random, 4);
    const std::string original = out.take();
    const Document document = read(original);
    REQUIRE_EQ(Writer(round % 2 == 0 ? Layout::compact : Layout::indented).value(document.root()).take(),
               original);
  }
}

TEST_CASE("a text cut short anywhere is refused") {
  const std::string whole = R"([{"a\n":[1.5e3,true,null,"\ud83c\udf47"]}])";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(parse(whole.substr(0, length)));
  }
}

}  // namespace podo::json
