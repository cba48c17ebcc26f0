// .dockerignore: which files of a folder are not part of a build. Patterns are Go's filepath.Match with "**",
// "!" takes files back in, the last pattern that matches wins. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::dockerfile {

class IgnoreRules {
 public:
  static Result<IgnoreRules> parse(std::string_view text);                    // of a file
  static Result<IgnoreRules> make(const std::vector<std::string>& patterns);  // of --exclude
  bool empty() const { return patterns_.empty(); }
  // `path` relative, with '/', without "./" in front. A folder that matches takes everything in it along.
  bool ignores(std::string_view path) const;
  // Nothing below a folder that is ignored can be taken back: whoever walks need not look into it.
  bool ignores_all_below(std::string_view folder) const;

 private:
  struct Pattern;
  std::vector<Pattern> patterns_;
};

// Go's path.Match, and "**" for any number of folders. Invalid: "syntax error in pattern".
Result<bool> match_path(std::string_view pattern, std::string_view path);

}  // namespace podo::dockerfile
