#include "base/format/inflate.h"

#include <doctest/doctest.h>

#include "base/core/random.h"
#include "base/format/gzip.h"

namespace podo::gzip {
namespace {

Result<std::string> inflate(std::string_view stream, std::size_t piece_bytes) {
  Inflater inflater;
  std::string out;
  for (;;) {
    std::string_view piece = TRY(inflater.next());
    out += piece;
    if (!piece.empty()) continue;
    if (stream.empty()) break;
    const std::size_t count = std::min(piece_bytes, stream.size());
    inflater.feed(stream.substr(0, count));
    stream.remove_prefix(count);
    if (stream.empty()) inflater.finish();
  }
  return out;
}

// Literals, short and long repetitions, runs, noise: every kind of block and match.
std::string mixture(std::uint64_t seed, std::size_t bytes) {
  SeededRandom random(seed);
  std::string out;
  while (out.size() < bytes) {
    const std::size_t length = 1 + random.below(900);
    const std::uint64_t kind = random.below(5);
    if (kind == 0) out.append(length, static_cast<char>(random.below(256)));
    for (std::size_t i = 0; kind == 1 && i < length; ++i) out += static_cast<char>(random.below(256));
    for (std::size_t i = 0; kind == 2 && i < length; ++i) out += static_cast<char>('a' + random.below(9));
    if (kind >= 3 && out.size() > 10) {
      std::size_t distance = 1 + random.below(std::min<std::size_t>(out.size() - 1, kind == 3 ? 9 : 32768));
      for (std::size_t i = 0; i < length; ++i) out += out[out.size() - distance];
    }
  }
  return out;
}

}  // namespace

TEST_CASE("noise is stored, and what has some noise is compressed") {
  SeededRandom random(7);
  std::string noise(300'000, '\0');
  random.fill(std::as_writable_bytes(std::span(noise)));
  for (const bool mixed : {false, true}) {
    const std::string bytes = mixed ? noise + std::string(300'000, 'x') : noise;
    const std::string stream = Compressor(level_fast).compress(bytes);
    if (mixed) CHECK(stream.size() < 310'000);
    else CHECK(stream.size() < bytes.size() + 100);
    auto back = inflate(stream, 4096);
    REQUIRE_MESSAGE(back.has_value(), back.error().message());
    CHECK((*back == bytes));
  }
}

TEST_CASE("what was compressed comes back, at every level and however the stream is cut") {
  for (std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{300}, std::size_t{70'000}, std::size_t{900'000}}) {
    const std::string bytes = size == 0 ? "" : mixture(size, size);
    for (int level : {0, 1, 3, 6, 12}) {
      const std::string stream = Compressor(level).compress(bytes);
      for (std::size_t piece : {std::size_t{1}, std::size_t{37}, std::size_t{4096}, std::size_t{1} << 20}) {
        if (piece < 37 && size > 70'000) continue;
        auto back = inflate(stream, piece);
        REQUIRE_MESSAGE(back.has_value(), back.error().message());
        CHECK((*back == bytes));
      }
    }
  }
}

TEST_CASE("members follow one another, zeros may follow them, and nothing else") {
  Compressor compressor(6);
  const std::string first = mixture(1, 200'000), second = mixture(2, 1000);
  const std::string stream =
      compressor.compress(first) + compressor.compress("") + compressor.compress(second);
  for (std::size_t piece : {std::size_t{1000}, stream.size()})
    CHECK((inflate(stream, piece) == first + second));
  CHECK((inflate(stream + std::string(700, '\0'), 512) == first + second));
  CHECK_EQ(inflate(stream + "x", 512).error().kind(), ErrorKind::corrupt);
  CHECK_EQ(inflate(stream + std::string("\0\0no member at all", 18), 512).error().kind(), ErrorKind::corrupt);
}

TEST_CASE("the parts of a member's beginning that nobody needs are passed over") {
  std::string plain = Compressor(6).compress("content");
  std::string member = plain.substr(0, 10);
  member[3] = 4 | 8 | 16 | 2;
  member += std::string(
                "\x05\x00"
                "extra"
                "name\0"
                "comment\0"
                "hc",
                22) +
            plain.substr(10);
  for (std::size_t piece = 1; piece < 40; ++piece) CHECK_EQ(inflate(member, piece), std::string("content"));
}

TEST_CASE("a stream that is cut is corrupt wherever it is cut") {
  const std::string bytes = mixture(3, 5000);
  for (int level : {0, 1, 9}) {
    const std::string stream = Compressor(level).compress(bytes);
    for (std::size_t cut = 0; cut < stream.size(); ++cut) {
      if (cut == 0) continue;
      CHECK_EQ(inflate(stream.substr(0, cut), 1 << 16).error().kind(), ErrorKind::corrupt);
    }
  }
  Inflater nothing;
  nothing.finish();
  CHECK_EQ(nothing.next().error().kind(), ErrorKind::corrupt);
}

TEST_CASE("a changed stream never gives other bytes") {
  const std::string bytes = mixture(4, 3000);
  const std::string stream = Compressor(6).compress(bytes);
  for (std::size_t i = 0; i < stream.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = stream;
      changed[i] = static_cast<char>(changed[i] ^ 1 << bit);
      auto back = inflate(changed, 1 << 16);
      if (back) CHECK((*back == bytes));  // the time, or the compressor's name
      else CHECK_EQ(back.error().kind(), ErrorKind::corrupt);
    }
  }
}

TEST_CASE("a stream that repeats what no longer is in the window is refused") {
  // One block of the fixed codes: a literal, then a match of length 3 at distance 2.
  const std::string raw(
      "\x1f\x8b\x08\0\0\0\0\0\0\3"
      "\x4b\x04\x22\x00"
      "\0\0\0\0\0\0\0\0",
      22);
  auto back = inflate(raw, 100);
  REQUIRE_FALSE(back.has_value());
  CHECK_EQ(back.error().message(), "gzip: a distance before the beginning");
}

}  // namespace podo::gzip
