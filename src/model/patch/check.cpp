// Whether what a client applies fits the schema, in the words of structured merge.
#include <algorithm>
#include <vector>

#include "model/patch/strategic_patch.h"
#include "model/patch/typed.h"

namespace podo::patch {
namespace {

using json::Item;
using json::Kind;

constexpr std::size_t findings_max = 100;

class Checker {
 public:
  explicit Checker(Arena& arena) : arena_(arena) {}
  void visit(const Place& place, const Item& value);
  Result<> outcome() const;

 private:
  void scalar(const Place& place, const Item& value);
  void members(const Place& place, const Item& value);
  void items(const Place& place, const Item& value);
  template <class... A>
  void wrong(Pattern<A...> pattern, const A&... arguments) {
    add(text(pattern, arguments...));
  }
  void add(const std::string& what);
  void below(const Step& step, const Place& place, const Item& value);

  Arena& arena_;
  std::vector<Step> path_;  // text only when something is wrong
  std::vector<std::string> findings_;
};

// As %T and %#v print it.
std::string_view go_type(const Item& item) {
  switch (item.kind()) {
    case Kind::null: return "<nil>";
    case Kind::boolean: return "bool";
    case Kind::number:
      return item.as_int64() && item.number().find_first_of(".eE") == std::string_view::npos ? "int64"
                                                                                             : "float64";
    case Kind::string: return "string";
    case Kind::array: return "[]interface {}";
    case Kind::object: return "map[string]interface {}";
  }
  return "";
}

std::string go_syntax(const Item& item) {
  std::string out;
  if (item.is(Kind::object) || item.is(Kind::array)) out = go_type(item);
  json::append_text(out, item);
  return out;
}

void Checker::scalar(const Place& place, const Item& value) {
  using K = schema::Kind;
  switch (place.type->kind) {
    case K::int32:
    case K::int64:
    case K::number:
      if (!value.is(Kind::number)) wrong("expected numeric (int or float), got {}", go_type(value));
      return;
    case K::boolean:
      if (!value.is(Kind::boolean)) wrong("expected boolean, got {}", go_type(value));
      return;
    case K::string:
    case K::bytes:
      if (!value.is(Kind::string)) {
        wrong("expected string, got &value.valueUnstructured{{Value:{}}}", go_syntax(value));
      }
      return;
    case K::quantity:
    case K::int_or_string:
    case K::time:
    case K::micro_time:
    case K::duration:
      if (value.is(Kind::object) || value.is(Kind::array)) {
        wrong("expected any scalar, got &{{{}}}", strategic::go_text(value));
      }
      return;
    default: return;
  }
}

void Checker::add(const std::string& what) {
  if (findings_.size() == findings_max) return;
  std::string finding;
  for (const Step& step : path_) append_step(finding, step);
  if (!finding.empty()) finding += ": ";
  findings_.push_back(finding + what);
}

void Checker::below(const Step& step, const Place& place, const Item& value) {
  path_.push_back(step);
  visit(place, value);
  path_.pop_back();
}

void Checker::members(const Place& place, const Item& value) {
  if (!value.is(Kind::object)) return wrong("expected map, got &{{{}}}", strategic::go_text(value));
  const schema::Struct* const type = place.type->kind == schema::Kind::object ? place.type->object : nullptr;
  for (const Item* i = value.first(); i != nullptr; i = i->next()) {
    const schema::Field* const field = type != nullptr ? type->find(i->key()) : nullptr;
    if (type != nullptr && field == nullptr) {
      if (type->root && (i->key() == "kind" || i->key() == "apiVersion")) continue;
      path_.push_back({Step::Kind::field, i->key()});
      wrong("field not declared in schema");
      path_.pop_back();
      continue;
    }
    below({Step::Kind::field, i->key()}, field != nullptr ? Place{&field->type, field} : place.item(), *i);
  }
}

void Checker::items(const Place& place, const Item& value) {
  if (!value.is(Kind::array)) return wrong("expected list, got &{{{}}}", strategic::go_text(value));
  const bool has_steps = form_of(place, &value) != Form::leaf;
  std::vector<Step> seen;
  std::size_t index = 0;
  for (const Item* i = value.first(); i != nullptr; i = i->next(), ++index) {
    Step step = {Step::Kind::index, {}};
    if (has_steps) {
      const auto made = step_of(arena_, place, *i);
      if (!made) {
        wrong("element {}: {}", index, made.error().message());
        continue;
      }
      step = *made;
      seen.push_back(step);
    } else {
      step.text = arena_.text(text("{}", index));
    }
    below(step, place.item(), *i);
  }
  const auto before = [](const Step& a, const Step& b) { return compare(a, b) < 0; };
  if (!std::ranges::is_sorted(seen, before)) std::ranges::sort(seen, before);
  for (std::size_t i = 1; i < seen.size(); ++i) {
    if (compare(seen[i - 1], seen[i]) != 0) continue;
    std::string key;
    append_step(key, seen[i]);
    wrong("duplicate entries for key {}", key);
  }
}

void Checker::visit(const Place& place, const Item& value) {
  if (value.is(Kind::null) || place.type == nullptr) return;
  switch (place.type->kind) {
    case schema::Kind::object:
      if (!place.type->object->custom_json) members(place, value);
      return;
    case schema::Kind::map: return members(place, value);
    case schema::Kind::list: return items(place, value);
    default: return scalar(place, value);
  }
}

Result<> Checker::outcome() const {
  if (findings_.empty()) return {};
  if (findings_.size() == 1) return invalid("{}", findings_.front());
  std::string all = "errors:";
  for (const std::string& finding : findings_) all.append("\n  ").append(finding);
  return invalid("{}", all);
}

}  // namespace

Result<> check_typed(Arena& arena, const Place& root, const Item& wanted) {
  Checker checker(arena);
  checker.visit(root, wanted);
  return checker.outcome();
}

}  // namespace podo::patch
