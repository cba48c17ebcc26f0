#include "model/kube/node_fit.h"

#include <algorithm>

#include "model/kube/path.h"

namespace podo::kube {
namespace {

Requirement requirement_of(const json::Item& item) {
  Requirement made{.key = std::string(text_at(item, "key")), .op = Operator::in, .values = {}};
  const std::string_view op = text_at(item, "operator");
  if (op == "NotIn") made.op = Operator::not_in;
  else if (op == "Exists") made.op = Operator::exists;
  else if (op == "DoesNotExist") made.op = Operator::does_not_exist;
  else if (op == "Gt") made.op = Operator::greater;
  else if (op == "Lt") made.op = Operator::less;
  for (const json::Item& value : children_at(item, "values")) made.values.emplace_back(value.string_or(""));
  std::ranges::sort(made.values);
  return made;
}

}  // namespace

std::vector<Taint> taints_of(const json::Item& node) {
  std::vector<Taint> taints;
  for (const json::Item& taint : children_at(node, "spec.taints"))
    taints.push_back({std::string(text_at(taint, "key")), std::string(text_at(taint, "value")),
                      std::string(text_at(taint, "effect"))});
  return taints;
}

bool Toleration::tolerates(const Taint& taint) const {
  if (!effect.empty() && effect != taint.effect) return false;
  if (!key.empty() && key != taint.key) return false;
  if (op == "Exists") return true;
  return !key.empty() && (op.empty() || op == "Equal") && value == taint.value;
}

std::vector<Toleration> tolerations_of(const json::Item& pod_spec) {
  std::vector<Toleration> tolerations;
  for (const json::Item& item : children_at(pod_spec, "tolerations"))
    tolerations.push_back({std::string(text_at(item, "key")), std::string(text_at(item, "operator")),
                           std::string(text_at(item, "value")), std::string(text_at(item, "effect"))});
  return tolerations;
}

bool is_tolerated(const Taint& taint, const std::vector<Toleration>& tolerations) {
  return std::ranges::any_of(tolerations, [&](const Toleration& each) { return each.tolerates(taint); });
}

bool refuses_new(const Taint& taint) { return taint.effect == "NoSchedule" || drives_away(taint); }
bool drives_away(const Taint& taint) { return taint.effect == "NoExecute"; }

const Taint* find_untolerated(const std::vector<Taint>& taints, const std::vector<Toleration>& tolerations,
                              bool (*concerns)(const Taint&)) {
  for (const Taint& taint : taints)
    if (concerns(taint) && !is_tolerated(taint, tolerations)) return &taint;
  return nullptr;
}

bool NodeTerm::selects(std::string_view node, const Labels& node_labels) const {
  if (labels.empty() && fields.empty()) return false;
  for (const Requirement& requirement : labels) {
    const std::string* value = find_label(node_labels, requirement.key);
    if (!requirement.holds(value ? std::optional<std::string_view>(*value) : std::nullopt)) return false;
  }
  return std::ranges::all_of(fields, [&](const Requirement& requirement) {
    return requirement.key == "metadata.name" && requirement.holds(node);
  });
}

NodeTerm node_term_of(const json::Item& term) {
  NodeTerm made;
  for (const json::Item& item : children_at(term, "matchExpressions"))
    made.labels.push_back(requirement_of(item));
  for (const json::Item& item : children_at(term, "matchFields")) made.fields.push_back(requirement_of(item));
  return made;
}

std::vector<NodeTerm> node_terms_of(const json::Item* node_selector) {
  std::vector<NodeTerm> terms;
  if (node_selector == nullptr) return terms;
  for (const json::Item& term : children_at(*node_selector, "nodeSelectorTerms"))
    terms.push_back(node_term_of(term));
  return terms;
}

bool select_any(const std::vector<NodeTerm>& terms, std::string_view node, const Labels& node_labels) {
  return std::ranges::any_of(terms, [&](const NodeTerm& term) { return term.selects(node, node_labels); });
}

bool NodeChoice::admits(std::string_view node, const Labels& node_labels) const {
  for (const auto& [key, value] : selector) {
    const std::string* label = find_label(node_labels, key);
    if (label == nullptr || *label != value) return false;
  }
  return !has_terms || select_any(terms, node, node_labels);
}

NodeChoice node_choice_of(const json::Item& pod_spec) {
  const json::Item* required =
      find_at(pod_spec, "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution");
  return {.selector = labels_of(find_at(pod_spec, "nodeSelector")),
          .has_terms = required != nullptr,
          .terms = node_terms_of(required)};
}

}  // namespace podo::kube
