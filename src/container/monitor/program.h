// The monitor's program: a whole static file, to be put where it can be executed.
#pragma once

#include <cstddef>
#include <span>

namespace podo::monitor {

std::span<const std::byte> program();

}  // namespace podo::monitor
