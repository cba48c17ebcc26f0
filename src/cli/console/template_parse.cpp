#include <algorithm>

#include "cli/console/template_tree.h"

namespace podo::cli {
namespace {

struct Token {
  enum class Kind : std::uint8_t { word, field, variable, text, number, sign, space_field };
  Kind kind;
  std::string text;
};

bool is_name(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// A quoted text, its escapes undone; `at` stands on the opening quote and then behind the closing one.
Result<std::string> take_quoted(std::string_view source, std::size_t& at) {
  char quote = source[at++];
  std::string out;
  for (; at < source.size(); ++at) {
    char c = source[at];
    if (c == quote) {
      ++at;
      return out;
    }
    if (c == '\\' && quote == '"' && at + 1 < source.size()) {
      char escaped = source[++at];
      out += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped == 'r' ? '\r' : escaped;
    } else {
      out += c;
    }
  }
  return invalid("unterminated quoted string");
}

// The words of one action. A field that follows a blank begins an operand (space_field), one that follows a
// closing bracket or a variable goes on with it.
Result<std::vector<Token>> tokens_of(std::string_view action) {
  using Kind = Token::Kind;
  std::vector<Token> tokens;
  bool after_blank = true;
  for (std::size_t at = 0; at < action.size();) {
    char c = action[at];
    std::size_t end = at + 1;
    while (end < action.size() && is_name(action[end])) ++end;
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at;
      after_blank = true;
      continue;
    }
    if (c == '"' || c == '`' || c == '\'') {
      tokens.push_back({Kind::text, TRY(take_quoted(action, at))});
    } else if (c == '.') {
      bool begins = after_blank || tokens.empty() || tokens.back().text == "(" || tokens.back().text == "|";
      tokens.push_back(
          {begins ? Kind::space_field : Kind::field, std::string(action.substr(at + 1, end - at - 1))});
      at = end;
    } else if (c == '$') {
      tokens.push_back({Kind::variable, std::string(action.substr(at, end - at))});
      at = end;
    } else if ((c >= '0' && c <= '9') || (c == '-' && end > at + 1)) {
      tokens.push_back({Kind::number, std::string(action.substr(at, end - at))});
      at = end;
    } else if (is_name(c)) {
      tokens.push_back({Kind::word, std::string(action.substr(at, end - at))});
      at = end;
    } else if (c == '(' || c == ')' || c == '|' || c == ',') {
      tokens.push_back({Kind::sign, std::string(1, c)});
      ++at;
    } else if (action.substr(at).starts_with(":=") || c == '=') {
      tokens.push_back({Kind::sign, ":="});
      at += c == '=' ? 1 : 2;
    } else {
      return invalid("unexpected \"{}\" in template", c);
    }
    after_blank = false;
  }
  return tokens;
}

class Parser {
 public:
  explicit Parser(std::string_view source) : rest_(source) {}

  Result<std::vector<Block>> parse() {
    std::vector<Block> blocks = TRY(list());
    if (ended_by_ != Ending::source) return invalid("unexpected {}", ending_name());
    return blocks;
  }

 private:
  enum class Ending : std::uint8_t { source, end, otherwise };
  std::string_view ending_name() const { return ended_by_ == Ending::end ? "{{end}}" : "{{else}}"; }

  // Up to the end of the text, or an action that ends the list it stands in.
  Result<std::vector<Block>> list() {
    std::vector<Block> blocks;
    for (;;) {
      std::size_t open = rest_.find("{{");
      std::string_view plain = rest_.substr(0, open);
      bool trims_before = open != std::string_view::npos && rest_.substr(open + 2).starts_with("- ");
      if (trims_left_) plain = plain.substr(std::min(plain.find_first_not_of(" \t\r\n"), plain.size()));
      if (trims_before) plain = plain.substr(0, plain.find_last_not_of(" \t\r\n") + 1);
      trims_left_ = false;
      if (!plain.empty()) blocks.push_back(Block{.kind = Block::Kind::text, .text = std::string(plain)});
      if (open == std::string_view::npos) {
        rest_ = {};
        ended_by_ = Ending::source;
        return blocks;
      }
      rest_.remove_prefix(open + 2);
      tokens_ = TRY(tokens_of(TRY(take_action())));
      at_ = 0;
      if (is_word("end") || is_word("else")) {
        ended_by_ = is_word("end") ? Ending::end : Ending::otherwise;
        ++at_;
        return blocks;
      }
      if (!tokens_.empty()) blocks.push_back(TRY(action()));
    }
  }

  Result<std::string_view> take_action() {
    std::size_t close = 0;
    char quote = 0;
    for (;; ++close) {  // "}}" inside quotes does not end it
      if (close + 1 >= rest_.size()) return invalid("unclosed action");
      char c = rest_[close];
      if (quote != 0 && c == '\\' && quote == '"') ++close;
      else if (quote != 0) quote = c == quote ? 0 : quote;
      else if (c == '"' || c == '`') quote = c;
      else if (c == '}' && rest_[close + 1] == '}') break;
    }
    std::string_view inside = rest_.substr(0, close);
    rest_.remove_prefix(close + 2);
    if (inside.starts_with("- ")) inside.remove_prefix(2);
    trims_left_ = inside.ends_with(" -");
    if (trims_left_) inside.remove_suffix(2);
    inside = trim(inside);
    if (inside.starts_with("/*") && inside.ends_with("*/")) inside = {};
    return inside;
  }

  bool is_word(std::string_view word) const {
    return at_ < tokens_.size() && tokens_[at_].kind == Token::Kind::word && tokens_[at_].text == word;
  }
  bool is_sign(std::string_view sign) const {
    return at_ < tokens_.size() && tokens_[at_].kind == Token::Kind::sign && tokens_[at_].text == sign;
  }

  Result<Block> action() {
    for (auto [word, kind] : {std::pair("if", Block::Kind::branch), std::pair("with", Block::Kind::with),
                              std::pair("range", Block::Kind::range)}) {
      if (!is_word(word)) continue;
      ++at_;
      return control(kind);
    }
    Block block{.kind = Block::Kind::print};
    TRY(assignment(block));
    if (!block.variable.empty()) block.kind = Block::Kind::assign;
    block.pipeline = TRY(whole_pipeline());
    return block;
  }

  // "$x :=" or "$i, $x :="
  Result<> assignment(Block& block) {
    bool one = at_ + 1 < tokens_.size() && tokens_[at_].kind == Token::Kind::variable;
    if (!one || (tokens_[at_ + 1].text != ":=" && tokens_[at_ + 1].text != ",")) return {};
    block.variable = tokens_[at_++].text;
    if (is_sign(",")) {
      ++at_;
      block.key = std::exchange(block.variable, at_ < tokens_.size() ? tokens_[at_].text : "");
      ++at_;
    }
    if (!is_sign(":=")) return invalid("expected :=");
    ++at_;
    return {};
  }

  Result<Block> control(Block::Kind kind) {
    Block block{.kind = kind};
    TRY(assignment(block));
    block.pipeline = TRY(whole_pipeline());
    block.body = TRY(list());
    if (ended_by_ == Ending::otherwise) {
      if (is_word("if")) {
        ++at_;
        block.otherwise.push_back(TRY(control(Block::Kind::branch)));
        return block;  // the inner one has taken the end of both
      }
      block.otherwise = TRY(list());
    }
    if (ended_by_ != Ending::end) return invalid("unexpected EOF");
    return block;
  }

  Result<Pipeline> whole_pipeline() {
    Pipeline all = TRY(pipeline());
    if (at_ != tokens_.size()) return invalid("unexpected \"{}\" in operand", tokens_[at_].text);
    return all;
  }

  Result<Pipeline> pipeline() {
    Pipeline out;
    for (;;) {
      out.commands.push_back(TRY(command()));
      if (!is_sign("|")) return out;
      ++at_;
    }
  }

  Result<Command> command() {
    Command out;
    while (at_ < tokens_.size() && !is_sign("|") && !is_sign(")")) out.operands.push_back(TRY(operand()));
    if (out.operands.empty()) return invalid("missing value for command");
    return out;
  }

  Result<Operand> operand() {
    using Kind = Operand::Kind;
    Operand out;
    Token token = tokens_[at_++];
    switch (token.kind) {
      case Token::Kind::space_field:
      case Token::Kind::field:
        if (!token.text.empty()) out.path.push_back(token.text);
        break;
      case Token::Kind::variable: out = {Kind::variable, token.text, {}}; break;
      case Token::Kind::text: out = {Kind::text, token.text, {}}; break;
      case Token::Kind::number: out = {Kind::number, token.text, {}}; break;
      case Token::Kind::word:
        out = {token.text == "true" || token.text == "false" ? Kind::truth
               : token.text == "nil"                         ? Kind::nil
                                                             : Kind::function,
               token.text,
               {}};
        break;
      case Token::Kind::sign:
        if (token.text != "(") return invalid("unexpected \"{}\" in operand", token.text);
        out.kind = Kind::group;
        out.group.push_back(TRY(pipeline()));
        if (!is_sign(")")) return invalid("unclosed left paren");
        ++at_;
        break;
    }
    while (at_ < tokens_.size() && tokens_[at_].kind == Token::Kind::field)
      out.path.push_back(tokens_[at_++].text);
    return out;
  }

  std::string_view rest_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  Ending ended_by_ = Ending::source;
  bool trims_left_ = false;
};

}  // namespace

Result<std::vector<Block>> parse_template(std::string_view source) { return Parser(source).parse(); }

}  // namespace podo::cli
