// Sizes of a terminal, as clients send them on the resize channel: JSON objects, one behind the other.
//
//   {"Width":80,"Height":24}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::node_api {

struct TerminalSize {
  std::uint32_t width = 0, height = 0;
  bool operator==(const TerminalSize&) const = default;
};

// Bytes in, sizes out. invalid when they are no such objects, or one is very long.
class TerminalSizes {
 public:
  Result<> feed(std::string_view bytes);
  std::optional<TerminalSize> take();  // the newest; those before it do not matter any more

 private:
  std::string rest_;
  std::optional<TerminalSize> newest_;
};

}  // namespace podo::node_api
