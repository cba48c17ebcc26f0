#include "model/dockerfile/heredoc.h"

#include "model/dockerfile/words.h"

namespace podo::dockerfile {
namespace {

// The end of the word at `begin`; npos: a quote is open.
std::size_t word_end(std::string_view text, std::size_t begin, char escape) {
  char quote = 0;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (c == escape && quote != '\'') ++i;
    else if (quote != 0) quote = c == quote ? 0 : quote;
    else if (c == '"' || c == '\'') quote = c;
    else if (is_blank(c)) return i;
  }
  return quote == 0 ? text.size() : text.npos;
}

Heredoc named(std::string_view word, char escape) {
  Heredoc heredoc;
  char quote = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    if (c == escape && quote != '\'') {
      if (++i < word.size()) heredoc.name += word[i];
    } else if (quote == 0 ? c == '"' || c == '\'' : c == quote) {
      quote = quote == 0 ? c : 0;
      heredoc.expand = false;
    } else {
      heredoc.name += c;
    }
  }
  return heredoc;
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

}  // namespace

std::vector<HeredocMark> find_heredocs(std::string_view text, char escape, Source& source) {
  std::vector<HeredocMark> marks;
  for (std::size_t begin = skip_blanks(text, 0), end = 0; begin < text.size();
       begin = skip_blanks(text, end)) {
    end = word_end(text, begin, escape);
    if (end == text.npos) break;
    std::size_t at = begin;
    int descriptor = 0;
    for (; at < end && text[at] >= '0' && text[at] <= '9'; ++at)
      descriptor = (descriptor * 10 + text[at] - '0') % 100'000;
    if (text.substr(at, 2) != "<<") continue;
    const bool strips = text.substr(at + 2, 1) == "-";
    std::size_t name_at = at + (strips ? 3 : 2);
    const bool apart = name_at >= end;
    if (apart) {
      name_at = skip_blanks(text, name_at);
      const std::size_t name_end = word_end(text, name_at, escape);
      if (name_end == text.npos) break;
      if (!source.has_end_of(named(text.substr(name_at, name_end - name_at), escape).name, strips)) continue;
      end = name_end;
    }
    const std::string_view name = text.substr(name_at, end - name_at);
    HeredocMark mark{begin, end - begin, named(name, escape), strips};
    if (mark.heredoc.name.empty() || name.contains('<')) continue;
    mark.heredoc.descriptor = descriptor;
    marks.push_back(std::move(mark));
  }
  return marks;
}

}  // namespace podo::dockerfile
