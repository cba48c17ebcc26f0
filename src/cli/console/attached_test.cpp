#include "cli/console/attached.h"

#include <doctest/doctest.h>

#include "cli/console/terminal.h"

namespace podo::cli {

TEST_CASE("frames are taken apart in whatever pieces they come") {
  constexpr char raw[] = "\1\0\0\0\0\0\0\5hello\2\0\0\0\0\0\0\3err\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\1!";
  std::string bytes(raw, sizeof raw - 1);
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    FrameReader frames;
    std::string output, errors;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      frames.feed(std::string_view(bytes).substr(at, size));
      for (FrameReader::Piece piece{}; frames.next(piece);)
        (piece.stream == 2 ? errors : output) += piece.bytes;
    }
    CHECK_EQ(output, "hello!");
    CHECK_EQ(errors, "err");
  }
}

TEST_CASE("detach keys are found although they are typed apart, and passed on when they are not") {
  DetachKeys keys(parse_detach_keys("ctrl-p,ctrl-q").value());
  CHECK_EQ(keys.pass("ls\x10"), "ls");
  CHECK_EQ(keys.pass("x"), "\x10x");
  CHECK_EQ(keys.pass("\x10\x10"), "\x10");
  CHECK_FALSE(keys.found());
  CHECK_EQ(keys.pass("\x11rest"), "");
  CHECK(keys.found());
  CHECK_EQ(parse_detach_keys("a,ctrl-[,ctrl-@b").error().kind(), ErrorKind::invalid);
  CHECK_EQ(parse_detach_keys("a,ctrl-[").value(), "a\x1b");
}

}  // namespace podo::cli
