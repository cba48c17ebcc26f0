#include "container/cgroup/cgroup_values.h"

#include <algorithm>

#include "base/core/number.h"

namespace podo::runtime {

std::string_view take_word(std::string_view& text, std::string_view separators) {
  text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
  const auto word = text.substr(0, text.find_first_of(separators));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  const auto word = take_word(text);
  if (word == "max") return UINT64_MAX;
  return whole_number<std::uint64_t>(word);
}

std::vector<std::pair<std::string_view, std::uint64_t>> parse_flat(std::string_view text) {
  std::vector<std::pair<std::string_view, std::uint64_t>> out;
  while (!text.empty()) {
    auto line = take_word(text, "\n");
    const auto key = take_word(line);
    if (const auto count = parse_count(line)) out.emplace_back(key, *count);
  }
  return out;
}

std::optional<std::uint64_t> count_in(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    auto line = take_word(text, "\n");
    if (take_word(line) == key) return parse_count(line);
  }
  return std::nullopt;
}

std::vector<std::uint64_t> parse_list(std::string_view text, std::size_t numbers_max) {
  std::vector<std::uint64_t> out;
  while (!text.empty()) {
    auto range = take_word(text, ",\n ");
    const auto first = parse_count(take_word(range, "-"));
    const auto last = range.empty() ? first : parse_count(range.substr(1));
    if (!first || !last) continue;
    for (auto number = *first; number <= *last && out.size() < numbers_max; ++number) out.push_back(number);
  }
  return out;
}

}  // namespace podo::runtime
