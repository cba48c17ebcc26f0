// Which Podo this is.
#pragma once

#include <string_view>

namespace podo {

std::string_view version();                         // "0.1.0"
std::string_view commit();                          // of the sources, "unknown" when the build did not say
constexpr std::string_view spec_version = "1.3.0";  // the OCI runtime-spec this program follows

}  // namespace podo
