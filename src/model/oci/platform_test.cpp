#include <doctest/doctest.h>

#include "model/oci/image.h"

namespace podo::oci {
namespace {

Platform platform(std::string_view text) {
  auto parsed = Platform::parse(text);
  REQUIRE(parsed.has_value());
  return *parsed;
}

}  // namespace

TEST_CASE("platforms have one spelling") {
  CHECK(platform("linux/amd64").to_text() == "linux/amd64");
  CHECK(platform("Linux/x86_64").to_text() == "linux/amd64");
  CHECK(platform("linux/aarch64").to_text() == "linux/arm64");
  CHECK(platform("linux/arm64/v8").to_text() == "linux/arm64");
  CHECK(platform("linux/arm").to_text() == "linux/arm/v7");
  CHECK(platform("linux/arm/6").to_text() == "linux/arm/v6");
  CHECK(platform("linux/armhf").to_text() == "linux/arm/v7");
  CHECK(platform("arm64").to_text() == "linux/arm64");
  CHECK(platform("linux").architecture == Platform::own().architecture);
  CHECK(platform("macos/arm64").os == "darwin");
}

TEST_CASE("what is no platform is refused") {
  for (const auto* wrong :
       {"", "/", "linux/", "linux//v8", "a/b/c/d", "linux/am d64", "plan9000", "linux/é"}) {
    CAPTURE(wrong);
    CHECK(!Platform::parse(wrong));
  }
}

TEST_CASE("the nearest platform that runs here suits best") {
  const Platform amd64 = platform("linux/amd64"), arm7 = platform("linux/arm/v7"), arm64 = platform("arm64");
  CHECK(amd64.suits(amd64) > 0);
  CHECK(amd64.suits(platform("linux/amd64/v3")) == 0);
  CHECK(platform("linux/amd64/v3").suits(amd64) > 0);
  CHECK(amd64.suits(arm64) == 0);
  CHECK(amd64.suits(platform("windows/amd64")) == 0);
  CHECK(amd64.suits({.os = "unknown", .architecture = "unknown"}) == 0);
  CHECK(arm64.suits({.os = "linux", .architecture = "arm64", .variant = "v8"}) == 100);
  CHECK(arm7.suits(arm7) > arm7.suits(platform("linux/arm/v6")));
  CHECK(arm7.suits(platform("linux/arm/v6")) > arm7.suits(platform("linux/arm/v5")));
  CHECK(arm7.suits(platform("linux/arm/v8")) == 0);
  CHECK(Platform::own().os == "linux");
}

}  // namespace podo::oci
