#include "cli/console/flags.h"

#include <stdlib.h>

#include <algorithm>

#include "base/core/ensure.h"
#include "container/oci_cli/columns.h"
#include "container/oci_cli/quantities.h"

namespace podo::cli {
namespace {

constexpr std::string_view truths[] = {"true", "1", "t", "T", "TRUE", "True"};
constexpr std::string_view lies[] = {"false", "0", "f", "F", "FALSE", "False"};

bool is_among(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

std::string spelling_of(const Flag& flag) {
  return flag.letter != 0 ? text("-{}, --{}", flag.letter, flag.name) : text("--{}", flag.name);
}

std::string_view name_of(FlagKind kind) {
  constexpr std::string_view names[] = {"", "string", "list", "int", "decimal", "bytes", "duration"};
  return names[static_cast<std::size_t>(kind)];
}

Result<> check_decimal(std::string_view value) {
  std::string copy(value);
  char* end = nullptr;
  ::strtod(copy.c_str(), &end);
  if (copy.empty() || *end != '\0') return invalid("'{}' is not a number", value);
  return {};
}

Result<> check(FlagKind kind, std::string_view value) {
  switch (kind) {
    case FlagKind::toggle:
      if (!is_among(value, truths) && !is_among(value, lies))
        return invalid("'{}' is neither true nor false", value);
      return {};
    case FlagKind::integer: return oci_cli::parse_integer(value).transform([](auto) {});
    case FlagKind::bytes: return oci_cli::parse_size(value).transform([](auto) {});
    case FlagKind::duration: return oci_cli::parse_duration(value).transform([](auto) {});
    case FlagKind::decimal: return check_decimal(value);
    case FlagKind::value:
    case FlagKind::values: return {};
  }
  return {};
}

// How many letters to change, add, drop or swap with their neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> at(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        at[i][j] = i + j;
        continue;
      }
      at[i][j] = std::min({at[i - 1][j] + 1, at[i][j - 1] + 1, at[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        at[i][j] = std::min(at[i][j], at[i - 2][j - 2] + 1);
    }
  }
  return at[a.size()][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t least = std::max<std::size_t>(1, std::min<std::size_t>(3, word.size() / 2)) + 1;
  for (std::string_view candidate : candidates) {
    std::size_t far = distance(word, candidate);
    if (far < least) {
      least = far;
      best = candidate;
    }
  }
  return best;
}

// --- reading ----------------------------------------------------------------------------------------------

const Flag* Flags::find(std::string_view name) const {
  for (std::span<const Flag> flags : known_)
    for (const Flag& flag : flags)
      if (flag.name == name) return &flag;
  return nullptr;
}

const Flag* Flags::find(char letter) const {
  for (std::span<const Flag> flags : known_)
    for (const Flag& flag : flags)
      if (flag.letter == letter && letter != 0) return &flag;
  return nullptr;
}

Result<Flags> Flags::parse(std::vector<std::span<const Flag>> known, std::span<char* const> words,
                           Order order) {
  Flags flags;
  flags.known_ = std::move(known);
  for (std::size_t at = 0; at < words.size();) {
    std::string_view word = words[at];
    bool is_flag = word.size() > 1 && word[0] == '-' && word != "--";
    if (is_flag) {
      at += TRY(word[1] == '-' ? flags.take_long(words, at) : flags.take_letters(words, at));
      continue;
    }
    if (word == "--") ++at;
    if (word == "--" || order == Order::before_arguments) {
      flags.arguments_.insert(flags.arguments_.end(), words.begin() + static_cast<std::ptrdiff_t>(at),
                              words.end());
      break;
    }
    flags.arguments_.emplace_back(word);
    ++at;
  }
  return flags;
}

// Each says how many words the flag was made of.
Result<std::size_t> Flags::take_long(std::span<char* const> words, std::size_t at) {
  std::string_view word = std::string_view(words[at]).substr(2);
  std::string_view name = word.substr(0, word.find('='));
  const Flag* flag = find(name);
  if (flag == nullptr && name == "help") {
    wants_help_ = true;
    return 1;
  }
  if (flag == nullptr) {
    std::vector<std::string_view> names;
    for (std::span<const Flag> flags : known_)
      for (const Flag& other : flags) names.push_back(other.name);
    std::string_view guess = nearest(name, names);
    if (guess.empty()) return invalid("unknown flag: --{}", name);
    return invalid("unknown flag: --{}\nDid you mean --{}?", name, guess);
  }
  if (name.size() < word.size()) {
    TRY(put(*flag, word.substr(name.size() + 1)));
    return 1;
  }
  if (flag->kind == FlagKind::toggle) {
    TRY(put(*flag, "true"));
    return 1;
  }
  if (at + 1 == words.size()) return invalid("flag needs an argument: --{}", name);
  TRY(put(*flag, words[at + 1]));
  return 2;
}

Result<std::size_t> Flags::take_letters(std::span<char* const> words, std::size_t at) {
  std::string_view word = words[at];
  for (std::size_t i = 1; i < word.size(); ++i) {
    const Flag* flag = find(word[i]);
    if (flag == nullptr && word[i] == 'h') {
      wants_help_ = true;
      continue;
    }
    if (flag == nullptr) return invalid("unknown shorthand flag: '{}' in {}", word[i], word);
    std::string_view rest = word.substr(i + 1);
    bool has_value = rest.starts_with('=');
    if (flag->kind == FlagKind::toggle && !has_value) {
      TRY(put(*flag, "true"));
      continue;
    }
    if (has_value) rest.remove_prefix(1);
    if (has_value || !rest.empty()) {
      TRY(put(*flag, rest));
      return 1;
    }
    if (at + 1 == words.size()) return invalid("flag needs an argument: '{}' in {}", word[i], word);
    TRY(put(*flag, words[at + 1]));
    return 2;
  }
  return 1;
}

Result<> Flags::put(const Flag& flag, std::string_view value) {
  TRY_IN(podo::text("invalid argument \"{}\" for \"{}\" flag", value, spelling_of(flag)),
         check(flag.kind, value));
  auto known = std::ranges::find(given_, &flag, &Given::flag);
  if (known == given_.end()) given_.push_back({&flag, {std::string(value)}});
  else known->values.emplace_back(value);
  return {};
}

// --- asking -----------------------------------------------------------------------------------------------

const Flags::Given* Flags::given_as(std::string_view name) const {
  const Flag* flag = find(name);
  ENSURE(flag != nullptr);  // only what the command's table has
  auto found = std::ranges::find(given_, flag, &Given::flag);
  return found == given_.end() ? nullptr : &*found;
}

bool Flags::given(std::string_view name) const { return given_as(name) != nullptr; }

std::string Flags::text(std::string_view name) const {
  const Given* given = given_as(name);
  return given != nullptr ? given->values.back() : std::string(find(name)->otherwise);
}

bool Flags::on(std::string_view name) const { return is_among(text(name), truths); }

std::vector<std::string> Flags::all(std::string_view name) const {
  const Given* given = given_as(name);
  return given != nullptr ? given->values : std::vector<std::string>();
}

std::int64_t Flags::integer(std::string_view name) const {
  return oci_cli::parse_integer(text(name)).value_or(0);
}
std::int64_t Flags::bytes(std::string_view name) const { return oci_cli::parse_size(text(name)).value_or(0); }
Duration Flags::duration(std::string_view name) const {
  return oci_cli::parse_duration(text(name)).value_or(Duration());
}

std::vector<std::string> Flags::arguments_from(std::size_t first) const {
  if (first >= arguments_.size()) return {};
  return {arguments_.begin() + static_cast<std::ptrdiff_t>(first), arguments_.end()};
}

// --- help -------------------------------------------------------------------------------------------------

std::string describe_flags(std::vector<std::span<const Flag>> known) {
  std::vector<const Flag*> sorted;
  for (std::span<const Flag> flags : known)
    for (const Flag& flag : flags)
      if (!flag.help.empty()) sorted.push_back(&flag);
  std::ranges::sort(sorted, {}, &Flag::name);
  oci_cli::Columns table(3);
  for (const Flag* flag : sorted) {
    std::string spelling =
        flag->letter != 0 ? text("  -{}, --{}", flag->letter, flag->name) : text("      --{}", flag->name);
    if (flag->kind != FlagKind::toggle) spelling += text(" {}", name_of(flag->kind));
    std::string help(flag->help);
    if (!flag->otherwise.empty()) {
      bool quoted = flag->kind == FlagKind::value;
      help += quoted ? text(" (default \"{}\")", flag->otherwise) : text(" (default {})", flag->otherwise);
    }
    table.row({spelling, help});
  }
  return table.take();
}

}  // namespace podo::cli
