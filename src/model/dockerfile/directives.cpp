#include "model/dockerfile/directives.h"

#include <algorithm>

#include "model/dockerfile/words.h"

namespace podo::dockerfile {
namespace {

constexpr std::string_view experimental_rules[] = {"CopyIgnoredFile", "InvalidDefinitionDescription"};

struct NameValue {
  std::string name, value;
};

// "# name = value"; absent: any other comment.
std::optional<NameValue> as_directive(std::string_view line) {
  if (!line.starts_with('#')) return std::nullopt;
  const std::size_t equals = line.find('=');
  if (equals == line.npos) return std::nullopt;
  NameValue found{lower(trimmed(line.substr(1, equals - 1))), std::string(trimmed(line.substr(equals + 1)))};
  if (found.value.empty()) return std::nullopt;
  return found;
}

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> items;
  for (;;) {
    const std::size_t end = text.find(separator);
    const std::string_view item = trimmed(text.substr(0, end));
    if (!item.empty()) items.emplace_back(item);
    if (end == text.npos) return items;
    text.remove_prefix(end + 1);
  }
}

// "skip=A,B;error=true;experimental=C"
Result<> read_check(Directives& directives, std::string_view check) {
  constexpr std::string_view options[] = {"skip", "error", "experimental"};
  for (const std::string& option : split_list(check, ';')) {
    const std::size_t equals = option.find('=');
    const std::string name = lower(trimmed(std::string_view(option).substr(0, equals)));
    if (equals == option.npos || !std::ranges::contains(options, std::string_view(name)))
      return invalid("invalid check option {}{}", quoted(option), suggestion(name, options));
    const std::string_view value = trimmed(std::string_view(option).substr(equals + 1));
    if (name == "skip") directives.skipped_checks = split_list(value, ',');
    else if (name == "experimental") directives.experimental_checks = split_list(value, ',');
    else if (value == "true" || value == "false" || value == "1" || value == "0")
      directives.checks_fail = value == "true" || value == "1";
    else return invalid("failed to parse check option {}: true or false is expected", quoted(option));
  }
  return {};
}

}  // namespace

bool Directives::checks(std::string_view rule) const {
  const auto names = [rule](const std::vector<std::string>& list) {
    return std::ranges::contains(list, rule) || std::ranges::contains(list, "all");
  };
  return std::ranges::contains(experimental_rules, rule) ? names(experimental_checks)
                                                         : !names(skipped_checks);
}

Result<Directives> read_directives(Source& source, std::string_view check) {
  Directives directives;
  std::vector<std::string> seen;
  std::string found_check;
  for (; const auto line = source.peek(); source.skip()) {
    const auto directive = as_directive(trimmed(*line));
    if (!directive) break;
    const auto& [name, value] = *directive;
    if (name != "syntax" && name != "escape" && name != "check") break;
    if (std::ranges::contains(seen, name)) return invalid("only one {} parser directive can be used", name);
    seen.push_back(name);
    if (name == "syntax") directives.syntax = value;
    else if (name == "check") found_check = value;
    else if (value == "\\" || value == "`") directives.escape = value[0];
    else return invalid("invalid escape token '{}' does not match ` or \\", value);
    if (name == "check" && check.empty()) TRY(read_check(directives, found_check));
  }
  TRY(read_check(directives, check));
  return directives;
}

}  // namespace podo::dockerfile
