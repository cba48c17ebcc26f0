#include "model/dockerfile/source.h"

#include <algorithm>

#include "model/dockerfile/words.h"

namespace podo::dockerfile {
namespace {

bool is_comment(std::string_view line) { return trimmed(line).starts_with('#'); }

// Takes the escape character off the end, and blanks behind it; true when there was one. An escape character
// in front of it keeps it from being one.
bool take_continuation(std::string_view& line, char escape) {
  std::string_view text = line;
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (!text.ends_with(escape)) return false;
  text.remove_suffix(1);
  if (text.ends_with(escape)) return false;
  line = text;
  return true;
}

std::string_view without_tabs(std::string_view line) {
  while (line.starts_with('\t')) line.remove_prefix(1);
  return line;
}

}  // namespace

Place LogicalLine::place(std::size_t offset) const {
  const auto behind = std::ranges::upper_bound(parts, offset, {}, &Part::offset);
  if (behind == parts.begin()) return {.last_line = last_line};
  const Part& part = *(behind - 1);
  return {part.line, part.column + static_cast<int>(offset - part.offset), last_line};
}

Source::Source(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines_.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::optional<std::string_view> Source::peek() const {
  if (next_ == lines_.size()) return std::nullopt;
  return without_line_end(lines_[next_]);
}

void Source::add_part(LogicalLine& line, std::string_view text, std::size_t column) const {
  line.parts.push_back({line.text.size(), this->line(), static_cast<int>(column) + 1});
  line.text += text;
}

std::optional<LogicalLine> Source::next(char escape) {
  LogicalLine line;
  for (;; skip()) {
    const auto physical = peek();
    if (!physical) return std::nullopt;
    const std::string_view text = trimmed(*physical);
    if (!text.empty() && text.front() != '#') break;
    const std::string_view comment = text.empty() ? text : trimmed(text.substr(1));
    if (comment.empty()) line.comments.clear();
    else line.comments.emplace_back(comment);
  }
  for (bool first = true, more = true; more && next_ < lines_.size(); first = false) {
    const std::string_view whole = without_line_end(lines_[next_++]);
    std::string_view text = whole;
    if (!first) {
      if (is_comment(text)) continue;
      if (trimmed(text).empty()) {
        line.empty_continuation = true;
        continue;
      }
    }
    while (first && is_blank(text.front())) text.remove_prefix(1);
    const std::size_t column = whole.size() - text.size();
    more = take_continuation(text, escape);
    add_part(line, text, column);
  }
  line.last_line = this->line();
  return line;
}

bool Source::has_end_of(std::string_view name, bool stripped) {
  if (last_.empty()) {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const std::string_view line = without_line_end(lines_[i]);
      last_[line] = i;
      last_stripped_[without_tabs(line)] = i;
    }
  }
  const auto& last = stripped ? last_stripped_ : last_;
  const auto found = last.find(name);
  return found != last.end() && found->second >= next_;
}

Result<std::string> Source::heredoc(std::string_view name, bool stripped) {
  std::string content;
  while (next_ < lines_.size()) {
    std::string_view line = lines_[next_++];
    if (stripped) line = without_tabs(line);
    if (without_line_end(line) == name) return content;
    content += line;
  }
  return invalid("unterminated heredoc: no line is \"{}\"", name);
}

}  // namespace podo::dockerfile
