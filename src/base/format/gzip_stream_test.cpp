#include "base/format/gzip_stream.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/core/random.h"
#include "base/core/text.h"
#include "base/format/inflate.h"

namespace podo::gzip {
namespace {

std::string inflated(std::string_view bytes) {
  Inflater inflater;
  inflater.feed(bytes);
  inflater.finish();
  std::string out;
  for (;;) {
    const auto piece = inflater.next();
    if (!piece) return piece.error().message();
    if (piece->empty()) return out;
    out += *piece;
  }
}

std::string of_pieces(const std::vector<std::string>& pieces) {
  Stream stream;
  std::string out;
  for (const std::string& piece : pieces) out += stream.write(piece);
  return out += stream.end();
}

std::string joined(const std::vector<std::string>& pieces) {
  std::string out;
  for (const std::string& piece : pieces) out += piece;
  return out;
}

}  // namespace

TEST_CASE("what a stream of gzip was given comes out again") {
  SeededRandom random(1);
  std::string objects, noise(70'000, ' '), every;
  for (int i = 0; i < 1000; ++i)
    objects += text(R"({{"metadata":{{"name":"pod-{}","uid":"{:x}"}},"spec":{{}}}},)", i, random.next());
  for (char& c : noise) c = static_cast<char>(random.next());
  for (int i = 0; i < 256; ++i) every += static_cast<char>(i);
  const std::vector<std::vector<std::string>> cases = {
      {},
      {""},
      {"a"},
      {"abcabcabcabc"},
      {every},
      {noise},
      {objects},
      {objects, noise, objects, "", "x"},
      {std::string(100'000, 'x'), every + every},
  };
  for (const auto& pieces : cases) CHECK(inflated(of_pieces(pieces)) == joined(pieces));
}

TEST_CASE("matches of every length and far distances come out again") {
  SeededRandom random(2);
  for (std::size_t length = 1; length <= 300; ++length) {
    std::string word(length, ' '), apart(length * 113 % 33'000, ' ');
    for (char& c : word) c = static_cast<char>(random.next());
    for (char& c : apart) c = static_cast<char>(random.next());
    const std::string piece = word + apart + word + "end";
    CHECK(inflated(of_pieces({piece})) == piece);
  }
}

TEST_CASE("text that repeats itself becomes small") {
  std::string objects;
  for (int i = 0; i < 1000; ++i)
    objects += text(R"({{"metadata":{{"name":"pod-{}","namespace":"default"}},"spec":{{}}}},)", i);
  CHECK_LT(of_pieces({objects}).size(), objects.size() / 8);
}

}  // namespace podo::gzip
