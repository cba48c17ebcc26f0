#include "model/dockerfile/ignore.h"

#include <algorithm>

#include "model/dockerfile/words.h"

namespace podo::dockerfile {
namespace {

// As Go's path.Clean; and a leading slash means the folder itself.
std::string cleaned(std::string_view path) {
  std::vector<std::string_view> parts;
  const bool rooted = path.starts_with('/');
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..") parts.pop_back();
    else if (part != ".." || !rooted) parts.push_back(part);
  }
  std::string result;
  for (const std::string_view part : parts) {
    if (!result.empty()) result += '/';
    result += part;
  }
  return result.empty() ? "." : result;
}

// Whether the pattern matches the path, or a folder above it.
bool matches_or_above(const PathPattern& pattern, std::string_view path) {
  if (pattern.matches(path)) return true;
  for (std::size_t end = path.find('/'); end != path.npos; end = path.find('/', end + 1)) {
    if (pattern.matches(path.substr(0, end))) return true;
  }
  return false;
}

}  // namespace

Result<IgnoreRules> IgnoreRules::parse(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::string> patterns;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    if (!line.starts_with('#')) patterns.emplace_back(line);
  }
  return make(patterns);
}

Result<IgnoreRules> IgnoreRules::make(const std::vector<std::string>& patterns) {
  IgnoreRules made;
  for (const std::string& written : patterns) {
    std::string_view pattern = trimmed(written);
    if (pattern.empty()) continue;
    const bool takes_back = pattern.starts_with('!');
    if (takes_back) pattern = trimmed(pattern.substr(1));
    if (pattern.empty()) return invalid("illegal exclusion pattern: \"!\"");
    made.rules_.push_back({TRY(PathPattern::compile(cleaned(pattern), DoubleStar::folders)), takes_back});
  }
  return made;
}

bool IgnoreRules::ignores(std::string_view path) const {
  bool ignored = false;
  for (const Rule& rule : rules_) {
    // A rule that would change nothing is not asked.
    if (rule.takes_back == ignored && matches_or_above(rule.pattern, path)) ignored = !ignored;
  }
  return ignored;
}

bool IgnoreRules::ignores_all_below(std::string_view folder) const {
  return ignores(folder) && std::ranges::none_of(rules_, [folder](const Rule& rule) {
           return rule.takes_back && rule.pattern.may_match_below(folder);
         });
}

}  // namespace podo::dockerfile
