#include "model/dockerfile/words.h"

#include "base/format/json.h"

namespace podo::dockerfile {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view without_line_end(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return result;
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return result;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string_view take_word(std::string_view& rest) {
  std::size_t end = 0;
  while (end < rest.size() && !is_blank(rest[end])) ++end;
  const std::string_view word = rest.substr(0, end);
  while (end < rest.size() && is_blank(rest[end])) ++end;
  rest.remove_prefix(end);
  return word;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  text = trimmed(text);
  while (!text.empty()) words.emplace_back(take_word(text));
  return words;
}

std::vector<std::string> split_outside_quotes(std::string_view text, char escape) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool in_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && is_blank(c)) {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
      continue;
    }
    in_word = true;
    if (c == escape && quote != '\'') {
      if (i + 1 == text.size()) break;  // nothing is behind it that it could keep
      word += c;
      word += text[++i];
      continue;
    }
    if (quote == 0 && (c == '"' || c == '\'')) quote = c;
    else if (c == quote) quote = 0;
    word += c;
  }
  if (in_word && !word.empty()) words.push_back(std::move(word));
  return words;
}

std::vector<FlagWord> take_flags(std::string_view& rest) {
  std::vector<FlagWord> flags;
  rest = trimmed(rest);
  while (rest.starts_with("--")) {
    FlagWord flag{.text = {}, .at = rest.data()};
    char quote = 0;
    std::size_t i = 0;
    for (; i < rest.size(); ++i) {
      const char c = rest[i];
      if (quote == 0 && is_blank(c)) break;
      if (c == '\\' && i + 1 < rest.size()) flag.text += rest[++i];
      else if (quote == 0 && (c == '"' || c == '\'')) quote = c;
      else if (c == quote) quote = 0;
      else flag.text += c;
    }
    rest = trimmed(rest.substr(i));
    if (flag.text == "--") break;
    flags.push_back(std::move(flag));
  }
  return flags;
}

namespace {

// The end of the JSON array at the beginning; 0: it has none.
std::size_t array_end(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      else if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[') {
      ++depth;
    } else if (c == ']' && --depth == 0) {
      return i + 1;
    }
  }
  return 0;
}

}  // namespace

Result<std::optional<Strings>> json_strings(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with('[')) return std::nullopt;
  const auto document = json::parse(std::string(text.substr(0, array_end(text))));
  if (!document) return std::nullopt;
  Strings strings;
  for (const json::Value item : document->root().items()) {
    if (!item.is(json::Kind::string))
      return invalid("when using JSON array syntax, arrays must be comprised of strings only");
    strings.emplace_back(item.string());
  }
  return strings;
}

}  // namespace podo::dockerfile
