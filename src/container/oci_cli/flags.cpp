#include "container/oci_cli/flags.h"

#include <algorithm>

#include "base/core/ensure.h"
#include "container/oci_cli/quantities.h"

namespace podo::oci_cli {
namespace {

constexpr std::string_view truths[] = {"true", "1", "t", "T", "TRUE", "True"};
constexpr std::string_view lies[] = {"false", "0", "f", "F", "FALSE", "False"};

}  // namespace

const Flag* Flags::find(std::string_view name) const {
  for (const Flag& flag : known_) {
    if (flag.name == name || (!flag.letter.empty() && flag.letter == name)) return &flag;
  }
  return nullptr;
}

Result<Flags> Flags::parse(std::span<const Flag> known, std::span<char* const> words, FlagOrder order) {
  Flags flags;
  flags.known_ = known;
  for (std::size_t at = 0; at < words.size();) {
    const std::string_view word = words[at];
    const bool ends = word == "--" && order != FlagOrder::nowhere;
    const bool argument = word.size() < 2 || word[0] != '-' || order == FlagOrder::nowhere;
    if (!ends && !argument) {
      at += TRY(flags.take(words, at));
      continue;
    }
    if (ends) ++at;
    if (ends || order == FlagOrder::before_arguments) {
      flags.arguments_.insert(flags.arguments_.end(), words.begin() + static_cast<std::ptrdiff_t>(at),
                              words.end());
      break;
    }
    flags.arguments_.emplace_back(word);
    ++at;
  }
  return flags;
}

// The number of words the flag at `at` is made of.
Result<std::size_t> Flags::take(std::span<char* const> words, std::size_t at) {
  std::string_view word = words[at];
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const bool has_value = equals != std::string_view::npos;
  const Flag* flag = find(name);
  if (flag == nullptr && (name == "help" || name == "h")) {
    wants_help_ = true;
    return 1;
  }
  if (flag == nullptr)
    return invalid("unknown flag {}",
                   std::string_view(words[at]).substr(0, std::string_view(words[at]).find('=')));
  if (has_value) {
    const std::string_view value = word.substr(equals + 1);
    const bool boolean = std::ranges::find(truths, value) != std::end(truths) ||
                         std::ranges::find(lies, value) != std::end(lies);
    if (flag->value.empty() && !boolean)
      return invalid("--{}: '{}' is neither true nor false", flag->name, value);
    given_.emplace_back(flag, value);
    return 1;
  }
  if (flag->value.empty()) {
    given_.emplace_back(flag, "true");
    return 1;
  }
  if (at + 1 == words.size()) return invalid("--{} needs a value", flag->name);
  given_.emplace_back(flag, words[at + 1]);
  return 2;
}

std::vector<std::string> Flags::all(std::string_view name) const {
  const Flag* flag = find(name);
  ENSURE(flag != nullptr);
  std::vector<std::string> values;
  for (const auto& [each, value] : given_) {
    if (each == flag) values.push_back(value);
  }
  return values;
}

bool Flags::given(std::string_view name) const { return !all(name).empty(); }

bool Flags::on(std::string_view name) const {
  const auto values = all(name);
  return !values.empty() && std::ranges::find(truths, values.back()) != std::end(truths);
}

std::string Flags::text(std::string_view name, std::string_view otherwise) const {
  const auto values = all(name);
  return values.empty() ? std::string(otherwise) : values.back();
}

Result<std::int64_t> Flags::number(std::string_view name, std::int64_t otherwise) const {
  const auto values = all(name);
  if (values.empty()) return otherwise;
  return TRY_IN(podo::text("--{}", name), parse_integer(values.back()));
}

}  // namespace podo::oci_cli
