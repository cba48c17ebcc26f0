#include "model/dockerfile/path_pattern.h"

#include <algorithm>

#include "base/format/utf8.h"

namespace podo::dockerfile {
namespace {

constexpr std::uint32_t beyond_unicode = 0x110000;

// The code point at the beginning, which is taken off; a stray byte counts as what no text has.
std::uint32_t take_character(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t size = utf8::sequence_length(text.data(), text.data() + text.size());
  std::uint32_t c = size == 0 ? beyond_unicode + byte(0) : size == 1 ? byte(0) : byte(0) & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) c = c << 6 | (byte(i) & 0x3Fu);
  text.remove_prefix(std::max<std::size_t>(size, 1));
  return c;
}

Failure bad_pattern() { return invalid("syntax error in pattern"); }

}  // namespace

Result<PathPattern> PathPattern::compile(std::string_view pattern, DoubleStar double_star) {
  using enum Piece::Kind;
  PathPattern made;
  const auto add = [&](Piece::Kind kind) { made.pieces_.push_back({.kind = kind}); };
  while (!pattern.empty()) {
    if (double_star == DoubleStar::folders && pattern.starts_with("**")) {
      pattern.remove_prefix(pattern.starts_with("**/") ? 3 : 2);
      add(pattern.empty() ? everything : folders);
      if (!pattern.empty()) add(more_folders);
    } else if (pattern.starts_with('[')) {
      made.pieces_.push_back(TRY(compile_set(pattern)));
    } else if (pattern.starts_with('*') || pattern.starts_with('?')) {
      add(pattern.front() == '*' ? star : any);
      pattern.remove_prefix(1);
    } else {
      if (pattern.starts_with('\\')) pattern.remove_prefix(1);
      if (pattern.empty()) return bad_pattern();
      made.pieces_.push_back({.kind = character, .character = take_character(pattern)});
    }
  }
  made.find_literals();
  return made;
}

Result<PathPattern::Piece> PathPattern::compile_set(std::string_view& rest) {
  Piece piece{.kind = Piece::Kind::set};
  rest.remove_prefix(1);
  if (rest.starts_with('^')) {
    piece.negated = true;
    rest.remove_prefix(1);
  }
  // Something must follow an item, at least the bracket.
  const auto take_item = [&rest] -> Result<std::uint32_t> {
    if (rest.empty() || rest.front() == '-' || rest.front() == ']') return bad_pattern();
    if (rest.front() == '\\') rest.remove_prefix(1);
    if (rest.empty()) return bad_pattern();
    const std::uint32_t c = take_character(rest);
    if (rest.empty() || c >= beyond_unicode) return bad_pattern();
    return c;
  };
  do {
    Range range{TRY(take_item()), 0};
    range.last = range.first;
    if (rest.front() == '-') {
      rest.remove_prefix(1);
      range.last = TRY(take_item());
    }
    piece.ranges.push_back(range);
  } while (rest.front() != ']');
  rest.remove_prefix(1);
  return piece;
}

void PathPattern::find_literals() {
  const auto is_literal = [](const Piece& piece) {
    return piece.kind == Piece::Kind::character && piece.character < beyond_unicode;
  };
  while (head_pieces_ < pieces_.size() && is_literal(pieces_[head_pieces_]))
    utf8::append(head_, pieces_[head_pieces_++].character);
  std::size_t tail = pieces_.size();
  while (tail > head_pieces_ && is_literal(pieces_[tail - 1])) --tail;
  for (; tail < pieces_.size(); ++tail) utf8::append(tail_, pieces_[tail].character);
}

bool PathPattern::Piece::takes(std::uint32_t c) const {
  if (kind == Kind::character) return c == character;
  if (kind == Kind::any) return c != '/';
  const bool found =
      std::ranges::any_of(ranges, [c](const Range& range) { return range.first <= c && c <= range.last; });
  return found != negated;
}

// Pieces that may take nothing lead to what is behind them at once.
void PathPattern::reach(Places& places, std::size_t place) const {
  for (;;) {
    places[place] = 1;
    if (place == pieces_.size()) return;
    const Piece::Kind kind = pieces_[place].kind;
    if (kind == Piece::Kind::folders) place += 2;
    else if (kind == Piece::Kind::star || kind == Piece::Kind::everything) place += 1;
    else return;
  }
}

PathPattern::Places PathPattern::run(std::size_t from, std::string_view path) const {
  using enum Piece::Kind;
  Places places(pieces_.size() + 1), next(places.size());
  reach(places, from);
  while (!path.empty()) {
    const std::uint32_t c = take_character(path);
    bool alive = false;
    std::ranges::fill(next, 0);
    const auto go_to = [&](std::size_t place) {
      reach(next, place);
      alive = true;
    };
    for (std::size_t i = from; i < pieces_.size(); ++i) {
      if (places[i] == 0) continue;
      const Piece::Kind kind = pieces_[i].kind;
      if (kind == everything || (kind == star && c != '/')) go_to(i);
      if (kind == folders || kind == more_folders) {
        const std::size_t more = kind == folders ? i + 1 : i;
        go_to(more);
        if (c == '/') go_to(more + 1);
      }
      if ((kind == character || kind == any || kind == set) && pieces_[i].takes(c)) go_to(i + 1);
    }
    if (!alive) return {};
    places.swap(next);
  }
  return places;
}

bool PathPattern::matches(std::string_view path) const {
  if (!path.starts_with(head_) || !path.ends_with(tail_)) return false;
  if (head_pieces_ == pieces_.size()) return path.size() == head_.size();
  const Places places = run(head_pieces_, path.substr(head_.size()));
  return !places.empty() && places.back() != 0;
}

bool PathPattern::may_match_below(std::string_view folder) const {
  Places places = run(0, std::string(folder) + "/");
  if (places.empty()) return false;
  places.pop_back();  // the end: nothing more may come
  return std::ranges::contains(places, 1);
}

Result<bool> match_path(std::string_view pattern, std::string_view path, DoubleStar double_star) {
  return TRY(PathPattern::compile(pattern, double_star)).matches(path);
}

}  // namespace podo::dockerfile
