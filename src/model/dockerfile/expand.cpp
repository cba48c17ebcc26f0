#include "model/dockerfile/expand.h"

#include "model/dockerfile/shell_pattern.h"
#include "model/dockerfile/words.h"

namespace podo::dockerfile {
namespace {

constexpr int depth_max = 100;  // "${a:-${b:-...}}"

bool is_digit(char c) { return c >= '0' && c <= '9'; }
// What is beyond ASCII counts as a letter.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// What was read so far: as one text, and as words.
struct Expanded {
  std::string text;
  std::vector<std::string> words;
  std::string word;

  void add(std::string_view more) {  // inside of quotes, or escaped
    text += more;
    word += more;
  }
  void add_splitting(std::string_view more) {
    text += more;
    for (const char c : more) {
      if (!is_blank(c)) word += c;
      else end_word();
    }
  }
  void end_word() {
    if (!word.empty()) words.push_back(std::exchange(word, {}));
  }
};

enum class Escapes : std::uint8_t { removed, kept };  // kept: for a pattern, which has its own

class Expander {
 public:
  Expander(std::string_view text, const Lookup& lookup, char escape, Quotes quotes)
      : text_(text), lookup_(lookup), escape_(escape), quotes_(quotes) {}

  // Up to `stop`, which is passed; 0: up to the end.
  Result<Expanded> run(char stop, Escapes escapes) {
    Expanded out;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (stop != 0 && c == stop) {
        ++at_;
        return out;
      }
      if (c == '$') {
        ++at_;
        out.add_splitting(TRY(variable()));
      } else if (quotes_ != Quotes::plain && (c == '\'' || c == '"')) {
        ++at_;
        out.add(c == '\'' ? TRY(single_quoted()) : TRY(double_quoted()));
      } else if (c == escape_) {
        ++at_;
        if (escapes == Escapes::kept || quotes_ == Quotes::kept) out.add({&c, 1});
        if (at_ < text_.size()) out.add(text_.substr(at_++, 1));
      } else {
        out.add_splitting(text_.substr(at_++, 1));
      }
      TRY(count(out.text));
    }
    if (stop != 0) return invalid("unexpected end of statement while looking for matching {}", stop);
    out.end_word();
    return out;
  }

 private:
  // A variable that names itself twice, line after line, would fill any memory.
  static Result<> count(const std::string& text) {
    if (text.size() <= expanded_bytes_max) return {};
    return exhausted("variables expand to more than {} bytes", expanded_bytes_max);
  }

  Result<std::string> single_quoted() {
    const std::size_t end = text_.find('\'', at_);
    if (end == text_.npos)
      return invalid("unexpected end of statement while looking for matching single-quote");
    const std::string_view inside = text_.substr(at_, end - at_);
    at_ = end + 1;
    return quotes_ == Quotes::kept ? text("'{}'", inside) : std::string(inside);
  }

  Result<std::string> double_quoted() {
    std::string inside;
    for (;; TRY(count(inside))) {
      if (at_ == text_.size())
        return invalid("unexpected end of statement while looking for matching double-quote");
      const char c = text_[at_++];
      if (c == '"') break;
      if (c == '$') {
        inside += TRY(variable());
        continue;
      }
      if (c == escape_) {
        if (at_ == text_.size()) continue;
        const char next = text_[at_];
        const bool escapes = next == '"' || next == '$' || next == escape_;
        if (!escapes || quotes_ == Quotes::kept) inside += c;
        if (escapes) inside += text_[at_++];
        continue;
      }
      inside += c;
    }
    return quotes_ == Quotes::kept ? text("\"{}\"", inside) : inside;
  }

  std::string_view name() {
    const std::size_t begin = at_;
    if (at_ == text_.size()) return {};
    if (is_digit(text_[at_])) {
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    } else if (std::string_view("@*#?-$!").contains(text_[at_])) {
      ++at_;
    } else {
      while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  // Behind the "$".
  Result<std::string> variable() {
    if (at_ == text_.size() || text_[at_] != '{') {
      const std::string_view found = name();
      if (found.empty()) return "$";
      return lookup_(found).value_or("");
    }
    ++at_;
    if (at_ == text_.size()) return missing_brace();
    if (std::string_view("{}:").contains(text_[at_])) return invalid("syntax error: bad substitution");
    const std::string_view found = name();
    if (at_ == text_.size()) return missing_brace();
    if (++depth_ > depth_max) return invalid("syntax error: too many substitutions inside one another");
    auto value = operation(found, text_[at_++]);
    --depth_;
    return value;
  }

  Result<std::string> operation(std::string_view name, char sign) {
    switch (sign) {
      case '}': return lookup_(name).value_or("");
      case '-':
      case '+':
      case '?': return conditional(name, sign, false);
      case '#':
      case '%': return trimmed_value(name, sign);
      case '/': return replacement(name);
      default: break;
    }
    if (sign != ':') return unknown(std::string(1, sign));
    if (at_ == text_.size()) return missing_brace();
    const char second = text_[at_++];
    if (!std::string_view("-+?").contains(second)) return unknown(text(":{}", second));
    return conditional(name, second, true);
  }

  Result<std::string> conditional(std::string_view name, char sign, bool empty_is_unset) {
    const std::string word = TRY(operand('}', Escapes::removed));
    std::optional<std::string> value = lookup_(name);
    if (value && value->empty() && empty_is_unset) value.reset();
    if (sign == '+') return value ? word : std::string();
    if (value) return *value;
    if (sign == '-') return word;
    return invalid("{}: {}", name, word.empty() ? std::string_view("is not allowed to be unset") : word);
  }

  Result<std::string> trimmed_value(std::string_view name, char sign) {
    std::string pattern = TRY(operand('}', Escapes::kept));
    const Reach reach = pattern.starts_with(sign) ? Reach::longest : Reach::shortest;
    if (reach == Reach::longest) pattern.erase(0, 1);
    const std::string value = lookup_(name).value_or("");
    return sign == '#' ? without_prefix(value, pattern, reach) : without_suffix(value, pattern, reach);
  }

  Result<std::string> replacement(std::string_view name) {
    Which which = Which::first;
    if (at_ < text_.size() && text_[at_] == '/') {
      which = Which::every;
      ++at_;
    }
    const auto pattern = operand('/', Escapes::kept);
    if (!pattern && at_ == text_.size()) return invalid("syntax error: missing '/' in ${{}}");
    if (!pattern) return Failure(pattern.error());
    const std::string by = TRY(operand('}', Escapes::kept));
    const std::string value = lookup_(name).value_or("");
    return replaced(value, *pattern, by, which);
  }

  Result<std::string> operand(char stop, Escapes escapes) {
    auto found = run(stop, escapes);
    if (found) return std::move(found->text);
    const bool ended = at_ == text_.size() && found.error().message().ends_with(text("matching {}", stop));
    if (ended && stop == '}') return missing_brace();
    return Failure(std::move(found).error());
  }

  static Failure missing_brace() { return invalid("syntax error: missing '}}'"); }
  static Failure unknown(std::string_view sign) {
    return invalid("unsupported modifier ({}) in substitution", sign);
  }

  const std::string_view text_;
  const Lookup& lookup_;
  const char escape_;
  const Quotes quotes_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<std::string> expand(std::string_view word, const Lookup& lookup, char escape, Quotes quotes) {
  Expanded done = TRY(Expander(word, lookup, escape, quotes).run(0, Escapes::removed));
  return std::move(done.text);
}

Result<std::vector<std::string>> expand_words(std::string_view word, const Lookup& lookup, char escape) {
  Expanded done = TRY(Expander(word, lookup, escape, Quotes::removed).run(0, Escapes::removed));
  return std::move(done.words);
}

}  // namespace podo::dockerfile
