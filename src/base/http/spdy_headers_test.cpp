#include "base/http/spdy_headers.h"

#include <doctest/doctest.h>
#include <zlib.h>

namespace podo::http {
namespace {

std::string raw_block(std::string_view inflated) {
  z_stream_s stream{};
  REQUIRE_EQ(::deflateInit(&stream, 9), Z_OK);
  const std::string dictionary = spdy_dictionary();
  ::deflateSetDictionary(&stream, reinterpret_cast<const Bytef*>(dictionary.data()),
                         static_cast<uInt>(dictionary.size()));
  std::string out(inflated.size() + 1000, '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(inflated.data()));
  stream.avail_in = static_cast<uInt>(inflated.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE_EQ(::deflate(&stream, Z_SYNC_FLUSH), Z_OK);
  out.resize(out.size() - stream.avail_out);
  ::deflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("the dictionary is the one of the specification") {
  const std::string dictionary = spdy_dictionary();
  CHECK_EQ(dictionary.size(), 1423);
  const auto sum = ::adler32(::adler32(0, nullptr, 0), reinterpret_cast<const Bytef*>(dictionary.data()),
                             static_cast<uInt>(dictionary.size()));
  CHECK_EQ(sum, 0xe3c6a7c2);
}

TEST_CASE("blocks of a direction build upon one another") {
  SpdyDeflater deflater;
  SpdyInflater inflater(1 << 10);
  std::size_t first_size = 0;
  for (int i = 0; i < 3; ++i) {
    const std::string block = deflater.write({{"streamType", "data"}, {"requestID", "7"}, {"port", "8080"}});
    if (i == 0) first_size = block.size();
    else CHECK_LT(block.size(), first_size);
    const auto headers = inflater.read(io::bytes_of(block));
    REQUIRE(headers.has_value());
    CHECK_EQ(headers->size(), 3);
    CHECK_EQ(headers->get("streamtype"), "data");
    CHECK_EQ(headers->begin()->name, "streamtype");
    CHECK_EQ(headers->get("requestID"), "7");
  }
}

TEST_CASE("several values of a name stand in one string") {
  SpdyDeflater deflater;
  SpdyInflater inflater(1 << 10);
  const auto headers = inflater.read(io::bytes_of(deflater.write({{"a", "1"}, {"b", "2"}, {"A", "3"}})));
  REQUIRE(headers.has_value());
  CHECK_EQ(headers->size(), 3);
  CHECK(headers->words("a") == std::vector<std::string_view>{"1", "3"});
}

TEST_CASE("a block that inflates to much is refused") {
  SpdyInflater inflater(32 << 10);
  const auto read = inflater.read(io::bytes_of(raw_block(std::string(4 << 20, 'x'))));
  REQUIRE_FALSE(read.has_value());
  CHECK_EQ(read.error().kind(), ErrorKind::exhausted);
}

TEST_CASE("a long name with very many values is refused") {
  std::string block("\0\0\0\1\0\0\x20\0", 8);
  block.append(8192, 'n').append("\0\0\x20\0", 4).append(8192, '\0');
  SpdyInflater inflater(32 << 10);
  const auto read = inflater.read(io::bytes_of(raw_block(block)));
  REQUIRE_FALSE(read.has_value());
  CHECK_EQ(read.error().kind(), ErrorKind::exhausted);
}

TEST_CASE("what is no block is refused") {
  for (const std::string& block :
       {std::string("not zlib at all"), raw_block(""),
        raw_block(std::string("\0\0\0\2\0\0\0\1a\0\0\0\1b", 14)),
        raw_block(std::string("\0\0\0\1\0\0\0\0\0\0\0\1b", 13)), raw_block(std::string("\0\0\0\0x", 5)),
        raw_block(std::string("\0\0\0\1\xff\xff\xff\xff", 8))}) {
    SpdyInflater inflater(32 << 10);
    CHECK_FALSE(inflater.read(io::bytes_of(block)).has_value());
  }
}

}  // namespace podo::http
