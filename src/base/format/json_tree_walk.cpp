// Trees compared and written: walks with stacks of their own.
#include "base/format/json_tree.h"
#include "base/format/json_tree_arena.h"
#include "base/format/json_writer.h"

namespace podo::json {
namespace {

bool same_number(const Item& a, const Item& b) {
  if (a.number() == b.number()) return true;
  if (const auto x = a.as_int64(), y = b.as_int64(); x || y) return x == y;
  const auto x = a.as_double(), y = b.as_double();
  return x && x == y;
}

bool same_scalar(const Item& a, const Item& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::boolean: return a.boolean() == b.boolean();
    case Kind::number: return same_number(a, b);
    case Kind::string: return a.string() == b.string();
    default: return a.size() == b.size();
  }
}

void append_string(std::string& out, std::string_view value, Escapes escapes) {
  if (escapes == Escapes::html) append_quoted_html(out, value);
  else append_quoted(out, value);
}

void append_scalar(std::string& out, const Item& item, Escapes escapes) {
  switch (item.kind()) {
    case Kind::boolean: out += item.boolean() ? "true" : "false"; return;
    case Kind::number: out += item.number(); return;
    case Kind::string: append_string(out, item.string(), escapes); return;
    default: out += "null";
  }
}

}  // namespace

bool same(const Item& a, const Item& b) {
  struct Pair {
    const Item *a, *b;
  };
  std::vector<Pair> todo = {{&a, &b}};
  while (!todo.empty()) {
    const auto [left, right] = todo.back();
    todo.pop_back();
    if (!same_scalar(*left, *right)) return false;
    const Item* other = right->first();
    for (const Item* i = left->first(); i != nullptr; i = i->next()) {
      const bool aligned = other != nullptr && (left->is(Kind::array) || other->key() == i->key());
      const Item* match = aligned ? other : right->find(i->key());
      if (match == nullptr) return false;
      todo.push_back({i, match});
      if (other != nullptr) other = other->next();
    }
  }
  return true;
}

void append_text(std::string& out, const Item& item, Escapes escapes) {
  struct Open {
    const Item* next;
    bool object, empty;
  };
  std::vector<Open> open;
  const auto begin = [&](const Item& value) {
    if (!value.is(Kind::array) && !value.is(Kind::object)) return append_scalar(out, value, escapes);
    out.push_back(value.is(Kind::object) ? '{' : '[');
    open.push_back({value.first(), value.is(Kind::object), true});
  };
  begin(item);
  while (!open.empty()) {
    Open& top = open.back();
    const Item* value = top.next;
    if (value == nullptr) {
      out.push_back(top.object ? '}' : ']');
      open.pop_back();
      continue;
    }
    top.next = value->next();
    if (!top.empty) out.push_back(',');
    top.empty = false;
    if (top.object) {
      append_string(out, value->key(), escapes);
      out.push_back(':');
    }
    begin(*value);
  }
}

}  // namespace podo::json
