#include "model/schema/quantity.h"

#include <doctest/doctest.h>

namespace podo::schema {
namespace {

std::string canonical(std::string_view text) {
  const auto quantity = Quantity::parse(text);
  return quantity ? quantity->text() : quantity.error().message();
}

Quantity of(std::string_view text) { return Quantity::parse(text).value(); }

}  // namespace

TEST_CASE("quantities have the spelling of Kubernetes") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"0", "0"},
      {"0.0", "0"},
      {"00", "0"},
      {"-0", "0"},
      {".", "0"},
      {"Ki", "0"},
      {"0Ki", "0"},
      {"1", "1"},
      {"100m", "100m"},
      {"0.5", "500m"},
      {"1000m", "1"},
      {"1500m", "1500m"},
      {"1000", "1k"},
      {"1024", "1024"},
      {"1.5Gi", "1536Mi"},
      {"0.5Gi", "512Mi"},
      {"1024Ki", "1Mi"},
      {"1000Ki", "1000Ki"},
      {"0.5Ki", "512"},
      {"0.1Gi", "107374182400m"},
      {"1Ki", "1Ki"},
      {"64Mi", "64Mi"},
      {"8Mi", "8Mi"},
      {"1025Ki", "1025Ki"},
      {"2048Mi", "2Gi"},
      {"1e3", "1e3"},
      {"12e6", "12e6"},
      {"1000000e0", "1e6"},
      {"1e-3", "1e-3"},
      {"100E", "100E"},
      {"1000E", "1e21"},
      {"1n", "1n"},
      {"0.1n", "1n"},
      {"-0.1n", "-1n"},
      {"1.0000000001", "1000000001n"},
      {"-500m", "-500m"},
      {"-1.5", "-1500m"},
      {"1e100", "10e27"},
      {"9223372036854775808Ki", "9223372036854775807"},
      {"16Ei", "9223372036854775807"},
      {"7Ei", "7Ei"},
      {"1E", "1E"},
      {"0.001", "1m"},
      {".5", "500m"},
      {"123456789012345678901", "123456789012345678901"},
      // Nearly canonical, and kept.
      {"1.500", "1.500"},
      {"+5", "+5"},
      {"3.", "3."},
      {"05", "05"},
      {"12.345k", "12.345k"},
      {"1.5", "1500m"},
  };
  for (const auto& [text, expected] : cases) {
    CAPTURE(text);
    CHECK_EQ(canonical(text), expected);
  }
}

TEST_CASE("what is no quantity is told in the words of Kubernetes") {
  const std::string shape =
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  for (const std::string_view text : {"", "abc", "1Q", "1 Gi", "1Gi ", "1..2", "1e5x", "{}", "true", "1KI"}) {
    CAPTURE(text);
    CHECK_EQ(canonical(text), shape);
  }
  for (const std::string_view text : {"1KM", "1mi", "--1", "1e", "1i", "5K", "1mm", "1Gi5"}) {
    CAPTURE(text);
    CHECK_EQ(canonical(text), "unable to parse quantity's suffix");
  }
}

TEST_CASE("canonical text reads back as the same amount, and is canonical") {
  for (const std::string_view text :
       {"1.5Gi", "0.1Gi", "1000E", "123456789n", "-7500m", "16Ei", "1e100", "3e-7"}) {
    const std::string once = canonical(text);
    CAPTURE(once);
    CHECK(of(once) == of(text));
    CHECK_EQ(canonical(once), once);
  }
}

TEST_CASE("quantities are compared, added and rounded exactly") {
  CHECK(of("1Gi") > of("1G"));
  CHECK(of("1000m") == of("1"));
  CHECK(of("-1") < of("0"));
  CHECK_EQ((of("100m") + of("900m")).text(), "1");
  CHECK_EQ((of("0") + of("1Gi")).text(), "1Gi");
  CHECK_EQ((of("1Gi") + of("512Mi")).text(), "1536Mi");
  CHECK_EQ((of("1Gi") - of("1Gi")).text(), "0");
  CHECK_EQ(of("1.1").rounded_up(), 2);
  CHECK_EQ(of("-1.1").rounded_up(), -2);
  CHECK_EQ(of("250m").milli(), 250);
  CHECK_EQ(of("250001u").milli(), 251);
  CHECK_EQ(of("1e29").rounded_up(), INT64_MAX);
  CHECK_EQ(of("1n").rounded_up_to_milli().text(), "1m");
  CHECK_EQ(of("-1500001n").rounded_up_to_milli().text(), "-2m");
  CHECK_EQ(of("1.500").rounded_up_to_milli().text(), "1.500");
  CHECK_EQ(Quantity::of(2048, Quantity::Family::binary).text(), "2Ki");
}

}  // namespace podo::schema
