// .dockerignore: which files of a folder are not part of a build. Patterns are those of path_pattern.h, "!"
// takes files back in, the last pattern that matches a path or a folder above it wins. Pure.
//
//   file := ( "#" comment | blanks | [ "!" ] pattern ) newline ...
//
// Patterns are cleaned as paths are: "./a//b/" is "a/b", and "/a" is "a".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "model/dockerfile/path_pattern.h"  // IWYU pragma: export

namespace podo::dockerfile {

class IgnoreRules {
 public:
  // Invalid: "illegal exclusion pattern: "!"", "syntax error in pattern".
  static Result<IgnoreRules> parse(std::string_view text);                    // of a file
  static Result<IgnoreRules> make(const std::vector<std::string>& patterns);  // of --exclude
  bool empty() const { return rules_.empty(); }
  // `path` relative, with '/', without "./" in front. A folder that matches takes everything in it along.
  bool ignores(std::string_view path) const;
  // Nothing below a folder that is ignored can be taken back: whoever walks need not look into it.
  bool ignores_all_below(std::string_view folder) const;

 private:
  struct Rule {
    PathPattern pattern;
    bool takes_back;
  };
  std::vector<Rule> rules_;
};

}  // namespace podo::dockerfile
