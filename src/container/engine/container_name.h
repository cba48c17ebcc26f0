// Names of containers: what is a name, and made-up ones ("quiet_heron"). Pure but for the dice.
#pragma once

#include <string>
#include <string_view>

#include "base/core/error.h"
#include "base/core/random.h"

namespace podo::engine {

// name := ["/"] [a-zA-Z0-9] [a-zA-Z0-9_.-]+ ; gives it without the slash. Invalid otherwise.
Result<std::string> check_name(std::string_view name);

// adjective_noun, and from the tenth attempt on with a digit: the caller asks until one is free.
std::string make_name(Random& random, unsigned attempt);

std::string make_id(Random& random);  // 64 hex digits; never digits alone in the first 12
inline std::string_view short_id(std::string_view id) { return id.substr(0, 12); }

}  // namespace podo::engine
