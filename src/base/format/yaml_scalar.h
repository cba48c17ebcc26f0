// What a YAML scalar means. Private to base/format.
#pragma once

#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::yaml {

struct Scalar {
  enum class Kind : unsigned char { null, boolean, number, string };
  Kind kind = Kind::string;
  std::string text;  // of a string its characters, of the others their JSON text
};

// `tag` as written by the parser ("" when there is none); `plain`: without quotes, so it may be
// something else than a string.
Result<Scalar> resolve_scalar(std::string_view text, std::string_view tag, bool plain);

}  // namespace podo::yaml
