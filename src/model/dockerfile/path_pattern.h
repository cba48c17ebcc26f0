// Paths against patterns: Go's filepath.Match, and "**" for any number of folders. Pure; linear in the path.
//
//   pattern := piece*
//   piece   := "**" [ "/" ]      any number of folders; at the end: anything
//            | "*" | "?"         any characters, one character; never '/'
//            | "[" [ "^" ] range+ "]"
//            | "\" char | char
//   range   := item [ "-" item ]
//   item    := "\" char | char   not '-' nor ']'
//
// A pattern is run as the set of places in it that the path so far can have reached.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::dockerfile {

enum class DoubleStar : std::uint8_t { folders, star };  // star: "**" is no more than "*", as in Go

class PathPattern {
 public:
  // Invalid: "syntax error in pattern".
  static Result<PathPattern> compile(std::string_view pattern, DoubleStar double_star);
  bool matches(std::string_view path) const;
  // Whether a path that begins with `folder` and a slash can match.
  bool may_match_below(std::string_view folder) const;

 private:
  struct Range {
    std::uint32_t first, last;
  };
  struct Piece {
    // "**/" is two places, folders and more_folders, so that "**/x" takes "x" and "a/x" but not "ax".
    enum class Kind : std::uint8_t { character, any, star, everything, folders, more_folders, set } kind;
    std::uint32_t character = 0;
    bool negated = false;
    std::vector<Range> ranges = {};
    bool takes(std::uint32_t c) const;  // character, any, set
  };
  using Places = std::vector<std::uint8_t>;  // one per piece, and the end

  static Result<Piece> compile_set(std::string_view& rest);
  void find_literals();
  void reach(Places& places, std::size_t place) const;
  Places run(std::size_t from, std::string_view path) const;  // empty: it cannot match any more

  std::vector<Piece> pieces_;
  // What every path that matches begins and ends with: most paths are told apart by that alone.
  std::string head_, tail_;
  std::size_t head_pieces_ = 0;
};

// The whole of `path`. Invalid: "syntax error in pattern".
Result<bool> match_path(std::string_view pattern, std::string_view path,
                        DoubleStar double_star = DoubleStar::folders);

}  // namespace podo::dockerfile
