// How errors and warnings are told.
#include <algorithm>

#include "model/dockerfile/dockerfile.h"
#include "model/dockerfile/words.h"

namespace podo::dockerfile {
namespace {

constexpr std::size_t shown_bytes_max = 160;  // of a line
constexpr std::size_t edits_max = 2;          // more than that is another word

bool is_continuation_byte(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::size_t characters(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, is_continuation_byte));
}

std::string printable(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c == '\t') c = ' ';
    else if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = '?';
  }
  return result;
}

// How many characters must be put in, taken out or changed (Levenshtein).
std::size_t edits(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t changed = diagonal + (from[i - 1] != to[j - 1] ? 1 : 0);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[to.size()];
}

// The line with a caret under the word at `column` (from 0).
std::string excerpt(int number, std::string_view line, std::size_t column) {
  std::size_t end = column;
  while (end < line.size() && !is_blank(line[end])) ++end;
  std::string dots;
  if (line.size() > shown_bytes_max) {
    std::size_t begin = column > shown_bytes_max / 4 ? column - shown_bytes_max / 4 : 0;
    while (begin < column && is_continuation_byte(line[begin])) ++begin;
    if (begin > 0) dots = "...";
    line = line.substr(begin, shown_bytes_max);
    column -= begin;
    end = std::min(end - begin, line.size());
  }
  const std::string gutter = text("  {} | ", number);
  std::string shown =
      "\n" + gutter + dots + printable(line) + "\n" + std::string(gutter.size() - 2, ' ') + "| ";
  shown.append(dots.size() + characters(line.substr(0, column)), ' ');
  shown += '^';
  const std::size_t marked = characters(line.substr(column, end - column));
  shown.append(marked > 1 ? marked - 1 : 0, '~');
  return shown;
}

}  // namespace

Error at(const Dockerfile& file, Place place, std::string_view message, std::string_view hint) {
  std::string told = file.name;
  if (place.line > 0) told += text(":{}:{}", place.line, place.column);
  told += text(": {}", message);
  const auto line = static_cast<std::size_t>(place.line);
  if (line >= 1 && line <= file.lines.size()) {
    const std::string_view source = file.lines[line - 1];
    const auto column = static_cast<std::size_t>(std::max(place.column, 1)) - 1;
    told += excerpt(place.line, source, std::min(column, source.size()));
  }
  if (!hint.empty()) told += text("\n{}", hint);
  return Error(ErrorKind::invalid, std::move(told));
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t fewest = edits_max + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate == word) return {};
    const std::size_t longer = std::max(candidate.size(), word.size());
    if (longer - std::min(candidate.size(), word.size()) > edits_max) continue;
    const std::size_t needed = edits(word, candidate);
    if (needed >= fewest || needed >= candidate.size()) continue;
    fewest = needed;
    best = candidate;
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view meant = nearest(word, candidates);
  return meant.empty() ? std::string() : text(" (did you mean {}?)", meant);
}

// "JSONArgsRecommended" -> ".../json-args-recommended/"
std::string url_of(std::string_view rule) {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  std::string name;
  for (std::size_t i = 0; i < rule.size(); ++i) {
    const bool last_of_capitals = i + 1 < rule.size() && !is_capital(rule[i + 1]);
    if (i > 0 && is_capital(rule[i]) && (!is_capital(rule[i - 1]) || last_of_capitals)) name += '-';
    name += lower(rule.substr(i, 1));
  }
  return text("https://docs.docker.com/go/dockerfile/rule/{}/", name);
}

}  // namespace podo::dockerfile
