#include "cluster/node_api/terminal_size.h"

#include <utility>

#include "base/format/json_field.h"

namespace podo::node_api {
namespace {

constexpr std::size_t object_max = 1024;
constexpr std::uint32_t side_max = 0xffff;

Result<TerminalSize> parse_size(std::string_view object) {
  const json::Document document = TRY(json::parse(std::string(object)));
  const json::Field root(document);
  const TerminalSize size{.width = TRY(root["Width"].uint32()), .height = TRY(root["Height"].uint32())};
  if (size.width > side_max || size.height > side_max) return invalid("a terminal of {} columns", size.width);
  return size;
}

}  // namespace

Result<> TerminalSizes::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('}'), bytes.size());  // the objects hold no others
    const bool whole = end < bytes.size();
    rest_ += bytes.substr(0, end + (whole ? 1 : 0));
    bytes.remove_prefix(end + (whole ? 1 : 0));
    if (rest_.size() > object_max) return invalid("a terminal's size in more than {} bytes", object_max);
    if (whole) newest_ = TRY(parse_size(std::exchange(rest_, {})));
  }
  return {};
}

std::optional<TerminalSize> TerminalSizes::take() { return std::exchange(newest_, std::nullopt); }

}  // namespace podo::node_api
