#include "container/copy/mode.h"

#include <doctest/doctest.h>

#include <string>

namespace podo::builder {
namespace {

std::string changed(std::string_view spec, mode_t mode, bool is_folder = false) {
  const auto change = ModeChange::parse(spec);
  return change ? text("{:o}", change->apply(mode, is_folder)) : change.error().message();
}

}  // namespace

TEST_CASE("octal modes replace, nothing keeps") {
  CHECK(changed("755", 0644) == "755");
  CHECK(changed("0644", 0777, true) == "644");
  CHECK(changed("4755", 0644) == "4755");
  CHECK(changed("0", 0644) == "0");
  CHECK(changed("", 02640) == "2640");
}

TEST_CASE("symbolic modes change what they name") {
  CHECK(changed("u+x", 0644) == "744");
  CHECK(changed("+x", 0644) == "755");
  CHECK(changed("a-w", 0666) == "444");
  CHECK(changed("go=", 0777) == "700");
  CHECK(changed("u=rwX,go=rX", 0600) == "644");
  CHECK(changed("u=rwX,go=rX", 0700) == "755");
  CHECK(changed("u=rwX,go=rX", 0600, true) == "755");
  CHECK(changed("g=u", 0750) == "770");
  CHECK(changed("o=g-w", 0770) == "775");
  CHECK(changed("u+s,g+s", 0755) == "6755");
  CHECK(changed("+t", 0755, true) == "1755");
  CHECK(changed("u=rx", 04755) == "555");
  CHECK(changed("u=rwx", 02755, true) == "2755");
  CHECK(changed("ug+w,o-r", 0444) == "660");
}

TEST_CASE("what is no mode is refused") {
  for (const char* wrong : {"8", "77777", "0x1", "u", "u+q", "u+x,", "z+x", ",", "u+x g+x", "-1", "75a"})
    CHECK(changed(wrong, 0644).starts_with("invalid chmod parameter: '"));
  CHECK(changed("999", 0) ==
        "invalid chmod parameter: '999'. it should be octal string and between 0 and 07777");
}

}  // namespace podo::builder
