#include "container/monitor/log_format.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "container/monitor/program.h"

namespace podo::monitor {
namespace {

std::vector<std::string> cut(const std::vector<std::string>& chunks) {
  std::vector<std::string> records;
  auto emit = [&](Piece piece) { records.emplace_back(piece.data, piece.size); };
  auto cutter = std::make_unique<LineCutter>();
  for (const std::string& chunk : chunks) cutter->feed({chunk.data(), chunk.size()}, emit);
  cutter->flush(emit);
  return records;
}

TEST_CASE("lines are cut where they end, however they arrive") {
  CHECK(cut({"one\ntwo\n"}) == std::vector<std::string>{"one\n", "two\n"});
  CHECK(cut({"on", "e", "\nt", "wo"}) == std::vector<std::string>{"one\n", "two"});
  CHECK(cut({"\n\n"}) == std::vector<std::string>{"\n", "\n"});
  CHECK(cut({}).empty());
}

TEST_CASE("a long line is cut every 16 KiB, never within a character") {
  std::string line = std::string(line_max - 1, 'x') + "\u4e2d" + std::string(10, 'y') + "\n";
  std::vector<std::string> records = cut({line});
  CHECK(records ==
        std::vector<std::string>{std::string(line_max - 1, 'x'), "\u4e2d" + std::string(10, 'y') + "\n"});
  CHECK(cut({std::string(line_max, 'x'), "\n"}) ==
        std::vector<std::string>{std::string(line_max, 'x'), "\n"});
  CHECK(cut({std::string(line_max - 1, 'x') + "\n"}).size() == 1);
  CHECK(cut({std::string(3 * line_max, 'x')}).size() == 3);
}

std::string json(std::string_view bytes, unsigned stream, std::string_view attributes) {
  char timestamp[timestamp_size];
  put_timestamp(timestamp, 1'714'554'487'000'000'007);
  std::string record(json_record_max(bytes.size(), attributes.size()), '\0');
  char* end = put_json_record(record.data(), {bytes.data(), bytes.size()}, stream, timestamp,
                              {attributes.data(), attributes.size()});
  record.resize(static_cast<std::size_t>(end - record.data()));
  return record;
}

TEST_CASE("a json-file record is what Docker's readers expect") {
  CHECK(json("hello\n", 1, {}) ==
        R"({"log":"hello\n","stream":"stdout","time":"2024-05-01T09:08:07.000000007Z"})"
        "\n");
  CHECK(json("a \"b\" \\ \x01\r", 2, R"({"tag":"x"})") ==
        R"({"log":"a \"b\" \\ \u0001\r","stream":"stderr","attrs":{"tag":"x"},)"
        R"("time":"2024-05-01T09:08:07.000000007Z"})"
        "\n");
}

TEST_CASE("bytes that are not UTF-8 become the replacement character, one each") {
  CHECK(json("ok \xe4\xb8\xad \xf0\x9f\x98\x80|\xc0\xaf|\xed\xa0\x80|\xf5|\xe4\xb8", 1, {})
            .starts_with("{\"log\":\"ok \u4e2d "
                         "\U0001f600|\\ufffd\\ufffd|\\ufffd\\ufffd\\ufffd|\\ufffd|\\ufffd\\ufffd\","));
}

TEST_CASE("the program is there, and small") {
  auto bytes = program();
  REQUIRE(bytes.size() > 1000);
  CHECK(bytes.size() < 64 << 10);
  CHECK(bytes[1] == std::byte{'E'});
}

}  // namespace
}  // namespace podo::monitor
