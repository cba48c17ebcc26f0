// The text of a Dockerfile as logical lines; part of the parser.
//
//   logical line := physical+        every one but the last ends with the escape character
//   comments and empty lines between them do not count; blanks in front of the first do not either
//
// A logical line knows from where each part of it came, so that errors can point there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/dockerfile/dockerfile.h"

namespace podo::dockerfile {

struct LogicalLine {
  struct Part {
    std::size_t offset;  // in text
    int line, column;
  };
  std::string text;
  std::vector<Part> parts;
  int last_line = 0;
  bool empty_continuation = false;    // an empty line stood inside
  std::vector<std::string> comments;  // directly above, without "#"
  Place place(std::size_t offset) const;
};

class Source {
 public:
  explicit Source(std::string_view text);
  const std::vector<std::string_view>& lines() const { return lines_; }  // with their ends
  // Physical lines, for directives: the next one, and "go on".
  std::optional<std::string_view> peek() const;
  void skip() { ++next_; }
  // Comments and empty lines are passed over; absent: the end.
  std::optional<LogicalLine> next(char escape);
  // Whether a line ahead is `name`, behind tabs if they are `stripped`.
  bool has_end_of(std::string_view name, bool stripped);
  // The lines up to that one. Invalid: there is none.
  Result<std::string> heredoc(std::string_view name, bool stripped);
  int line() const { return static_cast<int>(next_); }  // how many were read

 private:
  void add_part(LogicalLine& line, std::string_view text, std::size_t column) const;
  std::vector<std::string_view> lines_;
  std::size_t next_ = 0;
  // The last line of each text, as it is and without its tabs; made when somebody asks.
  std::unordered_map<std::string_view, std::size_t> last_, last_stripped_;
};

}  // namespace podo::dockerfile
