#include "base/format/json_writer.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "base/core/ensure.h"
#include "base/format/json_scan.h"
#include "base/format/utf8.h"

namespace podo::json {
namespace {

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  constexpr char hex[] = "0123456789abcdef";
  const char escape[] = {'\\', 'u', '0', '0', hex[(c >> 4) & 15], hex[c & 15]};
  out.append(escape, sizeof escape);
}

// Most strings need no escape; they grow the text once.
void append_plain(std::string& out, std::string_view value) {
  const std::size_t start = out.size();
  out.resize_and_overwrite(start + value.size() + 2, [&](char* bytes, std::size_t size) {
    bytes[start] = '"';
    value.copy(bytes + start + 1, value.size());
    bytes[size - 1] = '"';
    return size;
  });
}

// One character that cannot stand as it is, or needs a look; where it ends.
const char* append_special(std::string& out, const char* at, const char* end) {
  if (static_cast<unsigned char>(*at) < 0x80) {
    append_escape(out, *at);
    return at + 1;
  }
  const std::size_t length = utf8::sequence_length(at, end);
  out += length == 0 ? utf8::replacement : std::string_view(at, length);
  return at + (length == 0 ? 1 : length);
}

template <class Number>
void append_number(std::string& out, Number value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, static_cast<std::size_t>(end.ptr - digits));
}

}  // namespace

void append_quoted(std::string& out, std::string_view value) {
  const char* at = value.data();
  const char* end = at + value.size();
  const char* special = skip_plain(at, end);
  if (special == end) return append_plain(out, value);
  out.push_back('"');
  for (;;) {
    out.append(at, static_cast<std::size_t>(special - at));
    if (special == end) break;
    at = append_special(out, special, end);
    special = skip_plain(at, end);
  }
  out.push_back('"');
}

void append_quoted_html(std::string& out, std::string_view value) {
  const auto is_plain_html = [](char c) { return is_plain(c) && c != '<' && c != '>' && c != '&'; };
  const char* const end = value.data() + value.size();
  const char* special = value.data();
  while (special != end && is_plain_html(*special)) ++special;
  if (special == end) return append_plain(out, value);
  out.push_back('"');
  const char* at = value.data();
  for (;;) {
    out.append(at, static_cast<std::size_t>(special - at));
    if (special == end) break;
    const std::size_t length = utf8::sequence_length(special, end);
    const std::string_view character(special, length);
    if (length == 0) out += "\\ufffd";
    else if (character == "\xE2\x80\xA8") out += "\\u2028";
    else if (character == "\xE2\x80\xA9") out += "\\u2029";
    else if (length == 1) append_escape(out, *special);
    else out += character;
    at = special + (length == 0 ? 1 : length);
    special = at;
    while (special != end && is_plain_html(*special)) ++special;
  }
  out.push_back('"');
}

void Writer::new_line() {
  if (layout_ == Layout::compact) return;
  out_.push_back('\n');
  out_.append(2 * levels_.size(), ' ');
}

void Writer::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (levels_.empty()) {
    ENSURE(out_.empty());  // one value a text
    return;
  }
  Level& level = levels_.back();
  ENSURE(!level.object);
  if (!level.empty) out_.push_back(',');
  level.empty = false;
  new_line();
}

void Writer::open(bool object) {
  before_value();
  out_.push_back(object ? '{' : '[');
  levels_.push_back({object, true});
}

Writer& Writer::object() {
  open(true);
  return *this;
}

Writer& Writer::array() {
  open(false);
  return *this;
}

Writer& Writer::end() {
  ENSURE(!levels_.empty() && !after_key_);
  const Level level = levels_.back();
  levels_.pop_back();
  if (!level.empty) new_line();
  out_.push_back(level.object ? '}' : ']');
  return *this;
}

Writer& Writer::key(std::string_view key) {
  ENSURE(!levels_.empty() && levels_.back().object && !after_key_);
  if (!levels_.back().empty) out_.push_back(',');
  levels_.back().empty = false;
  new_line();
  append_quoted(out_, key);
  out_ += layout_ == Layout::compact ? ":" : ": ";
  after_key_ = true;
  return *this;
}

Writer& Writer::string(std::string_view value) {
  before_value();
  append_quoted(out_, value);
  return *this;
}

Writer& Writer::number(std::int64_t value) {
  before_value();
  append_number(out_, value);
  return *this;
}

Writer& Writer::number(std::uint64_t value) {
  before_value();
  append_number(out_, value);
  return *this;
}

Writer& Writer::number(double value) {
  if (!std::isfinite(value)) return null();
  before_value();
  append_number(out_, value);
  return *this;
}

Writer& Writer::boolean(bool value) { return raw(value ? "true" : "false"); }
Writer& Writer::null() { return raw("null"); }

Writer& Writer::raw(std::string_view json) {
  before_value();
  out_ += json;
  return *this;
}

void Writer::scalar(Value value) {
  switch (value.kind()) {
    case Kind::boolean: boolean(value.boolean()); break;
    case Kind::number: raw(value.number()); break;
    case Kind::string: string(value.string()); break;
    default: null();
  }
}

// A stack of its own: how deep a document may be is its parser's choice.
Writer& Writer::value(Value value) {
  struct Position {
    Value container;
    std::size_t next;
  };
  std::vector<Position> positions;
  const auto begin = [&](Value v) {
    if (v.kind() < Kind::array) return scalar(v);
    open(v.is(Kind::object));
    positions.push_back({v, 0});
  };
  begin(value);
  while (!positions.empty()) {
    auto& [container, next] = positions.back();
    if (next == container.size()) {
      end();
      positions.pop_back();
      continue;
    }
    if (container.is(Kind::object)) key(container.key(next));
    begin(container.at(next++));
  }
  return *this;
}

std::string Writer::take() {
  ENSURE(levels_.empty() && !after_key_);
  return std::exchange(out_, {});
}

}  // namespace podo::json
