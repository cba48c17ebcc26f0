#include "container/builder/step_key.h"

#include <doctest/doctest.h>

namespace podo::builder {

TEST_CASE("the text of a key is what its grammar says") {
  CHECK(StepKey("run").add("command", std::vector<std::string>{"a", "b\n"}).text() ==
        "podo build step 1\nkind 3:run\ncommand 1:2\ncommand 1:a\ncommand 2:b\n\n");
}

TEST_CASE("no value looks like two, and no list like another") {
  const auto key = [](std::vector<std::string> words) { return StepKey("run").add("w", words).digest(); };
  CHECK(key({"a b"}) != key({"a", "b"}));
  CHECK(key({"a", ""}) != key({"a"}));
  CHECK(key({"a\nw 1:b"}) != key({"a", "b"}));
  CHECK(key({"a"}) == key({"a"}));
  CHECK(key({}).size() == 64);
}

}  // namespace podo::builder
