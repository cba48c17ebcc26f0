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

}  // namespace podo::zstd
