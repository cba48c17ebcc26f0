// JSON values as YAML text, in the look that sigs.k8s.io/yaml gives them: keys sorted, lists at the column of
// their key, strings plain where nobody would take them for something else.
#include <algorithm>
#include <vector>

#include "base/format/json_writer.h"
#include "cluster/api_request/answer.h"

namespace podo::apiserver {
namespace {

using json::Item;
using json::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Words that YAML 1.1 takes for null or a boolean.
bool is_reserved(std::string_view text) {
  constexpr std::string_view words[] = {"", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"};
  std::string low(text);
  for (char& c : low)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::find(std::begin(words), std::end(words), low) != std::end(words) || low == "<<" || low == "=";
}

// What begins as a number, a date or a special float; too many of them do not matter, they are quoted.
bool may_be_number(std::string_view text) {
  const std::size_t sign = text.front() == '-' || text.front() == '+';
  if (sign < text.size() && is_digit(text[sign])) {
    const auto in_numbers = [](char c) {
      return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
             std::string_view("xob._+-:TtZ ").find(c) != std::string_view::npos;
    };
    return std::all_of(text.begin(), text.end(), in_numbers);
  }
  return sign < text.size() && text[sign] == '.';
}

bool is_plain_text(std::string_view text) {
  constexpr std::string_view indicators = "-?:,[]{}#&*!|>'\"%@`";
  const char first = text.front();
  const bool opens = indicators.find(first) != std::string_view::npos;
  const bool harmless = (first == '-' || first == '?' || first == ':') && text.size() > 1 && text[1] != ' ';
  if (opens && !harmless) return false;
  if (first == ' ' || text.back() == ' ' || text.back() == ':' || text.starts_with("---") ||
      text.starts_with("..."))
    return false;
  return text.find(": ") == std::string_view::npos && text.find(" #") == std::string_view::npos;
}

bool has_control(std::string_view text, bool line_ends_too) {
  return std::any_of(text.begin(), text.end(), [line_ends_too](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && (c != '\n' || line_ends_too)) || c == 0x7f;
  });
}

class YamlText {
 public:
  void document(const Item& item) {
    if (item.is(Kind::object) || item.is(Kind::array)) container(item, 0);
    else scalar(item, 0), out_ += '\n';
  }
  std::string take() { return std::move(out_); }

 private:
  void container(const Item& item, std::size_t indent) {
    if (item.size() == 0) out_ += item.is(Kind::object) ? "{}\n" : "[]\n";
    else if (item.is(Kind::object)) members(item, indent);
    else items(item, indent);
  }

  // The first line goes on where the text stands.
  void members(const Item& object, std::size_t indent) {
    std::vector<const Item*> sorted;
    for (const Item* i = object.first(); i != nullptr; i = i->next()) sorted.push_back(i);
    std::sort(sorted.begin(), sorted.end(), [](const Item* a, const Item* b) { return a->key() < b->key(); });
    bool begun = false;
    for (const Item* member : sorted) {
      if (std::exchange(begun, true)) out_.append(indent, ' ');
      string(member->key(), indent);
      out_ += ':';
      if (is_nested(*member)) {
        const std::size_t inner = member->is(Kind::object) ? indent + 2 : indent;
        out_ += '\n';
        out_.append(inner, ' ');
        container(*member, inner);
      } else {
        out_ += ' ';
        value(*member, indent);
      }
    }
  }

  void items(const Item& array, std::size_t indent) {
    bool begun = false;
    for (const Item* item = array.first(); item != nullptr; item = item->next()) {
      if (std::exchange(begun, true)) out_.append(indent, ' ');
      out_ += "- ";
      if (is_nested(*item)) container(*item, indent + 2);
      else value(*item, indent);
    }
  }

  static bool is_nested(const Item& item) {
    return (item.is(Kind::object) || item.is(Kind::array)) && item.size() != 0;
  }

  void value(const Item& item, std::size_t indent) {
    if (item.is(Kind::object) || item.is(Kind::array)) return container(item, indent);
    scalar(item, indent);
    if (out_.back() != '\n' || !literal_) out_ += '\n';
    literal_ = false;
  }

  void scalar(const Item& item, std::size_t indent) {
    switch (item.kind()) {
      case Kind::null: out_ += "null"; break;
      case Kind::boolean: out_ += item.boolean() ? "true" : "false"; break;
      case Kind::number: out_ += item.number(); break;
      default: string(item.string(), indent, true);
    }
  }

  void string(std::string_view text, std::size_t indent, bool may_be_literal = false) {
    const bool lines = text.find('\n') != std::string_view::npos;
    if (lines && may_be_literal && is_literal(text)) return literal(text, indent);
    if (lines || has_control(text, true) || is_reserved(text) || may_be_number(text))
      return json::append_quoted(out_, text);
    if (is_plain_text(text)) out_ += text;
    else single_quoted(text);
  }

  static bool is_literal(std::string_view text) {
    return !has_control(text, false) && text.front() != ' ' && text.front() != '\n' &&
           text.find(" \n") == std::string_view::npos && text.back() != ' ';
  }

  void literal(std::string_view text, std::size_t indent) {
    out_ += text.ends_with("\n\n") ? "|+\n" : text.ends_with('\n') ? "|\n" : "|-\n";
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      if (end != 0) out_.append(indent + 2, ' ').append(text.substr(0, end));
      out_ += '\n';
      text.remove_prefix(std::min(text.size(), end + 1));
    }
    literal_ = true;
  }

  void single_quoted(std::string_view text) {
    out_ += '\'';
    for (const char c : text) out_ += c == '\'' ? "''" : std::string(1, c);
    out_ += '\'';
  }

  std::string out_;
  bool literal_ = false;  // what was written last has ended its line
};

void append_pretty(std::string& out, const Item& item, std::size_t indent) {
  const bool object = item.is(Kind::object);
  if ((!object && !item.is(Kind::array)) || item.size() == 0)
    return append_text(out, item, json::Escapes::html);
  out += object ? '{' : '[';
  for (const Item* i = item.first(); i != nullptr; i = i->next()) {
    out += i == item.first() ? "\n" : ",\n";
    out.append(indent + 2, ' ');
    if (object) {
      json::append_quoted_html(out, i->key());
      out += ": ";
    }
    append_pretty(out, *i, indent + 2);
  }
  out += '\n';
  out.append(indent, ' ');
  out += object ? '}' : ']';
}

}  // namespace

std::string to_yaml(const Item& object) {
  YamlText text;
  text.document(object);
  return text.take();
}

std::string to_pretty(const Item& object) {
  std::string out;
  append_pretty(out, object, 0);
  return out;
}

}  // namespace podo::apiserver
