#include "model/kube/selectors.h"

#include <algorithm>
#include <charconv>

#include "base/format/json_writer.h"
#include "model/kube/names.h"
#include "model/kube/path.h"

namespace podo::kube {
namespace {

std::string quoted(std::string_view value) {
  std::string out;
  json::append_quoted(out, value);
  return out;
}

std::optional<std::int64_t> integer_of(std::string_view value) {
  std::int64_t number = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
  if (read.ec != std::errc() || read.ptr != value.data() + value.size()) return std::nullopt;
  return number;
}

Result<> check(const Requirement& requirement) {
  if (const Messages wrong = check_qualified_name(requirement.key); !wrong.empty()) {
    return invalid("<nil>: Invalid value: {}: {}", quoted(requirement.key), wrong.front());
  }
  switch (requirement.op) {
    case Operator::in:
    case Operator::not_in:
      if (!requirement.values.empty()) break;
      return invalid("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
    case Operator::greater:
    case Operator::less:
      if (integer_of(requirement.values[0])) break;
      return invalid("values[0]: Invalid value: {}: for 'Gt', 'Lt' operators, the value must be an integer",
                     quoted(requirement.values[0]));
    default: break;
  }
  for (std::size_t i = 0; i < requirement.values.size(); ++i) {
    const Messages wrong = check_label_value(requirement.values[i]);
    if (wrong.empty()) continue;
    return invalid("values[{}][{}]: Invalid value: {}: {}", i, requirement.key, quoted(requirement.values[i]),
                   wrong.front());
  }
  return {};
}

// A query, word by word. Among values, "in" and "notin" are words like any other.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  Result<std::vector<Requirement>> read() {
    std::vector<Requirement> found;
    for (;;) {
      const std::string_view word = peek();
      if (word.empty()) return found;
      if (word != "!" && is_symbol(word)) {
        return invalid("found '{}', expected: !, identifier, or 'end of string'", word);
      }
      found.push_back(TRY_IN("unable to parse requirement", requirement()));
      const std::string_view after = take();
      if (after.empty()) return found;
      if (after != ",") return invalid("found '{}', expected: ',' or 'end of string'", after);
      const std::string_view next = peek();
      if (next.empty() || (next != "!" && is_symbol(next))) {
        return invalid("found '{}', expected: identifier after ','", next);
      }
    }
  }

 private:
  static bool is_special(char c) { return std::string_view("=!(),><").contains(c); }
  static bool is_symbol(std::string_view word) { return is_special(word.front()); }

  std::string_view peek() {
    while (!rest_.empty() && std::string_view(" \t\r\n").contains(rest_.front())) rest_.remove_prefix(1);
    if (rest_.empty()) return {};
    if (rest_.starts_with("==") || rest_.starts_with("!=")) return rest_.substr(0, 2);
    if (is_special(rest_.front())) return rest_.substr(0, 1);
    return rest_.substr(0, rest_.find_first_of("=!(),>< \t\r\n"));
  }
  std::string_view take() {
    const std::string_view word = peek();
    rest_.remove_prefix(word.size());
    return word;
  }

  Result<Requirement> requirement() {
    Requirement made;
    std::string_view word = take();
    if (word == "!") {
      made.op = Operator::does_not_exist;
      word = take();
    }
    if (word.empty() || is_symbol(word)) return invalid("found '{}', expected: identifier", word);
    made.key = word;
    TRY(check({.key = made.key, .op = Operator::exists, .values = {}}));
    if (const std::string_view next = peek(); !next.empty() && next != ",") {
      made.op = TRY(operation(take()));
      if (made.op == Operator::in || made.op == Operator::not_in) made.values = TRY(values());
      else made.values.push_back(TRY(value()));
    }
    TRY(check(made));
    return made;
  }

  static Result<Operator> operation(std::string_view word) {
    if (word == "in") return Operator::in;
    if (word == "notin") return Operator::not_in;
    if (word == "=" || word == "==") return Operator::equals;
    if (word == "!=") return Operator::not_equals;
    if (word == ">") return Operator::greater;
    if (word == "<") return Operator::less;
    return invalid("found '{}', expected: in, notin, =, ==, !=, gt, lt", word);
  }

  Result<std::string> value() {
    if (const std::string_view next = peek(); next.empty() || next == ",") return std::string();
    const std::string_view word = take();
    if (is_symbol(word)) return invalid("found '{}', expected: identifier", word);
    return std::string(word);
  }

  Result<std::vector<std::string>> values() {
    if (const std::string_view open = take(); open != "(") return invalid("found '{}' expected: '('", open);
    std::vector<std::string> found;
    if (peek() == ")") return take(), found;
    for (bool expects_value = true;;) {
      const std::string_view word = take();
      if (word == ")" || word == ",") {
        if (expects_value) found.emplace_back();
        expects_value = true;
        if (word == ")") break;
      } else if (word.empty() || is_symbol(word)) {
        return invalid("found '{}', expected: ',', ')' or identifier", word);
      } else if (!expects_value) {
        return invalid("found '{}', expected: ',' or ')'", word);
      } else {
        found.emplace_back(word);
        expects_value = false;
      }
    }
    std::ranges::sort(found);
    found.erase(std::ranges::unique(found).begin(), found.end());
    return found;
  }

  std::string_view rest_;
};

bool has_value(const Requirement& requirement, std::string_view value) {
  return std::ranges::binary_search(requirement.values, value, {},
                                    [](const std::string& v) { return std::string_view(v); });
}

std::string text_of(const Requirement& requirement) {
  std::string values;
  for (const std::string& value : requirement.values)
    values += (values.empty() && &value == &requirement.values[0] ? "" : ",") + value;
  switch (requirement.op) {
    case Operator::in: return text("{} in ({})", requirement.key, values);
    case Operator::not_in: return text("{} notin ({})", requirement.key, values);
    case Operator::equals: return text("{}={}", requirement.key, values);
    case Operator::not_equals: return text("{}!={}", requirement.key, values);
    case Operator::exists: return requirement.key;
    case Operator::does_not_exist: return "!" + requirement.key;
    case Operator::greater: return text("{}>{}", requirement.key, values);
    case Operator::less: return text("{}<{}", requirement.key, values);
  }
  return "";
}

}  // namespace

Labels labels_of(const json::Item* labels) {
  Labels all;
  for (const json::Item& label : children(labels))
    all.emplace_back(std::string(label.key()), std::string(label.string_or("")));
  std::ranges::sort(all);
  return all;
}

const std::string* find_label(const Labels& labels, std::string_view key) {
  const auto found = std::ranges::lower_bound(
      labels, key, {}, [](const auto& label) { return std::string_view(label.first); });
  return found != labels.end() && found->first == key ? &found->second : nullptr;
}

bool Requirement::holds(std::optional<std::string_view> value) const {
  switch (op) {
    case Operator::in:
    case Operator::equals: return value && has_value(*this, *value);
    case Operator::not_in:
    case Operator::not_equals: return !value || !has_value(*this, *value);
    case Operator::exists: return value.has_value();
    case Operator::does_not_exist: return !value;
    case Operator::greater:
    case Operator::less: {
      const auto number = value ? integer_of(*value) : std::nullopt;
      const auto bound = values.empty() ? std::nullopt : integer_of(values[0]);
      if (!number || !bound) return false;
      return op == Operator::greater ? *number > *bound : *number < *bound;
    }
  }
  return false;
}

Result<LabelSelector> LabelSelector::parse(std::string_view query) {
  LabelSelector made;
  made.requirements_ = TRY(Reader(query).read());
  made.sort();
  return made;
}

LabelSelector LabelSelector::of_labels(const json::Item* labels) {
  LabelSelector made;
  for (const json::Item& label : children(labels)) {
    made.requirements_.push_back(
        {std::string(label.key()), Operator::equals, {std::string(label.string_or(""))}});
  }
  made.sort();
  return made;
}

Result<LabelSelector> LabelSelector::of(const json::Item* selector) {
  if (selector == nullptr) {
    LabelSelector nothing;
    nothing.nothing_ = true;
    return nothing;
  }
  LabelSelector made = of_labels(selector->find("matchLabels"));
  for (const json::Item& expression : children(selector->find("matchExpressions"))) {
    Requirement requirement = {
        .key = std::string(text_at(expression, "key")), .op = Operator::in, .values = {}};
    const std::string_view op = text_at(expression, "operator");
    if (op == "NotIn") requirement.op = Operator::not_in;
    else if (op == "Exists") requirement.op = Operator::exists;
    else if (op == "DoesNotExist") requirement.op = Operator::does_not_exist;
    else if (op != "In") return invalid("{} is not a valid label selector operator", quoted(op));
    for (const json::Item& value : children(expression.find("values"))) {
      requirement.values.emplace_back(value.string_or(""));
    }
    std::ranges::sort(requirement.values);
    TRY(kube::check(requirement));
    made.requirements_.push_back(std::move(requirement));
  }
  made.sort();
  return made;
}

void LabelSelector::sort() { std::ranges::stable_sort(requirements_, {}, &Requirement::key); }

bool LabelSelector::matches(const json::Item* labels) const {
  if (nothing_) return false;
  return std::ranges::all_of(requirements_, [&](const Requirement& requirement) {
    const json::Item* label = labels ? labels->find(requirement.key) : nullptr;
    return requirement.holds(label ? std::optional(label->string_or("")) : std::nullopt);
  });
}

bool LabelSelector::matches(const Labels& labels) const {
  if (nothing_) return false;
  return std::ranges::all_of(requirements_, [&](const Requirement& requirement) {
    const std::string* label = find_label(labels, requirement.key);
    return requirement.holds(label ? std::optional<std::string_view>(*label) : std::nullopt);
  });
}

std::string LabelSelector::text() const {
  std::string out;
  for (const Requirement& requirement : requirements_) out += (out.empty() ? "" : ",") + text_of(requirement);
  return out.empty() ? "<none>" : out;
}

namespace {

// "a\,b" -> "a,b"; a backslash stands before what has a meaning, and before nothing else.
Result<std::string> unescaped(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\') {
      if (++i == value.size()) return invalid("invalid field selector: invalid escape sequence: \\");
      if (!std::string_view("\\,=").contains(value[i])) {
        return invalid("invalid field selector: invalid escape sequence: \\{}", value[i]);
      }
    } else if (value[i] == '=') {
      return invalid("invalid field selector: unescaped character in value: =");
    }
    out += value[i];
  }
  return out;
}

// Fields that stand elsewhere in the object than their name says.
std::string_view path_of(std::string_view field) {
  if (field == "reportingComponent") return "reportingController";
  if (field == "source") return "source.component";
  if (field == "status.successful") return "status.succeeded";
  return field;
}

std::string value_of(const json::Item& object, std::string_view field) {
  const json::Item* found = find_at(object, path_of(field));
  if (found == nullptr && field == "source") return std::string(text_at(object, "reportingController"));
  if (found == nullptr) {
    const bool flag = field == "spec.hostNetwork" || field == "spec.unschedulable";
    return flag ? "false" : field == "status.replicas" || field == "status.successful" ? "0" : "";
  }
  if (found->is(json::Kind::boolean)) return found->boolean() ? "true" : "false";
  if (found->is(json::Kind::number)) return std::string(found->number());
  return std::string(found->string_or(""));
}

}  // namespace

Result<FieldSelector> FieldSelector::parse(std::string_view query) {
  FieldSelector made;
  std::string_view rest = query;
  while (!rest.empty()) {
    std::size_t end = 0;
    while (end < rest.size() && rest[end] != ',') end += rest[end] == '\\' ? 2 : 1;
    const std::string_view term = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (term.empty()) continue;
    const std::size_t at = term.find('=');
    if (at == std::string_view::npos) {
      return invalid("invalid selector: '{}'; can't understand '{}'", query, term);
    }
    const bool differs = at > 0 && term[at - 1] == '!', twice = at + 1 < term.size() && term[at + 1] == '=';
    made.terms_.push_back({.field = std::string(term.substr(0, differs ? at - 1 : at)),
                           .value = TRY(unescaped(term.substr(at + (twice && !differs ? 2 : 1)))),
                           .equal = !differs});
  }
  return made;
}

Result<> FieldSelector::check(const schema::Resource& resource) const {
  for (const Term& term : terms_) {
    if (term.field == "metadata.name" || (term.field == "metadata.namespace" && resource.namespaced))
      continue;
    if (std::ranges::contains(resource.field_selectors, std::string_view(term.field))) continue;
    if (!resource.field_selectors.empty()) return invalid("field label not supported: {}", term.field);
    return invalid("{} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
                   quoted(term.field));
  }
  return {};
}

bool FieldSelector::matches(const json::Item& object) const {
  return std::ranges::all_of(terms_, [&](const Term& term) {
    if (term.field == "status.podIPs") {  // one of them
      for (const json::Item& address : children_at(object, "status.podIPs")) {
        if (text_at(address, "ip") == term.value) return term.equal;
      }
      return !term.equal;
    }
    return (value_of(object, term.field) == term.value) == term.equal;
  });
}

const std::string* FieldSelector::exact(std::string_view field) const {
  for (const Term& term : terms_) {
    if (term.equal && term.field == field) return &term.value;
  }
  return nullptr;
}

}  // namespace podo::kube
