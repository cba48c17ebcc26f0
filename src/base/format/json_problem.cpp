// What a wrong text is told: `line 3, column 14: found ',', expected a value`. Columns count characters.
#include <algorithm>
#include <cstring>

#include "base/format/json_parser.h"
#include "base/format/utf8.h"

namespace podo::json {

const char* Parser::expected(const char* at, std::string_view what) {
  return wrong(at, podo::text("found {}, expected {}", found(at), what));
}

const char* Parser::wrong(const char* at, std::string message) {
  const auto line = 1 + std::count(begin_, at, '\n');
  const char* line_start = at;
  while (line_start != begin_ && line_start[-1] != '\n') --line_start;
  const auto column = 1 + std::count_if(line_start, at, [](char c) { return (c & 0xC0) != 0x80; });
  problem_ = podo::text("line {}, column {}: {}", line, column, message);
  return nullptr;
}

bool Parser::repeated(const Node& key) {
  repeated_ = true;
  if (keys_ == Repeated::allowed) return true;
  std::uint32_t quote = key.place - 1;
  if (key.outside) std::memcpy(&quote, arena_->unescaped.data() + key.place - sizeof quote, sizeof quote);
  const std::string_view name = arena_->string(key);
  wrong(begin_ + quote, podo::text("the key \"{}\" stands twice in one object", name.substr(0, 60)));
  return false;
}

std::string Parser::found(const char* at) const {
  if (at == end_) return "the end of the text";
  const auto byte = static_cast<unsigned char>(*at);
  const std::size_t length = utf8::sequence_length(at, end_);
  if (byte < 0x20 || byte == 0x7F || length == 0) {
    return podo::text(
        byte < 0x10 ? Pattern<unsigned char>("byte 0x0{:x}") : Pattern<unsigned char>("byte 0x{:x}"), byte);
  }
  if (std::string_view(at, length) == "\xEF\xBB\xBF") return "a byte order mark";
  return podo::text("'{}'", std::string_view(at, length));
}

}  // namespace podo::json
