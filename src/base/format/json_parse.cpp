// text := space value space ; value := object | array | string | number | "true" | "false" | "null"   (RFC 8259)
#include <algorithm>

#include "base/format/json_parser.h"
#include "base/format/json_scan.h"
#include "base/format/utf8.h"

namespace podo::json {

Result<Document> parse(std::string bytes, const Limits& limits) {
  const std::size_t most = std::min(limits.bytes_max, text_bytes_max);
  if (bytes.size() > most) return invalid("{} bytes of JSON are more than the {} allowed", bytes.size(), most);
  return Parser(std::move(bytes), limits).parse();
}

Parser::Parser(std::string bytes, const Limits& limits) : arena_(std::make_unique<Arena>()), limits_(limits) {
  arena_->text = std::move(bytes);
  begin_ = at_ = arena_->text.data();
  end_ = begin_ + arena_->text.size();
  arena_->nodes.reserve(arena_->text.size() / 8 + 1);  // two nodes a member, and members under 16 bytes are rare
  pending_.reserve(64);
}

Result<Document> Parser::parse() {
  if (!text()) return fail(ErrorKind::invalid, std::move(problem_));
  arena_->nodes.push_back(pending_.front());
  if (arena_->nodes.capacity() - arena_->nodes.size() > arena_->nodes.size() / 8) arena_->nodes.shrink_to_fit();
  return Document(std::move(arena_));
}

bool Parser::text() {
  at_ = skip_space(at_, end_);
  do {
    if (!value()) return false;
    if (!opened_ && !go_on()) return false;
  } while (!open_.empty());
  if (at_ != end_) return expected("the end of the text");
  return true;
}

bool Parser::value() {
  opened_ = false;
  switch (*at_) {
    case '"': return string();
    case '{': return open(true);
    case '[': return open(false);
    case 't': return word("true", Kind::boolean, 1);
    case 'f': return word("false", Kind::boolean, 0);
    case 'n': return word("null", Kind::null, 0);
    default: return number();
  }
}

bool Parser::open(bool object) {
  if (open_.size() >= limits_.depth_max) {
    return wrong(at_, podo::text("arrays and objects lie more than {} deep", limits_.depth_max));
  }
  open_.push_back({pending_.size(), object});
  at_ = skip_space(at_ + 1, end_);
  if (*at_ == (object ? '}' : ']')) {
    ++at_;
    return close();
  }
  opened_ = true;
  if (!object) return true;
  if (*at_ != '"') return expected("a key in quotes, or '}'");
  return key();
}

bool Parser::key() {
  if (*at_ != '"') return expected("a key in quotes");
  if (!string()) return false;
  at_ = skip_space(at_, end_);
  if (*at_ != ':') return expected("':'");
  at_ = skip_space(at_ + 1, end_);
  return true;
}

bool Parser::go_on() {
  for (;;) {
    at_ = skip_space(at_, end_);
    if (open_.empty()) return true;
    const bool object = open_.back().object;
    if (*at_ == ',') {
      at_ = skip_space(at_ + 1, end_);
      return object ? key() : true;
    }
    if (*at_ != (object ? '}' : ']')) return expected(object ? "',' or '}'" : "',' or ']'");
    ++at_;
    if (!close()) return false;
  }
}

// The children move from pending_ to the arena, and the container takes their place in pending_.
bool Parser::close() {
  const Open closed = open_.back();
  open_.pop_back();
  std::vector<Node>& nodes = arena_->nodes;
  const Node* children = pending_.data() + closed.first;
  const std::size_t length = pending_.size() - closed.first;
  const std::size_t size = closed.object ? length / 2 : length;
  if (closed.object && size > 1 && !keys_differ(children, size)) return false;

  const auto place = static_cast<std::uint32_t>(nodes.size());
  nodes.insert(nodes.end(), children, children + length);
  pending_.resize(closed.first);
  const Kind kind = closed.object ? Kind::object : Kind::array;
  return add({place, static_cast<std::uint32_t>(size), 0, static_cast<std::uint32_t>(kind)});
}

bool Parser::word(std::string_view word, Kind kind, std::uint32_t truth) {
  if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, word.size()) != word) {
    return expected("a value");
  }
  at_ += word.size();
  return add({0, truth, 0, static_cast<std::uint32_t>(kind)});
}

// number := "-"? ( "0" | [1-9] digit* ) ( "." digit+ )? ( [eE] [+-]? digit+ )?
bool Parser::number() {
  const char* start = at_;
  const bool negative = *at_ == '-';
  if (negative) ++at_;
  if (*at_ == '0') {
    ++at_;
    if (*at_ >= '0' && *at_ <= '9') return expected("no digit after a leading zero");
  } else if (*at_ < '1' || *at_ > '9') {
    return expected(negative ? "a digit" : "a value");
  } else {
    digits();
  }
  if (*at_ == '.') {
    ++at_;
    if (!digits()) return false;
  }
  if (*at_ == 'e' || *at_ == 'E') {
    ++at_;
    if (*at_ == '+' || *at_ == '-') ++at_;
    if (!digits()) return false;
  }
  return push(Kind::number, start, at_);
}

bool Parser::digits() {
  if (*at_ < '0' || *at_ > '9') return expected("a digit");
  while (*at_ >= '0' && *at_ <= '9') ++at_;
  return true;
}

bool Parser::push(Kind kind, const char* start, const char* end) {
  return add({place_of(start), static_cast<std::uint32_t>(end - start), 0, static_cast<std::uint32_t>(kind)});
}

bool Parser::add(Node node) {
  if (++values_ > limits_.values_max) {
    return wrong(at_, podo::text("more than {} values", limits_.values_max));
  }
  pending_.push_back(node);
  return true;
}

bool Parser::keys_differ(const Node* members, std::size_t count) {
  if (count > linear_max) return big_keys_differ(members, count);
  for (std::size_t later = 1; later < count; ++later) {
    const Node key = members[2 * later];
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      const Node& other = members[2 * earlier];
      if (other.size == key.size && arena_->string(other) == arena_->string(key)) return repeated(key);
    }
  }
  return true;
}

// By sorting, so that no choice of keys makes it quadratic; the order stays, for Value::find.
bool Parser::big_keys_differ(const Node* members, std::size_t count) {
  std::vector<std::uint32_t>& order = arena_->order;
  const std::size_t first = order.size();
  for (std::uint32_t i = 0; i < count; ++i) order.push_back(i);
  const auto key_of = [&](std::uint32_t index) { return arena_->string(members[2 * index]); };
  std::sort(order.begin() + static_cast<std::ptrdiff_t>(first), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return key_before(key_of(a), key_of(b)); });
  for (std::size_t i = first + 1; i < order.size(); ++i) {
    if (key_of(order[i - 1]) == key_of(order[i])) return repeated(members[2 * std::max(order[i - 1], order[i])]);
  }
  arena_->nodes.push_back({static_cast<std::uint32_t>(first), 0, 0, static_cast<std::uint32_t>(Kind::null)});
  return true;
}

}  // namespace podo::json
