#include "cluster/node_api/log_wish.h"

#include <algorithm>

#include "base/core/number.h"
#include "base/core/timestamp.h"

namespace podo::node_api {
namespace {

bool is_set(const http::Query& query, std::string_view name) {
  const auto value = query.find(name);
  return value && *value != "0" && !http::same_name(*value, "false");
}

Result<std::optional<std::uint64_t>> number(const http::Query& query, std::string_view name) {
  const auto value = query.find(name);
  if (!value || value->empty()) return std::nullopt;
  const auto parsed = whole_number<std::uint64_t>(*value);
  if (!parsed || *parsed > INT64_MAX) return invalid("{}: \"{}\" is no number", name, *value);
  return parsed;
}

}  // namespace

Result<LogWish> parse_log_wish(const http::Query& query, Wall now) {
  LogWish wish;
  wish.previous = is_set(query, "previous");
  wish.options.follow = is_set(query, "follow");
  wish.options.timestamps = is_set(query, "timestamps");
  wish.options.tail = TRY(number(query, "tailLines"));
  wish.bytes_max = TRY(number(query, "limitBytes"));
  constexpr std::uint64_t longest_s = 100ULL * 366 * 24 * 3600;
  if (const auto seconds_ago = TRY(number(query, "sinceSeconds")))
    wish.options.since =
        Wall{now.ns - static_cast<std::int64_t>(std::min(*seconds_ago, longest_s)) * 1'000'000'000};
  if (const std::string_view since = query.get("sinceTime"); !since.empty())
    wish.options.since = TRY_IN("sinceTime", parse_rfc3339(since));
  if (const std::string_view stream = query.get("stream"); stream == "Stdout") wish.options.err = false;
  else if (stream == "Stderr") wish.options.out = false;
  else if (!stream.empty() && stream != "All") return invalid("stream: \"{}\"", stream);
  return wish;
}

std::string_view LogLimit::take(std::string_view bytes) {
  if (!left_) return bytes;
  bytes = bytes.substr(0, *left_);
  *left_ -= bytes.size();
  return bytes;
}

}  // namespace podo::node_api
