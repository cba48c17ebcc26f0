#include "base/format/base64.h"

#include <doctest/doctest.h>

#include <utility>

using namespace podo;

TEST_CASE("the examples of RFC 4648 go both ways") {
  const std::pair<std::string_view, std::string_view> examples[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [bytes, text] : examples) {
    CHECK(base64::encode(bytes) == text);
    CHECK(base64::decode(text) == bytes);
  }
}

TEST_CASE("every byte at every place of a group survives") {
  for (int value = 0; value < 256; ++value) {
    for (std::size_t before = 0; before < 3; ++before) {
      const std::string bytes = std::string(before, '\xA5') + static_cast<char>(value);
      CHECK(base64::decode(base64::encode(bytes)) == bytes);
    }
  }
}

TEST_CASE("what encode() would not write is refused") {
  const char* const wrong[] = {"Z",    "Zg",      "Zg=",   "Zg===",    "Zg==Zg==", "====",        "=Zg=",
                               "Z===", "Zh==",    "Zm9=",  "Zm 9v===", " Zm9",     "Zm9v\n",      "Zm9-",
                               "Zm9_", "Zm9\xFF", "Zm9v=", "Z=g=",     "AAAA====", "Zg==\n\n\n\n"};
  for (const char* text : wrong) CHECK_MESSAGE(!base64::decode(text), text);
}

TEST_CASE("an error names the place and not the text") {
  const auto decoded = base64::decode("c2Vj*mV0");
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().kind() == ErrorKind::invalid);
  CHECK(decoded.error().message() == "character 5 is not of base64's alphabet");
}

TEST_CASE("the form for URLs has its own two letters and no padding") {
  const std::string bytes = "\xfb\xff\xfe\x01";
  CHECK_EQ(base64::encode_url(bytes), "-__-AQ");
  CHECK(base64::decode_url("-__-AQ") == bytes);
  for (const char* wrong : {"+__-AQ", "-_/-AQ", "-__-AQ==", "-__-A", "-__-AR"})
    CHECK_FALSE(base64::decode_url(wrong).has_value());
}
