// Which objects are meant: label selectors ("app=web,tier in (a,b),!old") and field selectors
// ("spec.nodeName=n1,status.phase!=Running"), parsed from a query or made from a LabelSelector, and
// matched.
//
//   label-selector := [ requirement ( "," requirement )* ]
//   requirement    := ["!"] KEY | KEY ( "=" | "==" | "!=" | ">" | "<" ) [VALUE]
//                     | KEY ( "in" | "notin" ) "(" VALUE,* ")"
//   field-selector := [ FIELD ( "=" | "==" | "!=" ) VALUE ( "," ... )* ]        "\" before "\", "," and "="
//
// Errors are Invalid and speak as the API server does.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/format/json_tree.h"
#include "model/schema/schema.h"

namespace podo::kube {

// Labels that somebody keeps: by key, each once.
using Labels = std::vector<std::pair<std::string, std::string>>;
Labels labels_of(const json::Item* labels);  // metadata.labels, or null
const std::string* find_label(const Labels& labels, std::string_view key);

enum class Operator : std::uint8_t { in, not_in, equals, not_equals, exists, does_not_exist, greater, less };

struct Requirement {
  std::string key;
  Operator op = Operator::exists;
  std::vector<std::string> values;  // sorted, each once

  bool operator==(const Requirement&) const = default;
  bool holds(std::optional<std::string_view> value) const;  // of what has that key; absent: has it not
};

class LabelSelector {
 public:
  static Result<LabelSelector> parse(std::string_view query);
  // Of a LabelSelector object (matchLabels, matchExpressions), or null: nothing is selected.
  static Result<LabelSelector> of(const json::Item* selector);
  // Of a plain map, as Services and ReplicationControllers have it.
  static LabelSelector of_labels(const json::Item* labels);

  bool empty() const { return !nothing_ && requirements_.empty(); }  // selects all
  bool matches(const json::Item* labels) const;                      // metadata.labels, or null
  bool matches(const Labels& labels) const;
  std::string text() const;  // by key; "<none>" when it is empty
  const std::vector<Requirement>& requirements() const { return requirements_; }

 private:
  void sort();
  std::vector<Requirement> requirements_;
  bool nothing_ = false;
};

class FieldSelector {
 public:
  struct Term {
    std::string field, value;
    bool equal = true;
  };
  static Result<FieldSelector> parse(std::string_view query);
  // Only fields that the resource knows may be asked for.
  Result<> check(const schema::Resource& resource) const;

  bool empty() const { return terms_.empty(); }
  bool matches(const json::Item& object) const;
  const std::vector<Term>& terms() const { return terms_; }
  // The value that `field` must have, if there is one: "metadata.name" makes a list a get.
  const std::string* exact(std::string_view field) const;

 private:
  std::vector<Term> terms_;
};

}  // namespace podo::kube
