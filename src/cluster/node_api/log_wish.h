// What is asked of /containerLogs: the query of PodLogOptions. Pure.
//
//   follow, previous, timestamps   a value that is neither "false" nor "0"
//   tailLines, limitBytes, sinceSeconds   decimal
//   sinceTime                      RFC 3339
//   stream                         All, Stdout, Stderr
#pragma once

#include <optional>

#include "base/http/message.h"
#include "container/streams/logs.h"

namespace podo::node_api {

struct LogWish {
  bool previous = false;
  engine::LogOptions options = {};
  std::optional<std::uint64_t> bytes_max = {};
};
Result<LogWish> parse_log_wish(const http::Query& query, Wall now);

// How much of a log is passed on.
class LogLimit {
 public:
  explicit LogLimit(std::optional<std::uint64_t> bytes_max) : left_(bytes_max) {}
  std::string_view take(std::string_view bytes);
  bool reached() const { return left_ == 0; }

 private:
  std::optional<std::uint64_t> left_;
};

}  // namespace podo::node_api
