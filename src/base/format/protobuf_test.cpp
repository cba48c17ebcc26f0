#include "base/format/protobuf.h"

#include <doctest/doctest.h>

namespace podo::protobuf {
namespace {

// Everything is asked for by its wire form, and told as text.
std::string told(std::string_view bytes) {
  std::string out;
  Reader in(bytes);
  for (;;) {
    const auto more = in.next();
    if (!more) return out + "! " + more.error().message();
    if (!*more) return out;
    out += text("{}:", in.number());
    if (in.wire() == Wire::varint) {
      const auto value = in.integer();
      out += value ? text("{} ", *value) : "! " + value.error().message();
    } else if (in.wire() == Wire::bytes) {
      const auto value = in.bytes();
      out += value ? text("\"{}\" ", *value) : "! " + value.error().message();
      if (!value) return out;
    } else {
      out += "fixed ";
    }
  }
}

}  // namespace

TEST_CASE("the examples of the specification come out byte by byte") {
  std::string out;
  Writer writer(out);
  writer.varint(1, 150);
  writer.string(2, "testing");
  CHECK_EQ(out, std::string("\x08\x96\x01\x12\x07testing"));
  out.clear();
  writer.integer(1, -2);
  writer.boolean(16, true);
  writer.real(2, 0.5);
  CHECK_EQ(out, std::string(
                    "\x08\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x80\x01\x01\x11\0\0\0\0\0\0\xE0\x3F", 23));
}

TEST_CASE("nested messages get their length, however long it is") {
  for (const std::size_t size : {0u, 1u, 127u, 128u, 20'000u, 3'000'000u}) {
    std::string out = "x";
    Writer writer(out);
    const auto outer = writer.open(3);
    const auto inner = writer.open(1);
    if (size > 0) out.append(size, 'a');
    writer.close(inner);
    writer.boolean(2, false);
    writer.close(outer);
    Reader in(std::string_view(out).substr(1));
    REQUIRE(in.next());
    const auto message = in.bytes();
    REQUIRE(message);
    CHECK_FALSE(*in.next());
    Reader nested(*message);
    CHECK(*nested.next());
    CHECK_EQ(nested.bytes()->size(), size);
    CHECK(*nested.next());
    CHECK_EQ(*nested.varint(), 0);
    CHECK_FALSE(*nested.next());
  }
}

TEST_CASE("fields nobody asks for are skipped, of every wire form") {
  std::string out;
  Writer writer(out);
  writer.varint(1, UINT64_MAX);
  writer.real(2, 1);
  writer.string(3, "abc");
  out += std::string("\x25\x01\x02\x03\x04", 5);
  writer.string(5, "end");
  Reader in(out);
  while (*in.next() && in.number() != 5) continue;
  CHECK_EQ(*in.bytes(), "end");
  CHECK_FALSE(*in.next());
}

TEST_CASE("what is cut short or no message is refused in Go's words") {
  CHECK_EQ(told("\x08\x96"), "1:! unexpected EOF");
  CHECK_EQ(told("\x12\x05"
                "abc"),
           "2:! unexpected EOF");
  CHECK_EQ(told("\x0B"), "! proto: illegal wireType 3");
  CHECK_EQ(told("\x07"), "! proto: illegal wireType 7");
  CHECK_EQ(told(std::string_view("\x00\x01", 2)), "! proto: illegal tag 0 (wire type 0)");
  CHECK_EQ(told("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), "! proto: integer overflow");
  CHECK_EQ(told("\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"), "2:! unexpected EOF");
  Reader in("\x08\x01");
  REQUIRE(in.next());
  CHECK_EQ(in.bytes().error().message(), "proto: wrong wireType = 0 for field 1");
}

}  // namespace podo::protobuf
