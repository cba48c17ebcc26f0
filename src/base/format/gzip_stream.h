// gzip (RFC 1952) as one member of any length, written as its bytes come: for answers that are compressed
// while they are made. Some readers (curl's) stop after the first member, so a row of them (gzip.h) will not
// do there.
//
//   Stream stream;
//   out += stream.write(piece); ...; out += stream.end();
//
//   member := 1f 8b 08 00 mtime:le32(0) 00 ff block+ crc32:le32 size_mod_2^32:le32
//   block  := 0:bit 01:2bits ( literal | length distance )* end     the fixed codes of RFC 1951, 3.2.6
//
// One block a piece. Made for speed and for text that repeats itself: matches are looked for once, and within
// the piece, so pieces of 64 KB and more serve well. About 130 KB. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace podo::gzip {

class Stream {
 public:
  Stream();
  std::string write(std::string_view piece);  // less than 2 GiB of it
  std::string end();

 private:
  struct Bits {
    std::uint64_t held = 0;
    unsigned count = 0;
  };
  class Block;
  static constexpr unsigned table_bits = 15;

  std::unique_ptr<std::uint32_t[]> newest_;  // by hash: where four bytes stood last, in this piece
  Bits bits_;                                // that make no whole byte yet
  std::uint32_t crc_ = 0, size_ = 0;
  bool begun_ = false;
};

}  // namespace podo::gzip
