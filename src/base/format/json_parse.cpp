// RFC 8259:
//   text  := space value space
//   value := object | array | string | number | "true" | "false" | "null"
#include <algorithm>

#include "base/format/json_parser.h"
#include "base/format/json_scan.h"
#include "base/format/utf8.h"

namespace podo::json {

Result<Document> parse(std::string bytes, const Limits& limits) {
  return Parser(std::move(bytes), limits).parse();
}

Parser::Parser(std::string bytes, const Limits& limits) : arena_(std::make_unique<Arena>()), limits_(limits) {
  arena_->text = std::move(bytes);
  begin_ = arena_->text.data();
  end_ = begin_ + arena_->text.size();
  pending_.reserve(64);
}

Result<Document> Parser::parse() {
  std::unique_ptr<Arena> arena = TRY(parse_nodes(Repeated::refused)).arena;
  std::vector<Node>& nodes = arena->nodes;
  if (nodes.capacity() - nodes.size() > nodes.size() / 4) nodes.shrink_to_fit();
  return Document(std::move(arena));
}

Result<Parser::Nodes> Parser::parse_nodes(Repeated keys) {
  keys_ = keys;
  const std::size_t most = std::min(limits_.bytes_max, text_bytes_max);
  if (arena_->text.size() > most)
    return invalid("{} bytes of JSON are more than the {} allowed", arena_->text.size(), most);
  // Two nodes a member, and members under 18 bytes are rare.
  arena_->nodes.reserve(arena_->text.size() / 9 + 1);
  if (!text(begin_)) return fail(ErrorKind::invalid, std::move(problem_));
  arena_->nodes.push_back(pending_.front());
  return Nodes{std::move(arena_), values_, repeated_};
}

const char* Parser::text(const char* at) {
  at = skip_space(at, end_);
  do {
    at = value(at);
    if (at == nullptr) return nullptr;
    if (++values_ > limits_.values_max)
      return wrong(at, podo::text("more than {} values", limits_.values_max));
    if (!opened_) at = go_on(at);
    if (at == nullptr) return nullptr;
  } while (!open_.empty());
  return at == end_ ? at : expected(at, "the end of the text");
}

inline const char* Parser::value(const char* at) {
  opened_ = false;
  switch (*at) {
    case '"': return string(at);
    case '{': return open(at, true);
    case '[': return open(at, false);
    case 't': return word(at, "true", Kind::boolean, 1);
    case 'f': return word(at, "false", Kind::boolean, 0);
    case 'n': return word(at, "null", Kind::null, 0);
    default: return number(at);
  }
}

inline const char* Parser::open(const char* at, bool object) {
  if (open_.size() >= limits_.depth_max) {
    return wrong(at, podo::text("arrays and objects lie more than {} deep", limits_.depth_max));
  }
  open_.push_back({pending_.size(), object});
  at = skip_space(at + 1, end_);
  if (*at == (object ? '}' : ']')) return close() ? at + 1 : nullptr;
  opened_ = true;
  if (!object) return at;
  if (*at != '"') return expected(at, "a key in quotes, or '}'");
  return key(at);
}

inline const char* Parser::key(const char* at) {
  if (*at != '"') return expected(at, "a key in quotes");
  at = string(at);
  if (at == nullptr) return nullptr;
  at = skip_space(at, end_);
  if (*at != ':') return expected(at, "':'");
  return skip_space(at + 1, end_);
}

inline const char* Parser::string(const char* at) {
  const char* start = at + 1;
  at = skip_plain(start, end_);
  if (*at != '"') {
    at = part(at);
    if (at == nullptr) return nullptr;
    if (*at == '\\') return escaped_string(start, at);
  }
  add(place_of(start), static_cast<std::size_t>(at - start), Kind::string);
  return at + 1;
}

inline const char* Parser::go_on(const char* at) {
  for (;;) {
    at = skip_space(at, end_);
    if (open_.empty()) return at;
    const bool object = open_.back().object;
    if (*at == ',') {
      at = skip_space(at + 1, end_);
      return object ? key(at) : at;
    }
    if (*at != (object ? '}' : ']')) return expected(at, object ? "',' or '}'" : "',' or ']'");
    ++at;
    if (!close()) return nullptr;
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

  const std::size_t place = nodes.size();
  nodes.insert(nodes.end(), children, children + length);
  pending_.resize(closed.first);
  add(place, size, closed.object ? Kind::object : Kind::array);
  return true;
}

const char* Parser::word(const char* at, std::string_view word, Kind kind, std::uint32_t truth) {
  if (std::string_view(at, static_cast<std::size_t>(end_ - at)).substr(0, word.size()) != word) {
    return expected(at, "a value");
  }
  add(0, truth, kind);
  return at + word.size();
}

// number := "-"? ( "0" | [1-9] digit* ) ( "." digit+ )? ( [eE] [+-]? digit+ )?
const char* Parser::number(const char* at) {
  const char* start = at;
  const bool negative = *at == '-';
  if (negative) ++at;
  if (*at == '0') {
    ++at;
    if (*at >= '0' && *at <= '9') return expected(at, "no digit after a leading zero");
  } else if (*at < '1' || *at > '9') {
    return expected(at, negative ? "a digit" : "a value");
  } else {
    at = digits(at);
  }
  if (*at == '.') {
    at = digits(at + 1);
    if (at == nullptr) return nullptr;
  }
  if (*at == 'e' || *at == 'E') {
    ++at;
    if (*at == '+' || *at == '-') ++at;
    at = digits(at);
    if (at == nullptr) return nullptr;
  }
  add(place_of(start), static_cast<std::size_t>(at - start), Kind::number);
  return at;
}

const char* Parser::digits(const char* at) {
  if (*at < '0' || *at > '9') return expected(at, "a digit");
  while (*at >= '0' && *at <= '9') ++at;
  return at;
}

bool Parser::keys_differ(const Node* members, std::size_t count) {
  if (count > linear_max) return big_keys_differ(members, count);
  for (std::size_t later = 1; later < count; ++later) {
    const Node key = members[2 * later];
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      const Node& other = members[2 * earlier];
      if (other.size == key.size && arena_->string(other) == arena_->string(key)) { return repeated(key); }
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
    if (key_of(order[i - 1]) != key_of(order[i])) continue;
    if (!repeated(members[2 * std::max(order[i - 1], order[i])])) return false;
    break;
  }
  arena_->nodes.push_back({static_cast<std::uint32_t>(first), 0, 0, 0});
  return true;
}

}  // namespace podo::json
