// fieldsV1, the form of a set in managedFields:
//
//   set   := { STEP: set, ... }      {} at the end of a path; "." says that a path ends here and goes on, too
//   STEP  := "f:" NAME | "k:" { NAME: scalar, ... } | "v:" scalar | "i:" NUMBER | "."
//
// Keys' members stand by name. Members of a set stand in the order of their steps.
#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/format/json_writer.h"
#include "model/patch/path_set.h"

namespace podo::patch {
namespace {

// Numbers, strings, booleans, null: how values of different kinds are ordered.
int rank_of(std::string_view value) {
  if (value.empty()) return 0;
  switch (value.front()) {
    case '"': return 1;
    case 't':
    case 'f': return 2;
    case '[': return 3;
    case '{': return 4;
    case 'n': return 5;
    default: return 0;
  }
}

int sign(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

std::string_view inside(std::string_view quoted) {
  return quoted.size() < 2 ? quoted : quoted.substr(1, quoted.size() - 2);
}

int compare_numbers(std::string_view a, std::string_view b) {
  std::int64_t left = 0, right = 0;
  const auto read = [](std::string_view text, std::int64_t& value) {
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    return end.ec == std::errc() && end.ptr == text.data() + text.size();
  };
  if (read(a, left) && read(b, right)) return left < right ? -1 : left > right ? 1 : 0;
  const double x = std::strtod(std::string(a).c_str(), nullptr);
  const double y = std::strtod(std::string(b).c_str(), nullptr);
  return x < y ? -1 : x > y ? 1 : sign(a.compare(b));
}

int compare_values(std::string_view a, std::string_view b) {
  if (a == b) return 0;
  const int left = rank_of(a), right = rank_of(b);
  if (left != right) return left < right ? -1 : 1;
  if (left == 0) return compare_numbers(a, b);
  return left == 1 ? sign(inside(a).compare(inside(b))) : sign(a.compare(b));
}

int compare_keys(std::string_view a, std::string_view b) {
  KeyScanner left(a), right(b);
  for (;;) {
    const bool more = left.next(), more_right = right.next();
    if (!more || !more_right) return more == more_right ? 0 : more ? 1 : -1;
    if (const int order = left.name.compare(right.name); order != 0) return sign(order);
    if (const int order = compare_values(left.value, right.value); order != 0) return order;
  }
}

// Where a scalar ends that stands at the front; 0 when there is none.
std::size_t scalar_size(std::string_view text) {
  if (text.empty()) return 0;
  if (text.front() != '"') return std::min(text.find_first_of(",}"), text.size());
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') ++i;
    else if (text[i] == '"') return i + 1;
  }
  return 0;
}

bool is_plain_scalar(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"') {
    return text.find('\\') == std::string_view::npos && text.find('"', 1) == text.size() - 1;
  }
  if (text == "true" || text == "false" || text == "null") return true;
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || digits.size() > 18 || (digits.front() == '0' && text.size() > 1)) return false;
  return std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

// It has the one spelling that we write, without a look at what is rare: escapes, fractions.
bool is_plain_key(std::string_view text) {
  if (!text.starts_with("{\"") || !text.ends_with('}')) return false;
  std::string_view before;
  std::size_t size = 1;
  for (KeyScanner scanner(text); scanner.next();) {
    if (scanner.name <= before || !is_plain_scalar(scanner.value)) return false;
    if (scanner.name.find('\\') != std::string_view::npos) return false;
    before = scanner.name;
    size += scanner.name.size() + scanner.value.size() + 4;  // quotes, colon, comma or brace
  }
  return size == text.size();
}

void append_scalar(std::string& out, const json::Item& value) {
  json::append_text(out, value, json::Escapes::html);
}

Result<Step> respelled(Arena& arena, Step::Kind kind, std::string_view text) {
  json::Tree tree = TRY(json::Tree::parse(std::string(text)));
  if (kind == Step::Kind::key && !tree.root().is(json::Kind::object)) {
    return invalid("a key is an object, not {}", text);
  }
  tree.root().sort_members();
  std::string spelled;
  append_scalar(spelled, tree.root());
  return Step{kind, arena.text(spelled)};
}

// False: of a kind nobody knows.
Result<bool> read_step(Arena& arena, std::string_view text, Step& step) {
  if (text.size() < 2 || text[1] != ':') return invalid("missing colon: {}", text);
  const std::string_view rest = text.substr(2);
  switch (text.front()) {
    case 'f': step = {Step::Kind::field, rest}; return true;
    case 'i':
      if (!is_plain_scalar(rest) || rank_of(rest) != 0) return invalid("{} is no index", rest);
      step = {Step::Kind::index, rest};
      return true;
    case 'v':
      step = {Step::Kind::value, rest};
      if (!is_plain_scalar(rest)) step = TRY(respelled(arena, step.kind, rest));
      return true;
    case 'k':
      step = {Step::Kind::key, rest};
      if (!is_plain_key(rest)) step = TRY(respelled(arena, step.kind, rest));
      return true;
    default: return false;
  }
}

struct ReadNode {
  bool member = false;
  PathSet children;
};

Result<ReadNode> read_node(Arena& arena, const json::Item& fields) {
  if (!fields.is(json::Kind::object)) return invalid("fieldsV1 holds something that is no object");
  ReadNode node;
  PathList made;
  for (const json::Item* item = fields.first(); item != nullptr; item = item->next()) {
    if (item->key() == ".") {
      node.member = true;
      continue;
    }
    Step step;
    if (!TRY(read_step(arena, item->key(), step))) continue;
    const ReadNode child = TRY(read_node(arena, *item));
    if (made.last() == nullptr || compare(made.last()->step, step) < 0) {
      made.append(arena, step, child.member, child.children);
    } else {  // not written by us, or by a server of Kubernetes
      PathList one;
      one.append(arena, step, child.member, child.children);
      const PathSet all = unite(arena, made.set(), one.set());
      made = PathList();
      for (const PathNode* i = all.first(); i != nullptr; i = i->next) {
        made.append(arena, i->step, i->member, PathSet(i->children));
      }
    }
  }
  node.children = made.set();
  if (made.empty()) node.member = true;
  return node;
}

void write_level(json::Item& into, PathSet set, std::string& key) {
  constexpr std::string_view prefixes[] = {"f:", "k:", "v:", "i:"};
  for (const PathNode* node = set.first(); node != nullptr; node = node->next) {
    key.assign(prefixes[static_cast<std::size_t>(node->step.kind)]).append(node->step.text);
    json::Item& made = into.add(key);
    made.set_object();
    if (node->children == nullptr) continue;
    if (node->member) made.add(".").set_object();
    write_level(made, PathSet(node->children), key);
  }
}

}  // namespace

bool KeyScanner::next() {
  if (rest.size() < 2 || (rest.front() != '{' && rest.front() != ',') || rest[1] != '"') return false;
  rest.remove_prefix(1);
  const std::size_t name_size = scalar_size(rest);
  if (name_size < 2 || name_size >= rest.size() || rest[name_size] != ':') return false;
  name = inside(rest.substr(0, name_size));
  rest.remove_prefix(name_size + 1);
  const std::size_t value_size = scalar_size(rest);
  value = rest.substr(0, value_size);
  rest.remove_prefix(value_size);
  return value_size != 0;
}

int compare(const Step& a, const Step& b) {
  if (a.kind != b.kind) return a.kind < b.kind ? -1 : 1;
  switch (a.kind) {
    case Step::Kind::field: return sign(a.text.compare(b.text));
    case Step::Kind::key: return a.text == b.text ? 0 : compare_keys(a.text, b.text);
    case Step::Kind::value: return compare_values(a.text, b.text);
    case Step::Kind::index: return compare_numbers(a.text, b.text);
  }
  return 0;
}

Result<PathSet> read_fields(Arena& arena, const json::Item& fields_v1) {
  return TRY(read_node(arena, fields_v1)).children;
}

void write_fields(json::Item& into, PathSet set) {
  std::string key;
  into.set_object();
  write_level(into, set, key);
}

}  // namespace podo::patch
