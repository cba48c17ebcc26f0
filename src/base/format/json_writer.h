// JSON text, written from the front: no tree is built.
//
//   json::Writer out;
//   out.object().key("id").string(id).key("pid").number(pid).key("args").array().string("sh").end().end();
//   out.take() -> {"id":"x","pid":7,"args":["sh"]}
//
// Commas, escapes and (when asked) indentation are the writer's business. Nesting mistakes ENSURE.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/format/json_document.h"

namespace podo::json {

enum class Layout : std::uint8_t { compact, indented };  // indented: two spaces, as `jq .` prints

class Writer {
 public:
  explicit Writer(Layout layout = Layout::compact) : layout_(layout) {}

  Writer& object();
  Writer& array();
  Writer& end();                              // of the innermost object or array
  Writer& key(std::string_view key);
  Writer& string(std::string_view value);     // invalid UTF-8 becomes U+FFFD
  Writer& number(std::int64_t value);
  Writer& number(std::uint64_t value);
  Writer& number(int value) { return number(static_cast<std::int64_t>(value)); }
  Writer& number(unsigned value) { return number(static_cast<std::uint64_t>(value)); }
  // Shortest form that reads back the same; infinity and NaN: null.
  Writer& number(double value);
  Writer& boolean(bool value);
  Writer& null();
  Writer& value(Value value);                 // a parsed value, numbers as they were written
  Writer& raw(std::string_view json);         // already JSON text; its layout stays

  const std::string& text() const { return out_; }
  std::string take();                         // everything must be ended; the writer is as new

 private:
  struct Level { bool object; bool empty; };
  void before_value();
  void new_line();
  void open(bool object);
  void scalar(Value value);

  std::string out_;
  std::vector<Level> levels_;
  Layout layout_;
  bool after_key_ = false;
};

void append_quoted(std::string& out, std::string_view value);  // with its quotes
// As Go's encoding/json does: <, > and & are escaped too, and the two line separators of Unicode.
void append_quoted_html(std::string& out, std::string_view value);

}  // namespace podo::json
