#include "base/http/range.h"

#include <algorithm>

#include "base/core/number.h"

namespace podo::http {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string RangeChoice::content_range(std::uint64_t size) const {
  if (kind == Kind::unsatisfiable) return text("bytes */{}", size);
  return text("bytes {}-{}/{}", offset, offset + count - 1, size);
}

// ranges-specifier := "bytes=" ( first "-" [ last ] | "-" suffix )          of one range
RangeChoice choose_range(const Headers& headers, std::uint64_t size, std::string_view etag) {
  const RangeChoice whole{RangeChoice::Kind::whole, 0, size};
  const RangeChoice none{RangeChoice::Kind::unsatisfiable, 0, 0};
  std::string_view range = trimmed(headers.get("Range"));
  constexpr std::string_view unit = "bytes=";
  if (range.size() < unit.size() || !same_name(range.substr(0, unit.size()), unit)) return whole;
  if (const auto condition = headers.find("If-Range"); condition && trimmed(*condition) != etag) return whole;
  range = trimmed(range.substr(unit.size()));
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos || range.contains(',')) return whole;
  const std::string_view before = trimmed(range.substr(0, dash)), behind = trimmed(range.substr(dash + 1));
  if (before.empty()) {
    const auto suffix = whole_number<std::uint64_t>(behind);
    if (!suffix) return whole;
    const std::uint64_t count = std::min(*suffix, size);
    return count == 0 ? none : RangeChoice{RangeChoice::Kind::part, size - count, count};
  }
  const auto first = whole_number<std::uint64_t>(before),
             last = behind.empty() ? std::optional(UINT64_MAX) : whole_number<std::uint64_t>(behind);
  if (!first || !last || *last < *first) return whole;
  if (*first >= size) return none;
  return {RangeChoice::Kind::part, *first, std::min(*last, size - 1) - *first + 1};
}

bool has_already(const Headers& headers, std::string_view etag) {
  for (const auto& field : headers) {
    if (!same_name(field.name, "If-None-Match")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      std::string_view tag = trimmed(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (tag.starts_with("W/")) tag.remove_prefix(2);
      if (tag == "*" || tag == etag) return true;
    }
  }
  return false;
}

}  // namespace podo::http
