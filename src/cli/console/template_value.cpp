#include "cli/console/template_value.h"

#include <algorithm>

#include "base/format/json_writer.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

using Kind = Datum::Kind;
using Arguments = std::vector<Datum>;

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string print(json::Value value) {
  switch (value.kind()) {
    case json::Kind::null: return "<nil>";
    case json::Kind::boolean: return value.boolean() ? "true" : "false";
    case json::Kind::number: return std::string(value.number());
    case json::Kind::string: return std::string(value.string());
    case json::Kind::array:
    case json::Kind::object: break;
  }
  std::vector<std::string> parts;
  for (json::Value item : value.is(json::Kind::array) ? value.items() : json::Value().items())
    parts.push_back(print(item));
  for (auto [key, item] : value.is(json::Kind::object) ? value.members() : json::Value().members())
    parts.push_back(std::string(key) + ":" + print(item));
  return (value.is(json::Kind::object) ? "map[" : "[") + join(parts, " ") + "]";
}

void write(json::Writer& out, const Datum& datum) {
  switch (datum.kind) {
    case Kind::none: out.null(); break;
    case Kind::json: out.value(datum.value); break;
    case Kind::text: out.string(datum.text); break;
    case Kind::number: out.number(datum.number); break;
    case Kind::truth: out.boolean(datum.truth); break;
    case Kind::list:
      out.array();
      for (const Datum& item : datum.list) write(out, item);
      out.end();
      break;
  }
}

Result<Datum> index(const Arguments& arguments) {
  Datum at = arguments[0];
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (at.kind == Kind::json && at.value.is(json::Kind::object)) {
      json::Value found = at.value.find(arguments[i].text);
      at = found.present() ? Datum::of(found) : Datum::of_text("");
      continue;
    }
    std::vector<Datum> items = at.items();
    auto place = static_cast<std::int64_t>(arguments[i].as_number().value_or(-1));
    if (at.kind == Kind::none) return invalid("error calling index: index of untyped nil");
    if (place < 0 || place >= static_cast<std::int64_t>(items.size()))
      return invalid("error calling index: index out of range: {}", place);
    at = items[static_cast<std::size_t>(place)];
  }
  return at;
}

bool equal(const Datum& a, const Datum& b) {
  auto x = a.as_number(), y = b.as_number();
  if (x && y) return *x == *y;
  return a.print() == b.print();
}

bool less(const Datum& a, const Datum& b) {
  auto x = a.as_number(), y = b.as_number();
  return x && y ? *x < *y : a.print() < b.print();
}

Result<Datum> compare(std::string_view how, const Arguments& a) {
  if (a.size() < 2) return invalid("wrong number of args for {}", how);
  if (how == "eq") {
    auto same = [&](const Datum& other) { return equal(a[0], other); };
    return Datum::of_truth(std::any_of(a.begin() + 1, a.end(), same));
  }
  if (how == "ne") return Datum::of_truth(!equal(a[0], a[1]));
  if (how == "lt") return Datum::of_truth(less(a[0], a[1]));
  if (how == "ge") return Datum::of_truth(!less(a[0], a[1]));
  if (how == "gt") return Datum::of_truth(less(a[1], a[0]));
  return Datum::of_truth(!less(a[1], a[0]));
}

std::string printed(const Arguments& arguments, bool with_blanks) {
  std::vector<std::string> parts;
  for (const Datum& argument : arguments) parts.push_back(argument.print());
  return join(parts, with_blanks ? " " : "");
}

// %s %v %d %q %%, each with a width: "%-20s"
Result<Datum> formatted(const Arguments& arguments) {
  std::string_view format = arguments[0].text;
  std::string out;
  std::size_t next = 1;
  for (std::size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      out += format[at];
      continue;
    }
    std::size_t end = std::min(format.find_first_of("svdq%", at + 1), format.size() - 1);
    std::string_view width = format.substr(at + 1, end - at - 1);
    at = end;
    if (format[end] == '%') {
      out += '%';
      continue;
    }
    std::string value = next < arguments.size() ? arguments[next].print() : "%!(MISSING)";
    if (format[end] == 'q') value = Datum::of_text(value).to_json();
    ++next;
    bool left = width.starts_with('-');
    std::size_t wide = 0;
    for (char c : width) wide = c >= '0' && c <= '9' ? wide * 10 + static_cast<std::size_t>(c - '0') : wide;
    if (value.size() < wide) value.insert(left ? value.size() : 0, wide - value.size(), ' ');
    out += value;
  }
  return Datum::of_text(out);
}

Result<Datum> changed(std::string_view name, const Arguments& a) {
  std::string text = a[0].print();
  if (name == "upper") std::ranges::transform(text, text.begin(), upper);
  if (name == "lower") std::ranges::transform(text, text.begin(), lower);
  if (name == "title" && !text.empty()) text[0] = upper(text[0]);
  auto number = [&](std::size_t i) {
    return i < a.size() ? static_cast<std::size_t>(std::max(a[i].as_number().value_or(0), 0.0)) : 0;
  };
  // The text comes last through a pipe, and first when it is written as an argument.
  if (name == "truncate")
    text = (a[0].kind == Kind::text ? a[0] : a.back())
               .print()
               .substr(0, number(a[0].kind == Kind::text ? 1 : 0));
  if (name == "pad") text = std::string(number(1), ' ') + text + std::string(number(2), ' ');
  return Datum::of_text(text);
}

Result<Datum> joined(const Arguments& a) {
  std::vector<std::string> parts;
  for (const Datum& item : a[0].items()) parts.push_back(item.print());
  return Datum::of_text(join(parts, a.size() > 1 ? a[1].print() : ""));
}

Result<Datum> divided(const Arguments& a) {
  Datum list{.kind = Kind::list};
  std::string_view text = a[0].text, separator = a.size() > 1 ? std::string_view(a[1].text) : "";
  if (separator.empty()) return invalid("split needs a separator");
  for (;;) {
    std::size_t end = text.find(separator);
    list.list.push_back(Datum::of_text(std::string(text.substr(0, end))));
    if (end == std::string_view::npos) return list;
    text.remove_prefix(end + separator.size());
  }
}

Result<Datum> part(const Arguments& a) {
  auto place = [&](std::size_t i, std::size_t otherwise) {
    return i < a.size() ? static_cast<std::size_t>(std::max(a[i].as_number().value_or(0), 0.0)) : otherwise;
  };
  std::size_t size = a[0].size(), first = place(1, 0), last = place(2, size);
  if (first > last || last > size) return invalid("error calling slice: index out of range");
  if (a[0].kind == Kind::text) return Datum::of_text(a[0].text.substr(first, last - first));
  std::vector<Datum> items = a[0].items();
  return Datum{.kind = Kind::list,
               .list = {items.begin() + static_cast<std::ptrdiff_t>(first),
                        items.begin() + static_cast<std::ptrdiff_t>(last)}};
}

}  // namespace

Datum Datum::of(json::Value value) {
  if (!value.present() || value.kind() == json::Kind::null) return {};
  if (value.is(json::Kind::string)) return of_text(std::string(value.string()));
  if (value.is(json::Kind::boolean)) return of_truth(value.boolean());
  return {.kind = Kind::json, .value = value};
}

bool Datum::is_true() const {
  switch (kind) {
    case Kind::none: return false;
    case Kind::json: return value.is(json::Kind::number) ? as_number() != 0.0 : value.size() > 0;
    case Kind::text: return !text.empty();
    case Kind::number: return number != 0;
    case Kind::truth: return truth;
    case Kind::list: return !list.empty();
  }
  return false;
}

std::string Datum::print() const {
  switch (kind) {
    case Kind::none: return "<no value>";
    case Kind::json: return cli::print(value);
    case Kind::text: return text;
    case Kind::number: return podo::text("{}", number);
    case Kind::truth: return truth ? "true" : "false";
    case Kind::list: return "[" + printed(list, true) + "]";
  }
  return {};
}

std::string Datum::to_json() const {
  json::Writer out;
  write(out, *this);
  return out.take();
}

std::size_t Datum::size() const {
  if (kind == Kind::text) return text.size();
  return kind == Kind::list ? list.size() : value.size();
}

std::optional<double> Datum::as_number() const {
  if (kind == Kind::number) return static_cast<double>(number);
  if (kind == Kind::json) return value.as_double();
  return std::nullopt;
}

std::vector<Datum> Datum::items() const {
  if (kind == Kind::list) return list;
  std::vector<Datum> items;
  for (std::size_t i = 0; kind == Kind::json && i < value.size(); ++i) items.push_back(of(value.at(i)));
  return items;
}

std::optional<Result<Datum>> call_function(std::string_view name, Arguments a) {
  auto is = [&](std::initializer_list<std::string_view> names) { return std::ranges::contains(names, name); };
  if (is({"and", "or"})) {
    auto decides = [&](const Datum& datum) { return datum.is_true() == (name == "or"); };
    auto found = std::ranges::find_if(a, decides);
    return a.empty() ? Datum() : found != a.end() ? *found : a.back();
  }
  if (is({"eq", "ne", "lt", "le", "gt", "ge"})) return compare(name, a);
  if (name == "println") return Datum::of_text(printed(a, true) + "\n");
  if (name == "print") return Datum::of_text(printed(a, false));
  constexpr std::string_view others[] = {"json",  "len",      "index", "not",    "upper", "lower", "title",
                                         "split", "truncate", "pad",   "printf", "join",  "slice"};
  if (!std::ranges::contains(others, name)) return std::nullopt;
  if (a.empty()) return invalid("wrong number of args for {}: want at least 1 got 0", name);
  if (name == "json") return Datum::of_text(a[0].to_json());
  if (name == "len") return Datum::of_number(static_cast<std::int64_t>(a[0].size()));
  if (name == "index") return index(a);
  if (name == "not") return Datum::of_truth(!a[0].is_true());
  if (name == "join") return joined(a);
  if (name == "split") return divided(a);
  if (name == "slice") return part(a);
  if (name == "printf") return formatted(a);
  return changed(name, a);
}

}  // namespace podo::cli
