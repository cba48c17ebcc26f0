// Compact JSON in the layout that people like: two blanks a level, as Go's json.Indent. Pure.
#pragma once

#include <string>
#include <string_view>

namespace podo::apiserver {

// For a text that comes in pieces, cut anywhere.
class Indenter {
 public:
  void append(std::string& out, std::string_view compact);

 private:
  void new_line(std::string& out);
  std::size_t depth_ = 0;
  bool in_string_ = false, escaped_ = false, opened_ = false;
};

}  // namespace podo::apiserver
