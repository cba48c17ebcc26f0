#include "model/dockerfile/shell_pattern.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/format/utf8.h"
#include "model/dockerfile/expand.h"

namespace podo::dockerfile {
namespace {

using Character = std::string_view;                   // of UTF-8; a stray byte is one too
using Piece = std::vector<std::optional<Character>>;  // absent: any one character
using Pieces = std::vector<Piece>;                    // between the stars: one more than there are stars

std::vector<Character> characters(std::string_view text) {
  std::vector<Character> found;
  while (!text.empty()) {
    const std::size_t size = utf8::sequence_length(text.data(), text.data() + text.size());
    found.push_back(text.substr(0, std::max<std::size_t>(size, 1)));
    text.remove_prefix(found.back().size());
  }
  return found;
}

// They point into `pattern`.
Result<Pieces> compile(std::string_view pattern) {
  constexpr std::string_view escapable = "*?\\}/";
  Pieces pieces(1);
  const std::vector<Character> text = characters(pattern);
  for (std::size_t i = 0; i < text.size(); ++i) {
    Character c = text[i];
    if (c == "*") {
      pieces.emplace_back();
    } else if (c == "?") {
      pieces.back().emplace_back();
    } else {
      if (c == "\\") {
        c = i + 1 < text.size() ? text[++i] : Character();
        if (c.size() != 1 || !escapable.contains(c[0]))
          return invalid("invalid pattern ({}) in substitution: invalid escape '\\{}'", pattern, c);
      }
      pieces.back().emplace_back(c);
    }
  }
  return pieces;
}

bool fits(const Piece& piece, const std::vector<Character>& text, std::size_t at) {
  if (at + piece.size() > text.size()) return false;
  for (std::size_t i = 0; i < piece.size(); ++i) {
    if (piece[i] && *piece[i] != text[at + i]) return false;
  }
  return true;
}

struct Match {
  std::optional<std::size_t> end;
  bool hopeless = false;  // a piece behind a star is nowhere, so a later beginning does not match either
};

// Each piece but the last where it fits first: that leaves the most to those behind it.
Match match_at(const Pieces& pieces, const std::vector<Character>& text, std::size_t begin, Reach reach) {
  if (!fits(pieces[0], text, begin)) return {};
  std::size_t at = begin + pieces[0].size();
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    if (at + piece.size() > text.size()) return {.end = {}, .hopeless = true};
    if (i + 1 == pieces.size() && reach == Reach::longest) {
      for (std::size_t last = text.size() - piece.size() + 1; last-- > at;) {
        if (fits(piece, text, last)) return {.end = last + piece.size()};
      }
      return {.end = {}, .hopeless = true};
    }
    while (at < text.size() && !fits(piece, text, at)) ++at;
    if (!fits(piece, text, at)) return {.end = {}, .hopeless = true};
    at += piece.size();
  }
  return {.end = at};
}

std::string joined(const std::vector<Character>& text) {
  std::string result;
  for (const Character c : text) result += c;
  return result;
}

}  // namespace

Result<std::string> without_prefix(std::string_view value, std::string_view pattern, Reach reach) {
  const Pieces pieces = TRY(compile(pattern));
  std::vector<Character> text = characters(value);
  const std::size_t end = match_at(pieces, text, 0, reach).end.value_or(0);
  text.erase(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end));
  return joined(text);
}

// Seen from behind, a suffix is a prefix.
Result<std::string> without_suffix(std::string_view value, std::string_view pattern, Reach reach) {
  Pieces pieces = TRY(compile(pattern));
  std::ranges::reverse(pieces);
  for (Piece& piece : pieces) std::ranges::reverse(piece);
  std::vector<Character> text = characters(value);
  std::ranges::reverse(text);
  const std::size_t end = match_at(pieces, text, 0, reach).end.value_or(0);
  text.erase(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end));
  std::ranges::reverse(text);
  return joined(text);
}

Result<std::string> replaced(std::string_view value, std::string_view pattern, std::string_view by,
                             Which which) {
  const Pieces pieces = TRY(compile(pattern));
  const std::vector<Character> text = characters(value);
  std::string result;
  bool looking = true;
  for (std::size_t i = 0; i <= text.size();) {
    const Match match = looking ? match_at(pieces, text, i, Reach::longest) : Match();
    if (match.end) result += by;
    if (result.size() > expanded_bytes_max)
      return exhausted("variables expand to more than {} bytes", expanded_bytes_max);
    looking = looking && !match.hopeless && !(match.end && which == Which::first);
    const std::size_t next = match.end.value_or(i);
    if (next > i && next == text.size()) break;  // no empty match at the end of a match
    if (next == i && i < text.size()) result += text[i];
    i = std::max(next, i + 1);
  }
  return result;
}

}  // namespace podo::dockerfile
