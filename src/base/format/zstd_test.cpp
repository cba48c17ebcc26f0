#include "base/format/zstd.h"

#include <doctest/doctest.h>

#include "base/core/random.h"

namespace podo::zstd {

TEST_CASE("what was compressed comes back, and nothing else does") {
  std::string json;
  for (int i = 0; i < 2000; ++i) json += text("{{\"name\":\"pod-{}\",\"phase\":\"Running\"}}", i);
  for (std::string_view bytes : {std::string_view(json), std::string_view("x"), std::string_view("")}) {
    std::string frame = compress(bytes, 1);
    CHECK_EQ(decompress(frame, bytes.size()), std::string(bytes));
    CHECK_EQ(decompress(frame, bytes.size() + 1).error().kind(), ErrorKind::corrupt);
  }
  CHECK_LT(compress(json, 1).size(), json.size() / 5);
  Compressor compressor(1);
  for (int i = 0; i < 3; ++i) CHECK_EQ(compressor.compress(json), compress(json, 1));
}

TEST_CASE("a frame that is cut or changed is refused, or gives other bytes of the same size") {
  std::string bytes(5000, 'a');
  SeededRandom random(1);
  for (char& c : bytes) c = static_cast<char>('a' + random.below(20));
  std::string frame = compress(bytes, 3);
  for (std::size_t cut = 0; cut < frame.size(); ++cut)
    CHECK_FALSE(decompress(std::string_view(frame).substr(0, cut), bytes.size()).has_value());
  for (std::size_t i = 0; i < frame.size(); ++i) {
    std::string changed = frame;
    changed[i] = static_cast<char>(changed[i] ^ 0x41);
    if (auto got = decompress(changed, bytes.size())) CHECK_EQ(got->size(), bytes.size());
  }
}

TEST_CASE("frames are expanded as their bytes come") {
  SeededRandom random(2);
  std::string bytes;
  while (bytes.size() < 700'000)
    bytes.append(1 + random.below(40), static_cast<char>('a' + random.below(20)));
  const std::string stream = compress(bytes, 3) + compress("", 3) + compress("tail", 1);
  CHECK(is_zstd(stream));
  auto expand = [](std::string_view rest, std::size_t piece_bytes) -> Result<std::string> {
    Expander expander;
    std::string out;
    for (;;) {
      std::string_view piece = TRY(expander.next());
      out += piece;
      if (!piece.empty()) continue;
      if (rest.empty()) break;
      expander.feed(rest.substr(0, piece_bytes));
      rest.remove_prefix(std::min(piece_bytes, rest.size()));
      if (rest.empty()) expander.finish();
    }
    return out;
  };
  for (std::size_t piece : {std::size_t{13}, std::size_t{4096}, stream.size()})
    CHECK((expand(stream, piece) == bytes + "tail"));
  CHECK_EQ(expand(stream.substr(0, stream.size() - 1), 4096).error().kind(), ErrorKind::corrupt);
  CHECK_EQ(expand(stream.substr(0, 1000), 100).error().kind(), ErrorKind::corrupt);
  CHECK_EQ(expand(stream + "garbage", 4096).error().kind(), ErrorKind::corrupt);
}

}  // namespace podo::zstd
