// The two kinds of patterns that clients filter with. Both give up after a number of steps, so that
// nobody can make the daemon busy with one.
#include <algorithm>
#include <optional>

#include "container/docker/filters.h"

namespace podo::docker {
namespace {

constexpr int steps_max = 100'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// How long the class at the front of `pattern` is: "[a-z]"; 0 when it does not end.
std::size_t class_length(std::string_view pattern) {
  std::size_t at = 1;
  if (at < pattern.size() && (pattern[at] == '^' || pattern[at] == '!')) ++at;
  if (at < pattern.size() && pattern[at] == ']') ++at;
  while (at < pattern.size() && pattern[at] != ']') at += pattern[at] == '\\' ? 2 : 1;
  return at < pattern.size() ? at + 1 : 0;
}

bool in_class(std::string_view set, char c) {  // "[a-z]" whole
  set = set.substr(1, set.size() - 2);
  const bool negated = set.starts_with('^') || set.starts_with('!');
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (set[i] == '\\' && i + 1 < set.size()) ++i;
    char last = set[i];
    const char first = last;
    if (i + 2 < set.size() && set[i + 1] == '-') {
      last = set[i + 2];
      i += 2;
    }
    found = found || (first <= c && c <= last);
  }
  return found != negated;
}

class Expression {
 public:
  bool found_in(std::string_view pattern, std::string_view text) {
    if (pattern.starts_with('^')) return here(pattern.substr(1), text);
    for (std::size_t start = 0; start <= text.size(); ++start) {
      if (here(pattern, text.substr(start))) return true;
    }
    return false;
  }

 private:
  struct Atom {
    std::string_view text;
    bool matches(char c) const {
      if (text[0] == '.') return true;
      if (text[0] == '[') return in_class(text, c);
      if (text[0] != '\\') return c == text[0];
      switch (text[1]) {
        case 'd': return is_digit(c);
        case 'w': return is_word(c);
        case 's': return is_space(c);
        default: return c == text[1];
      }
    }
  };

  static Atom first_atom(std::string_view pattern) {
    if (pattern[0] == '\\' && pattern.size() > 1) return {pattern.substr(0, 2)};
    if (pattern[0] == '[') {
      if (const std::size_t length = class_length(pattern)) return {pattern.substr(0, length)};
    }
    if (pattern[0] == '\\') return {"\\\\"};
    return {pattern.substr(0, 1)};
  }

  bool here(std::string_view pattern, std::string_view text) {
    for (;;) {
      if (++steps_ > steps_max) return false;
      if (pattern.empty()) return true;
      if (pattern == "$") return text.empty();
      const Atom atom = first_atom(pattern);
      const bool alone = pattern[0] == '[' && atom.text.size() == 1;  // a '[' that opens nothing
      const std::string_view rest = pattern.substr(std::min(atom.text.size(), pattern.size()));
      const char count = rest.empty() ? '\0' : rest[0];
      const auto is_match = [&](char c) { return alone ? c == '[' : atom.matches(c); };
      if (count == '*' || count == '+' || count == '?') {
        std::size_t most = 0;
        while (most < text.size() && (count != '?' || most == 0) && is_match(text[most])) ++most;
        for (std::size_t taken = most + 1; taken-- > (count == '+' ? 1u : 0u);) {
          if (here(rest.substr(1), text.substr(taken))) return true;
        }
        return false;
      }
      if (text.empty() || !is_match(text[0])) return false;
      pattern = rest;
      text.remove_prefix(1);
    }
  }

  int steps_ = 0;
};

// The first of `wanted` at or behind `at` that is neither escaped nor in a class.
std::size_t find_bare(std::string_view pattern, std::string_view wanted, std::size_t at) {
  while (at < pattern.size() && !wanted.contains(pattern[at])) {
    if (pattern[at] == '\\') ++at;
    else if (pattern[at] == '[') at += std::max<std::size_t>(class_length(pattern.substr(at)), 1) - 1;
    ++at;
  }
  return at < pattern.size() ? at : pattern.npos;
}

// "^web(-|$)" becomes "^web-" and "^web$". None: a group is repeated or open, or it would be too many.
std::optional<std::vector<std::string>> alternatives_of(std::string_view pattern) {
  constexpr std::size_t alternatives_max = 64;
  std::vector<std::string> found, open = {std::string(pattern)};
  while (!open.empty()) {
    const std::string one = std::move(open.back());
    open.pop_back();
    std::size_t begin = std::string::npos, end = find_bare(one, "(){}", 0);
    for (; end != one.npos && one[end] == '('; end = find_bare(one, "(){}", end + 1)) begin = end;
    const bool is_group = end != one.npos && one[end] == ')' && begin != one.npos;
    if (!is_group && (begin != one.npos || end != one.npos)) return std::nullopt;
    if (is_group && end + 1 < one.size() && std::string_view("*+?{").contains(one[end + 1]))
      return std::nullopt;
    std::size_t from = is_group ? begin + 1 : 0;
    if (is_group && std::string_view(one).substr(from).starts_with("?:")) from += 2;
    const std::size_t last = is_group ? end : one.size();
    for (bool over = false; !over;) {
      const std::size_t bar = std::min(find_bare(one, "|", from), last);
      over = bar == last;
      const std::string part = one.substr(from, bar - from);
      if (is_group) open.push_back(one.substr(0, begin) + part + one.substr(end + 1));
      else found.push_back(part);
      from = bar + 1;
    }
    if (found.size() + open.size() > alternatives_max) return std::nullopt;
  }
  return found;
}

bool glob_here(std::string_view glob, std::string_view path, int& steps) {
  while (!glob.empty()) {
    if (++steps > steps_max) return false;
    if (glob[0] == '*') {
      while (glob.starts_with('*')) glob.remove_prefix(1);
      for (;;) {
        if (glob_here(glob, path, steps)) return true;
        if (path.empty() || path[0] == '/') return false;
        path.remove_prefix(1);
      }
    }
    if (path.empty()) return false;
    std::size_t length = 1;
    bool match = false;
    if (glob[0] == '?') {
      match = path[0] != '/';
    } else if (glob[0] == '[' && class_length(glob) != 0) {
      length = class_length(glob);
      match = path[0] != '/' && in_class(glob.substr(0, length), path[0]);
    } else {
      if (glob[0] == '\\' && glob.size() > 1) glob.remove_prefix(1);
      match = glob[0] == path[0];
    }
    if (!match) return false;
    glob.remove_prefix(length);
    path.remove_prefix(1);
  }
  return path.empty();
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view text) {
  const auto alternatives = alternatives_of(pattern);
  if (!alternatives) return text.find(pattern) != text.npos;
  return std::ranges::any_of(*alternatives,
                             [&](const std::string& one) { return Expression().found_in(one, text); });
}

bool matches_glob(std::string_view glob, std::string_view path) {
  int steps = 0;
  return glob_here(glob, path, steps);
}

}  // namespace podo::docker
