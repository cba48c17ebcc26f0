// What this room's tests share.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "base/format/json_tree.h"

namespace podo::pod {

inline json::Tree parsed(std::string_view text) {
  auto tree = json::Tree::parse(std::string(text));
  REQUIRE_MESSAGE(tree.has_value(), text);
  return std::move(*tree);
}

inline std::string value_of(const Result<std::string>& result) {
  return result ? *result : "error: " + result.error().message();
}

}  // namespace podo::pod
