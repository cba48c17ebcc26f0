// Command-line flags of a daemon, as a table: each says what it does to the options.
//
//   const std::vector<Flag<Options>> flags = {text_flag("data", &Options::data), ...};
//   TRY(read_flags(flags, options, count, words, first));
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo {

template <class Options>
struct Flag {
  std::string name, letter;  // without dashes
  bool takes_value;
  std::function<Result<>(Options&, std::string_view)> set;
};

template <class Options>
Flag<Options> text_flag(std::string name, std::string Options::* member) {
  return {std::move(name), "", true, [member](Options& options, std::string_view value) -> Result<> {
            options.*member = value;
            return {};
          }};
}

template <class Options>
Flag<Options> list_flag(std::string name, std::string letter, std::vector<std::string> Options::* member) {
  return {std::move(name), std::move(letter), true,
          [member](Options& options, std::string_view value) -> Result<> {
            (options.*member).emplace_back(value);
            return {};
          }};
}

template <class Options>
Flag<Options> switch_flag(std::string name, bool Options::* member, bool becomes) {
  return {std::move(name), "", false, [member, becomes](Options& options, std::string_view) -> Result<> {
            options.*member = becomes;
            return {};
          }};
}

// words[first] on: "--name value", "--name=value", "-l value".
template <class Options>
Result<> read_flags(const std::vector<Flag<Options>>& flags, Options& options, int count, char** words,
                    int first) {
  for (int i = first; i < count; ++i) {
    std::string_view word = words[i], value;
    const bool is_long = word.starts_with("--");
    if (!is_long && !word.starts_with('-')) return invalid("unexpected \"{}\"", word);
    std::string_view name = word.substr(is_long ? 2 : 1);
    const std::size_t equals = name.find('=');
    if (equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    const Flag<Options>* found = nullptr;
    for (const Flag<Options>& flag : flags)
      if ((is_long ? flag.name : flag.letter) == name && !name.empty()) found = &flag;
    if (found == nullptr) return invalid("unknown flag {}", word);
    if (found->takes_value && equals == std::string_view::npos) {
      if (++i == count) return invalid("{} needs a value", word);
      value = words[i];
    }
    if (!found->takes_value && equals != std::string_view::npos) return invalid("{} takes no value", word);
    TRY(found->set(options, value));
  }
  return {};
}

}  // namespace podo
